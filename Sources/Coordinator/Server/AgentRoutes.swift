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
    static let maximumReportBytes = ReportLimits.bodyBytes
    static let maximumWaitSeconds = 60.0

    let loop: ControlLoop
    let authenticator: any AgentAuthenticator
    private let intake = ReportIntake()

    init(loop: ControlLoop, authenticator: any AgentAuthenticator) {
        self.loop = loop
        self.authenticator = authenticator
    }

    func report(_ request: Request, _ context: ServerContext) async throws -> Response {
        let identity = try await authenticator.authenticate(
            authorization: request.headers[.authorization], from: context.address, known: context.establish)
        let isJSON = request.headers[.contentType]?.hasPrefix("application/json") ?? false
        let (report, places) = try await read(request, context, of: identity, isJSON: isJSON)
        let after = request.uri.queryParameters.get("after").flatMap { UInt64($0) } ?? 0
        let wait = request.uri.queryParameters.get("wait").flatMap { Double($0) } ?? 0
        let seconds = wait.isFinite ? min(max(wait, 0), Self.maximumWaitSeconds) : 0
        do {
            let reply = try await loop.ingest(report, after: after, wait: .seconds(seconds)) { [intake] in
                if places > 0 { intake.decoding.leave() }
            }
            Instruments.report(isAccepted: true)
            return try Self.response(reply, isJSON: isJSON)
        } catch let refusal as ReportRefusal {
            Instruments.report(isAccepted: false)
            throw ProblemDocument(refusal)
        }
    }

    /// Reads and decodes the body.
    ///
    /// - Returns: the report, and how many places its body took; if any, a place for decoding is still taken.
    private func read(
        _ request: Request, _ context: ServerContext, of identity: any AgentIdentity, isJSON: Bool
    ) async throws -> (CheckedReport, places: Int) {
        let ticket = intake.requests.begin(identity.agent, disconnect: context.disconnect)
        defer { intake.requests.end(ticket, of: identity.agent) }
        let length = request.headers[.contentLength].flatMap { Int($0) }
        let places = ReportIntake.places(forLength: length)
        if places > 0 { try await intake.bodies.enter(places: places) }
        defer { if places > 0 { intake.bodies.leave(places: places) } }
        let body = try await Self.body(of: request, length: length)
        try await identity.charge(bodyBytes: body.count)
        if places > 0 { try await intake.decoding.enter() }
        do {
            return (try await decode(body, of: identity, isJSON: isJSON), places)
        } catch {
            if places > 0 { intake.decoding.leave() }
            throw error
        }
    }

    private static func body(of request: Request, length: Int?) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        // What is declared may never come.
        bytes.reserveCapacity(min(max(0, length ?? 0), ReportIntake.smallBytes))
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= maximumReportBytes else {
                throw RequestFault.bodyTooLarge(maximumReportBytes).problem
            }
            bytes += chunk.readableBytesView
        }
        return bytes
    }

    private func decode(
        _ body: [UInt8], of identity: any AgentIdentity, isJSON: Bool
    ) async throws -> CheckedReport {
        do {
            let report = try CheckedReport(body: body, isJSON: isJSON)
            try await identity.authorize(node: report.node)
            return report
        } catch let fault as ReportFault {
            Instruments.report(isAccepted: false)
            await identity.refused(fault)
            throw ProblemDocument(fault, isJSON: isJSON)
        }
    }

    private static func response(_ reply: WireReportReply, isJSON: Bool) throws -> Response {
        let bytes: [UInt8] = isJSON ? try reply.jsonUTF8Bytes() : try reply.serializedBytes()
        return Response(
            status: .ok, headers: [.contentType: isJSON ? "application/json" : "application/x-protobuf"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
