import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import RealRuntime
import Shared
import SwiftProtobuf
import Synchronization
import TestServer

@testable import NodeAgent

/// A coordinator over HTTP that does what the wire says and remembers what it heard.
final class CoordinatorStandIn: Sendable {
    struct State: Sendable {
        var model = CoordinatorModel()
        var reports: [WireReport] = []
        var queries: [String] = []
        var tokens: Set<String> = []
        /// Polls that wait now.
        var waiting = 0
        /// What to answer instead of replies.
        var refusal: (status: Int, retryAfter: String?, problem: String)?
    }

    static let token = "secret-token"

    private let state = Mutex(State())
    let port: Int

    private init(port: Int) { self.port = port }

    var address: String { "http://127.0.0.1:\(port)" }

    @discardableResult
    func change<Result: Sendable>(_ body: (inout sending State) -> sending Result) -> Result { state.withLock(body) }

    var reports: [WireReport] { change { $0.reports } }
    var images: [WireImage] { change { $0.model.inventory.map { Array($0.values) } ?? [] } }
    var attempts: [WireAttempt] { change { $0.model.attempts.values.sorted { $0.id < $1.id } } }

    /// Makes another assignment: images, and the pulls that should run.
    func assign(_ images: [String], pulls: [WirePull] = [], interval: Duration = .seconds(10)) {
        change { state in
            var assignment = WireAssignment()
            assignment.generation = (state.model.assignment?.generation ?? 0) + 1
            assignment.images = images.enumerated().map { index, reference in
                var image = WireDesiredImage()
                image.name = "image-\(index)"
                image.reference = reference
                return image
            }
            assignment.pulls = pulls
            assignment.reportIntervalMs = UInt32(interval.wholeMilliseconds)
            state.model.assignment = assignment
        }
    }

    /// Another agent is to work.
    func standBy(interval: Duration) {
        change { state in
            var assignment = WireAssignment()
            assignment.generation = (state.model.assignment?.generation ?? 0) + 1
            assignment.standby = true
            assignment.reportIntervalMs = UInt32(interval.wholeMilliseconds)
            state.model.assignment = assignment
        }
    }

    /// Runs a stand-in while `body` does.
    @discardableResult
    static func run<Result: Sendable>(
        port: Int = 0, _ body: @escaping @Sendable (CoordinatorStandIn) async throws -> Result
    ) async throws -> Result {
        let standIn = Mutex<CoordinatorStandIn?>(nil)
        let router = Router()
        router.post("/agent/v1/reports") { request, _ in
            guard let standIn = standIn.withLock({ $0 }) else { return Response(status: .serviceUnavailable) }
            return try await standIn.answer(request)
        }
        var logger = Logger(label: "stand-in")
        logger.logLevel = .critical
        return try await whileServing(
            { [logger] listening in
                Application(
                    router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)),
                    onServerRunning: listening, logger: logger)
            }
        ) { port in
            let made = CoordinatorStandIn(port: port)
            standIn.withLock { $0 = made }
            return try await body(made)
        }
    }

    private func answer(_ request: Request) async throws -> Response {
        var request = request
        let body = try await request.collectBody(upTo: 16 << 20)
        let report = try WireReport(serializedBytes: Array(body.readableBytesView))
        let authorization = request.headers[.authorization] ?? ""
        let query = request.uri.query ?? ""
        let refusal = change { state in
            state.tokens.insert(authorization)
            state.queries.append(query)
            return state.refusal
        }
        if let refusal {
            var response = Response(
                status: .init(code: refusal.status), body: .init(byteBuffer: ByteBuffer(string: refusal.problem)))
            if let retryAfter = refusal.retryAfter { response.headers[.retryAfter] = retryAfter }
            return response
        }
        var reply = change { state in
            state.reports.append(report)
            return state.model.take(report)
        }
        let after = request.uri.queryParameters.get("after").flatMap { UInt64($0) } ?? 0
        let wait = request.uri.queryParameters.get("wait").flatMap { Int($0) } ?? 0
        if wait > 0, !reply.sendFull {
            change { $0.waiting += 1 }
            defer { change { $0.waiting -= 1 } }
            let end = ContinuousClock.now + .seconds(wait)
            while ContinuousClock.now < end, change({ $0.model.assignment?.generation ?? 0 }) == after {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        if let assignment = change({ $0.model.assignment }) { reply.assignment = assignment }
        return Response(
            status: .ok, headers: [.contentType: "application/x-protobuf"],
            body: .init(byteBuffer: ByteBuffer(bytes: try reply.serializedBytes() as [UInt8])))
    }
}

extension WirePull {
    static func of(_ id: UInt64, _ reference: String, seconds: UInt32 = 60) -> WirePull {
        var pull = WirePull()
        pull.id = id
        pull.reference = reference
        pull.timeoutSeconds = seconds
        return pull
    }
}
