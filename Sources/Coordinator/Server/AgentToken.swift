import Synchronization

/// The secret of the DaemonSet in force, shared by the one who keeps it and the one who checks it.
final class AgentToken: Sendable {
    static let minimumBytes = 32

    private let value = Mutex<String?>(nil)

    /// Nil until the DaemonSet's Secret is there: nobody is let in before.
    var current: String? { value.withLock { $0 } }

    func use(_ token: String) { value.withLock { $0 = token } }

    /// Lets nobody in until there's another one: agents of an earlier DaemonSet aren't ours any more.
    func forget() { value.withLock { $0 = nil } }

    /// A token as a Secret holds it: as the agents read it, without white space around. Nil when it's none.
    static func read(_ data: some Collection<UInt8>) -> String? {
        let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let bytes = Array(data.drop(while: space.contains).reversed().drop(while: space.contains).reversed())
        guard bytes.count >= minimumBytes, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// 256 bits from the system's generator, in hexadecimal.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
