import ArgumentParser
import FoundationEssentials
import HTTPListener
import History
import KubernetesClient
import Shared
@preconcurrency import Glibc

/// Where a query finds the coordinator.
struct ServerOptions: ParsableArguments {
    @Option(
        name: .customLong("server"),
        help: ArgumentHelp(
            "The coordinator's address. Default: $IMAGE_PULLER_SERVER, else http://127.0.0.1:8080, which is right in its "
                + "pod (kubectl exec) and beside kubectl port-forward.", valueName: "url"))
    private var serverOption: String?

    @Option(
        name: .customLong("ca-file"),
        help: ArgumentHelp(
            "The authority that signed the coordinator's certificate (PEM), for an https address: key ca.crt of the "
                + "ConfigMap kubernetes-image-puller-ca. Default: $IMAGE_PULLER_CA_FILE, else the system's "
                + "authorities.", valueName: "file"))
    private var caOption: String?

    @Option(
        name: .customLong("token-file"),
        help: ArgumentHelp(
            "A file with a bearer token, for an https address: of a service account or user that may get the "
                + "non-resource URL /image-puller/*. Default: $IMAGE_PULLER_TOKEN_FILE.", valueName: "file"))
    private var tokenOption: String?

    var server: String { serverOption ?? Self.variable("IMAGE_PULLER_SERVER") ?? "http://127.0.0.1:8080" }
    private var caFile: String? { caOption ?? Self.variable("IMAGE_PULLER_CA_FILE") }
    /// The option or the variable that names a file.
    private var caSource: String { caOption == nil ? "IMAGE_PULLER_CA_FILE" : "--ca-file" }
    private var tokenSource: String { tokenOption == nil ? "IMAGE_PULLER_TOKEN_FILE" : "--token-file" }

    /// Nil when it isn't set, or empty.
    private static func variable(_ name: String) -> String? {
        getenv(name).flatMap { String(validatingCString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    func validate() throws {
        if tokenOption != nil, server.hasPrefix("http://") {
            throw ValidationError("--token-file is only for an https address: \(server) would get it in the clear.")
        }
        guard !server.hasPrefix("http://"), !server.hasPrefix("https://") else { return }
        let bare = server.split(separator: "/").last ?? ""
        let scheme = server.contains("://") ? "http:// or https://" : "http://\(bare) or https://\(bare)"
        let source = serverOption == nil ? "IMAGE_PULLER_SERVER" : "--server"
        throw ValidationError("\(source) takes an address with its scheme, not '\(server)': write \(scheme).")
    }

    /// Asks and decodes.
    ///
    /// - Throws: ``ServerError``.
    func get<Answer: Decodable>(
        _ path: String, query: [(name: String, value: String)] = [], method: String = "GET"
    ) async throws -> Answer {
        try await ask(method, path, query: query)
    }

    /// Asks with a JSON body, and decodes.
    ///
    /// - Throws: ``ServerError``.
    func post<Answer: Decodable>(_ path: String, _ body: some Encodable) async throws -> Answer {
        try await ask("POST", path, body: Array(try JSONEncoder().encode(body)))
    }

    private func ask<Answer: Decodable>(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) async throws -> Answer {
        let stream = try await open(method, path, query: query, body: body)
        let bytes = try await reading { try await stream.body.collect(upTo: 256 << 20) }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(bytes))
        } catch {
            throw ServerError(
                message:
                    "what answers at \(server)\(path) isn't a coordinator of this version: its answer can't be read")
        }
    }

    /// Asks, and returns as soon as a good answer begins.
    ///
    /// - Throws: ``ServerError``.
    func open(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) async throws -> HTTPStream {
        var base = server
        while base.hasSuffix("/") { base.removeLast() }
        let parameters = query.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
        let url = base + path + (parameters.isEmpty ? "" : "?" + parameters)
        var request = HTTPRequest(method, url, body: body)
        request.timeouts.firstByte = .seconds(60)
        if body != nil { request.headers["Content-Type"] = "application/json" }
        if let token = try token() { request.headers["Authorization"] = "Bearer \(token)" }
        let (client, wanted) = (try client(), request)
        let stream = try await reading { try await client.stream(wanted) }
        guard stream.status == 200 else {
            let body = try await reading { try await stream.body.collect(upTo: 1 << 20) }
            let problem = try? JSONDecoder().decode(ProblemDocument.self, from: Data(body))
            let text = problem.map { "\($0.title). \($0.detail)" } ?? "HTTP status \(stream.status)"
            throw ServerError(
                message: "the coordinator at \(server) answered: \(text)", status: stream.status)
        }
        return stream
    }

    private func reading<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as HTTPError {
            throw ServerError(message: "no answer from the coordinator at \(server): \(error.message). \(next(error))")
        }
    }

    private func next(_ error: HTTPError) -> String {
        guard error.code == .tls else {
            return "Is it running, and is kubectl port-forward up? --server names another address."
        }
        return
            (caFile == nil
            ? "--ca-file names the authority that signed its certificate"
            : "\(caFile ?? "") must be the authority that signed its certificate")
            + ": key ca.crt of the ConfigMap kubernetes-image-puller-ca. --server must be a name that the certificate has."
    }
}

extension ServerOptions {
    /// Never sent in the clear, and read anew for each question: a projected token is renewed under our feet.
    private func token() throws -> String? {
        // The variable is there for all addresses.
        guard server.hasPrefix("https://"), let tokenFile = tokenOption ?? Self.variable("IMAGE_PULLER_TOKEN_FILE")
        else { return nil }
        let text = try read(tokenFile, tokenSource).trimmingPrefix { $0.isWhitespace }
        guard let token = BearerToken(String(text.prefix { !$0.isWhitespace })) else {
            throw ServerError(message: "\(tokenSource) \(tokenFile) holds no token", isOfFile: true)
        }
        return token.text
    }

    private func client() throws -> HTTPClient {
        var configuration = HTTPClientConfiguration()
        if let caFile { configuration.tls.caPEM = try read(caFile, caSource) }
        return HTTPClient(configuration: configuration)
    }

    private func read(_ file: String, _ option: String) throws -> String {
        guard access(file, R_OK) == 0 else {
            throw ServerError(
                message:
                    "\(option) \(file) can't be read: \(SystemCall.message(errno)). Give a file that exists and may "
                    + "be read.", isOfFile: true)
        }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw ServerError(message: "\(option) \(file) can't be read: it is no text file.", isOfFile: true)
        }
        return text
    }
}

/// The coordinator could not be asked, or refused the question.
struct ServerError: Error, CustomStringConvertible {
    var message: String
    /// Of the answer; nil when there was none.
    var status: Int?
    /// Whether a file of the options is at fault, and nobody was asked.
    var isOfFile = false
    var description: String { message }

    /// Whether the same question may be answered later, with nothing changed in it.
    var mayPass: Bool { ![ExitCode.validationFailure, ConfigCheckCommand.unreadable].contains(exitStatus) }

    /// What a shell is told: 64 for options that only the coordinator could tell to be wrong, 1 for what isn't so, 2 for
    /// files that can't be read, 3 when there's no answer.
    var exitStatus: ExitCode {
        if isOfFile { return ConfigCheckCommand.unreadable }
        return switch status {
        case 400: .validationFailure
        case 404, 409, 422: .failure
        default: ExitCode(3)
        }
    }
}
