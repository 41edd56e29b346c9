/// A message taken apart: errors of Go programs are chains, the outermost first, with `: ` between them.
///
/// What is quoted or is a name (references, URLs, digests, paths) is left out of the words, for it could hold any; a quotation
/// that is itself a sentence is read on, for programs quote each other's errors.
struct ErrorChain {
    /// One error of the chain.
    struct Segment: Equatable {
        /// Lower-case words; ``ErrorChain/name`` for what isn't one.
        var words: [String]
        /// The line of the message that it's on.
        var line: Int
        /// A file below /etc is named: the node's configuration, not its storage.
        var namesConfiguration = false

        /// The beginning of a call's error: gRPC's `code = NotFound desc`.
        var isOfCall: Bool { words.count >= 3 && words[0] == "code" && words[2] == "desc" }
    }

    struct Address: Equatable {
        /// With the port, as it was written.
        var host: String
        var path: String
        /// The registry that a mirror was asked for in the place of: containerd's `ns=`.
        var isForAnother: Bool
    }

    /// Stands for a name, a URL, a digest, a path or a quotation.
    static let name = "…"

    private(set) var segments: [Segment] = []
    private(set) var addresses: [Address] = []
    /// containerd 1.6 names the host that it asked in words: `pulling from host HOST failed`.
    private(set) var askedHost: String?
    /// Names that stand where an image's reference stands.
    private(set) var references: [String] = []
    /// HTML or XML stands in the place of a registry's error: whoever answered was no registry, or the storage behind one.
    private(set) var holdsPage = false
    /// The newest status code of gRPC in the text (`code = NotFound`), in lower case.
    private(set) var grpcCode: String?

    init(_ message: String) {
        var reader = MessageReader()
        reader.read(Self.withoutTerminalCodes(Self.bounded(message)))
        reader.endSegment()
        segments = reader.segments
        addresses = reader.addresses
        references = reader.references
        askedHost = reader.askedHost
        holdsPage = reader.holdsPage
        grpcCode = segments.last(where: \.isOfCall)?.words[1]
    }

    /// Bytes of a message that are looked at: the beginning, which names the stage, and the end, which names the cause.
    /// CRI-O prints twice what a registry says, and 6,000 characters of that have been seen.
    static let mostBytes = 16_384

    private static func bounded(_ message: String) -> [UInt8] {
        let bytes = message.utf8
        guard bytes.count > mostBytes else { return Array(bytes) }
        return Array(bytes.prefix(mostBytes / 2)) + [UInt8(ascii: "\n")] + Array(bytes.suffix(mostBytes / 2))
    }

    /// With a space for each code that colours a terminal (ECMA-48: `ESC [`, parameters, a final byte from 0x40 to 0x7E), whose
    /// end would grow together with the next word.
    private static func withoutTerminalCodes(_ bytes: [UInt8]) -> [UInt8] {
        let escape: UInt8 = 0x1B
        guard bytes.contains(escape) else { return bytes }
        var result: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            guard byte == escape, rest.first == UInt8(ascii: "[") else {
                result.append(byte)
                continue
            }
            rest = rest.dropFirst().drop { (0x20...0x3F).contains($0) }.dropFirst()
            result.append(UInt8(ascii: " "))
        }
        return result
    }
}
