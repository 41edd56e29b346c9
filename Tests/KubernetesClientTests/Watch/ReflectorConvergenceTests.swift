import Synchronization
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

/// Whatever happens between the two, in the end the reflector's view is the server's content; and on the way it never
/// shows a whole list that never was, nor goes back in time.
@Suite(.timeLimit(.minutes(5))) struct ReflectorConvergenceTests {
    private struct View {
        var objects: [String: Int] = [:]
        var newest = 0
        var complaints: [String] = []

        mutating func apply(_ event: ReflectorEvent<ConfigMap>, _ history: HistoryServer) {
            switch event {
            case .synced(let all):
                objects = Dictionary(
                    all.map { ($0.metadata.name, Self.version($0)) }, uniquingKeysWith: { first, _ in first })
                if objects.count != all.count { complaints.append("an object twice in a list") }
                if !history.everHad(objects) { complaints.append("a list that never was: \(objects)") }
            case .added(let object), .modified(let object):
                advance(object)
                objects[object.metadata.name] = Self.version(object)
            case .deleted(let object):
                advance(object)
                if objects.removeValue(forKey: object.metadata.name) == nil {
                    complaints.append("deletion of \(object.metadata.name), which wasn't there")
                }
            }
        }

        private mutating func advance(_ object: ConfigMap) {
            if Self.version(object) <= newest { complaints.append("\(Self.version(object)) after \(newest)") }
            newest = Self.version(object)
            if let known = objects.values.max(), Self.version(object) <= known {
                complaints.append("\(Self.version(object)) after a list with \(known)")
            }
        }

        private static func version(_ object: ConfigMap) -> Int {
            object.metadata.resourceVersion.flatMap { Int($0) } ?? 0
        }
    }

    @Test(arguments: 1...12)
    func theViewBecomesTheServersContent(seed: UInt64) async throws {
        let history = HistoryServer(seed: seed)
        for _ in 0..<8 { history.change() }
        try await ScriptedServer.run { asked, _ in
            history.answer(asked)
        } _: { url, server in
            var options = ReflectorOptions()
            options.pageSize = 3
            options.backoff = .init(initial: .milliseconds(1), maximum: .milliseconds(8))
            options.shortestWatch = .zero
            let reflector = Reflector<ConfigMap>(client: .patient(url), options: options)
            let view = Shared(View())
            let following = Task {
                for await event in reflector { view.value.withLock { $0.apply(event, history) } }
            }
            defer { following.cancel() }
            // A busy machine makes few requests in any given time: the history goes on until enough has happened.
            var changes = 0
            while changes < 150 || (server.requests.count <= 10 && changes < 20_000) {
                history.change()
                changes += 1
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...12)))
            }
            history.stopMisbehaving()
            try await eventually("seed \(seed): the view becomes the server's content") {
                view.value.withLock { $0.objects } == history.objects
            }
            let complaints = view.value.withLock { $0.complaints }
            #expect(complaints.isEmpty, "seed \(seed)")
            #expect(server.requests.count > 10, "seed \(seed): hardly anything happened")
        }
    }

    private final class Shared<Value>: Sendable {
        let value: Mutex<Value>
        init(_ value: sending Value) { self.value = Mutex(value) }
    }
}
