import Access
import Control
import HTTPListener
import HTTPTypes
import Hummingbird
import KubernetesClient
import NIOCore
import Shared
import SwiftProtobuf
import Telemetry

/// `POST /agent/v1/reports`: the agents' side of the server.
struct AgentRoutes: Sendable {
    static let path = "/agent/v1/reports"
    static let maximumReportBytes = ServerLimits.open.bodyBytes
    static let maximumWaitSeconds = 60.0

    /// Whatever is larger has an inventory or attempts: those are read by so many at once. In memory a report takes six
    /// times what its body has, and after a restart thousands come together.
    static let smallReportBytes = 4096
    private static let largeReports = 32

    let loop: ControlLoop
    let authenticator: any AgentAuthenticator
    /// How long an agent that comes before the first lists waits for them. In a large cluster they take seconds.
    let patience: Duration
    private let turnstile = Turnstile(places: largeReports)

    init(loop: ControlLoop, authenticator: any AgentAuthenticator, patience: Duration = .seconds(10)) {
        self.patience = patience
        self.loop = loop
        self.authenticator = authenticator
    }

    /// A report that was taken.
    struct Taken: Sendable {
        var reception: ReportReception
        /// Who sent it, for the next ones of the same connection; nil: each is to be asked.
        var agent: KnownAgent?
    }

    /// Takes a report that came on a connection.
    ///
    /// - Parameters:
    ///   - address: of the client.
    ///   - known: called as soon as the token is found to be good.
    ///   - body: reads the request's body, called once it's the report's turn.
    func take(
        _ call: ReportCall, from address: String, known: () -> Void, body: () async throws -> ByteBuffer
    ) async throws -> Taken {
        let identity = try await authenticator.authenticate(
            authorization: call.authorization, from: address, known: known)
        let turnstile = call.length.map { $0 > Self.smallReportBytes } ?? true ? turnstile : nil
        await turnstile?.enter()
        let report: WireReport
        let likeness: Int?
        do {
            let bytes = try await body()
            report = try Self.decode(bytes, isJSON: call.isJSON)
            likeness = call.isJSON ? nil : bytes.withUnsafeReadableBytes { HeartbeatReader($0)?.likeness }
            guard !report.node.isEmpty else { throw ProblemDocument(ReportRefusal.incomplete) }
            try await identity.authorize(node: report.node)
        } catch {
            turnstile?.leave()
            throw error
        }
        do {
            let reception = try await loop.receive(report, after: call.after) { turnstile?.leave() }
            Instruments.report(isAccepted: true)
            guard let likeness, let until = await identity.believedUntil,
                let token = BearerToken(authorization: call.authorization)
            else { return Taken(reception: reception) }
            return Taken(
                reception: reception,
                agent: KnownAgent(token: token.digest, until: until, likeness: likeness, reception: reception))
        } catch let refusal as ReportRefusal {
            Instruments.report(isAccepted: false)
            throw ProblemDocument(refusal)
        }
    }

    /// Takes and answers a report of a connection that others serve, too.
    func report(_ request: Request, _ context: ServerContext) async throws -> Response {
        let call = ReportCall(
            authorization: request.headers[.authorization], contentType: request.headers[.contentType],
            length: request.headers[.contentLength].flatMap { Int($0) },
            after: request.uri.queryParameters.get("after"), wait: request.uri.queryParameters.get("wait"))
        let reception = try await take(call, from: context.address, known: context.establish) {
            try await Self.body(of: request)
        }.reception
        if !reception.isUrgent, call.wait > 0 { await loop.waitForNews(reception, wait: .seconds(call.wait)) }
        let bytes = try Self.bytes(of: await loop.answer(reception, after: call.after), isJSON: call.isJSON)
        return Response(
            status: .ok, headers: [.contentType: Self.contentType(isJSON: call.isJSON)],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static func body(of request: Request) async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: maximumReportBytes)
        } catch is NIOTooManyBytesError {
            throw RequestFault.bodyTooLarge(maximumReportBytes).problem
        }
    }

    private static func decode(_ body: ByteBuffer, isJSON: Bool) throws -> WireReport {
        let bytes = Array(body.readableBytesView)
        do {
            return isJSON ? try WireReport(jsonUTF8Bytes: bytes) : try WireReport(serializedBytes: bytes)
        } catch {
            throw ProblemDocument(
                .badRequest, "report-unreadable", title: "The report can't be read",
                detail: "The body is no imagepuller.agent.v1.Report as \(isJSON ? "protobuf-JSON" : "protobuf").")
        }
    }

    static func bytes(of reply: WireReportReply, isJSON: Bool) throws -> [UInt8] {
        isJSON ? try reply.jsonUTF8Bytes() : try reply.serializedBytes()
    }

    static func contentType(isJSON: Bool) -> String { isJSON ? "application/json" : "application/x-protobuf" }
}
