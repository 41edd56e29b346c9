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
    static let maximumReportBytes = ReportLimits.bodyBytes
    static let maximumWaitSeconds = 60.0

    /// Whatever is larger has an inventory or attempts: those are read by so many at once.
    static let smallReportBytes = ReportIntake.smallBytes

    let loop: ControlLoop
    let authenticator: any AgentAuthenticator
    /// How long an agent that comes before the first lists waits for them. In a large cluster they take seconds.
    let patience: Duration
    private let intake = ReportIntake()

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
    ///   - disconnect: ends the connection, should the agent send another report before this one is read.
    ///   - attended: called when the report is taken, with what to abandon if the connection ends before it is answered.
    ///   - body: reads the request's body, called once it's the report's turn.
    func take(
        _ call: ReportCall, from address: String, known: () -> Void, disconnect: @escaping @Sendable () -> Void,
        attended: @Sendable (ReportBoard.Attendance) -> Void = { _ in }, body: () async throws -> ByteBuffer
    ) async throws -> Taken {
        let identity = try await authenticator.authenticate(
            authorization: call.authorization, from: address, known: known)
        let (report, likeness, places) = try await read(call, of: identity, disconnect: disconnect, body: body)
        do {
            let reception = try await loop.receive(report, from: identity.agent, after: call.after) { [intake] in
                if places > 0 { intake.decoding.leave() }
                if let attendance = $0 { attended(attendance) }
            }
            Instruments.report(isAccepted: true)
            guard let likeness, let until = await identity.believedUntil,
                let token = BearerToken(authorization: call.authorization)
            else { return Taken(reception: reception) }
            return Taken(
                reception: reception,
                agent: KnownAgent(
                    identity: identity, token: token.digest, until: until, likeness: likeness, reception: reception))
        } catch let refusal as ReportRefusal {
            Instruments.report(isAccepted: false)
            throw ProblemDocument(refusal)
        }
    }

    /// Reads and decodes the body.
    ///
    /// - Returns: the report, what likens it to heartbeats, and how many places its body took; if any, a place for decoding is
    ///   still taken.
    private func read(
        _ call: ReportCall, of identity: any AgentIdentity, disconnect: @escaping @Sendable () -> Void,
        body: () async throws -> ByteBuffer
    ) async throws -> (CheckedReport, likeness: Int?, places: Int) {
        // Paid before it is read: what is sent in part costs as much as what is sent whole.
        try await identity.charge(bodyBytes: min(call.length ?? Self.maximumReportBytes, Self.maximumReportBytes))
        let ticket = intake.requests.begin(identity.agent, disconnect: disconnect)
        defer { intake.requests.end(ticket, of: identity.agent) }
        let places = ReportIntake.places(forLength: call.length)
        if places > 0 { try await intake.bodies.enter(places: places) }
        defer { if places > 0 { intake.bodies.leave(places: places) } }
        // Only this copy of it is kept.
        let bytes = Array(try await body().readableBytesView)
        let isLarge = bytes.count > ReportIntake.largeBytes
        if isLarge { try await intake.decodingLarge.enter() }
        defer { if isLarge { intake.decodingLarge.leave() } }
        if places > 0 { try await intake.decoding.enter() }
        do {
            let report = try await decode(bytes, of: identity, isJSON: call.isJSON)
            let likeness = call.isJSON ? nil : bytes.withUnsafeBytes { HeartbeatReader($0)?.likeness }
            return (report, likeness, places)
        } catch {
            if places > 0 { intake.decoding.leave() }
            throw error
        }
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

    /// Takes and answers a report of a connection that others serve, too.
    func report(_ request: Request, _ context: ServerContext) async throws -> Response {
        let call = ReportCall(
            authorization: request.headers[.authorization], contentType: request.headers[.contentType],
            length: request.headers[.contentLength].flatMap { Int($0) },
            after: request.uri.queryParameters.get("after"), wait: request.uri.queryParameters.get("wait"))
        let reception = try await take(
            call, from: context.address, known: context.establish, disconnect: context.disconnect
        ) {
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

    static func bytes(of reply: WireReportReply, isJSON: Bool) throws -> [UInt8] {
        isJSON ? try reply.jsonUTF8Bytes() : try reply.serializedBytes()
    }

    static func contentType(isJSON: Bool) -> String { isJSON ? "application/json" : "application/x-protobuf" }
}
