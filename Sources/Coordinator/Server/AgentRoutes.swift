import Access
import Control
import HTTPListener
import HTTPTypes
import Hummingbird
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
    private static let smallReportBytes = 4096
    private static let largeReports = 32

    let loop: ControlLoop
    let authenticator: any AgentAuthenticator
    private let turnstile = Turnstile(places: largeReports)

    init(loop: ControlLoop, authenticator: any AgentAuthenticator) {
        self.loop = loop
        self.authenticator = authenticator
    }

    func report(_ request: Request, _ context: ServerContext) async throws -> Response {
        let identity = try await authenticator.authenticate(
            authorization: request.headers[.authorization], from: context.address, known: context.establish)
        let isJSON = request.headers[.contentType]?.hasPrefix("application/json") ?? false
        let length = request.headers[.contentLength].flatMap { Int($0) } ?? .max
        let turnstile = length > Self.smallReportBytes ? turnstile : nil
        await turnstile?.enter()
        let report: WireReport
        do {
            report = try Self.decode(try await Self.body(of: request), isJSON: isJSON)
            guard !report.node.isEmpty else { throw ProblemDocument(ReportRefusal.incomplete) }
            try await identity.authorize(node: report.node)
        } catch {
            turnstile?.leave()
            throw error
        }
        let after = request.uri.queryParameters.get("after").flatMap { UInt64($0) } ?? 0
        let wait = request.uri.queryParameters.get("wait").flatMap { Double($0) } ?? 0
        let seconds = wait.isFinite ? min(max(wait, 0), Self.maximumWaitSeconds) : 0
        do {
            let reply = try await loop.ingest(report, after: after, wait: .seconds(seconds)) { turnstile?.leave() }
            Instruments.report(isAccepted: true)
            return try Self.response(reply, isJSON: isJSON)
        } catch let refusal as ReportRefusal {
            Instruments.report(isAccepted: false)
            throw ProblemDocument(refusal)
        }
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

    private static func response(_ reply: WireReportReply, isJSON: Bool) throws -> Response {
        let bytes: [UInt8] = isJSON ? try reply.jsonUTF8Bytes() : try reply.serializedBytes()
        return Response(
            status: .ok, headers: [.contentType: isJSON ? "application/json" : "application/x-protobuf"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
