import Shared
import SwiftProtobuf

/// The coordinator over HTTP: one request at a time, on a connection that stays open.
actor HTTPCoordinator: CoordinatorChannel {
    private let server: String
    private let tokenFile: String
    private let caFile: String?
    private var client: HTTPClient?
    private var authority: [UInt8] = []

    /// Beyond the poll's own wait: for a coordinator that is busy with thousands of reports.
    static let patience = Duration.seconds(30)
    /// The coordinator's answers are an assignment and a few numbers.
    static let longestReply = 8 << 20

    init(server: String, tokenFile: String, caFile: String?) {
        self.server = server
        self.tokenFile = tokenFile
        self.caFile = caFile
    }

    func exchange(_ report: WireReport, after: UInt64, wait: Duration) async throws -> WireReportReply {
        // Whole seconds, rounded up: a poll that waits is never one that doesn't.
        let seconds = (wait.wholeMilliseconds + 999) / 1_000
        var request = HTTPRequest(
            "POST", "\(server)/agent/v1/reports?after=\(after)&wait=\(seconds)",
            headers: ["Content-Type": "application/x-protobuf", "Authorization": "Bearer \(try token())"],
            body: try report.serializedBytes())
        request.timeouts.firstByte = wait + Self.patience
        request.timeouts.total = wait + Self.patience + Self.patience
        let response = try await currentClient().send(request, maximumBodyBytes: Self.longestReply)
        guard response.status == 200 else { throw Self.refusal(response) }
        do {
            return try WireReportReply(serializedBytes: response.body)
        } catch {
            throw CoordinatorUnreachable(description: "\(server) answers with something that is no reply: \(error)")
        }
    }

    /// The kubelet renews the file, so it's read for every request.
    private func token() throws -> String {
        switch Files.read(tokenFile, limit: 64 << 10) {
        case .failure(let reason):
            throw CoordinatorUnreachable(description: "the token file \(tokenFile) can't be read: \(reason)")
        case .success(let content):
            let text = String(decoding: content, as: UTF8.self).trimmed
            guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw CoordinatorUnreachable(description: "the token file \(tokenFile) holds no token")
            }
            return text
        }
    }

    /// The authority's certificate changes when the coordinator renews it; then a new client is made.
    private func currentClient() throws -> HTTPClient {
        var content: [UInt8] = []
        if let caFile {
            switch Files.read(caFile) {
            case .success(let bytes): content = bytes
            case .failure(let reason):
                throw CoordinatorUnreachable(description: "the CA file \(caFile) can't be read: \(reason)")
            }
        }
        if let client, content == authority { return client }
        var configuration = HTTPClientConfiguration()
        configuration.userAgent = "image-puller-node-agent/\(Command.version)"
        if caFile != nil { configuration.tls.caPEM = String(decoding: content, as: UTF8.self) }
        let client = HTTPClient(configuration: configuration)
        self.client = client
        authority = content
        return client
    }

    private static func refusal(_ response: HTTPResponse) -> CoordinatorRefusal {
        var detail = ""
        if let problem = try? Google_Protobuf_Struct(jsonUTF8Bytes: response.body) {
            detail = ["title", "detail"].compactMap { problem.fields[$0]?.stringValue }.filter { !$0.isEmpty }
                .joined(separator: ": ")
        } else {
            detail = String(decoding: response.body.prefix(200), as: UTF8.self).trimmed
        }
        let seconds = response.headers["Retry-After"].flatMap { Int64($0) }.map { min(max($0, 0), 3_600) }
        return CoordinatorRefusal(
            status: response.status, detail: Redaction.clean(detail), retryAfter: seconds.map { .seconds($0) })
    }
}
