import ArgumentParser
import FoundationEssentials
import Shared

/// Where a query finds the coordinator.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The coordinator's address. The default is right inside its pod (kubectl exec) and beside kubectl "
                + "port-forward.", valueName: "url"))
    var server = "http://127.0.0.1:8080"

    @Option(
        help: ArgumentHelp(
            "The authority that signed the coordinator's certificate (PEM), for an https address: key ca.crt of the "
                + "ConfigMap kubernetes-image-puller-ca. Default: the system's authorities.", valueName: "file"))
    var caFile: String?

    @Option(
        help: ArgumentHelp(
            "A file with a bearer token, for an https address: of a service account or user that may get /api/*.",
            valueName: "file"))
    var tokenFile: String?

    /// Asks and decodes.
    ///
    /// - Throws: ``ServerError``.
    func get<Answer: Decodable>(_ path: String, query: [(name: String, value: String)] = []) async throws -> Answer {
        var base = server
        while base.hasSuffix("/") { base.removeLast() }
        let parameters = query.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
        let url = base + path + (parameters.isEmpty ? "" : "?" + parameters)
        let response: HTTPResponse
        do {
            var request = HTTPRequest("GET", url)
            request.timeouts.firstByte = .seconds(30)
            if let token = try token() { request.headers["Authorization"] = "Bearer \(token)" }
            response = try await client().send(request)
        } catch let error as HTTPError {
            throw ServerError(
                message: "no answer from the coordinator at \(server): \(error.message). Is it running, and is "
                    + "kubectl port-forward up? --server names another address.")
        }
        let body = Data(response.body)
        guard response.status == 200 else {
            let problem = try? JSONDecoder().decode(ProblemDocument.self, from: body)
            let text = problem.map { "\($0.title). \($0.detail)" } ?? "HTTP status \(response.status)"
            throw ServerError(message: "the coordinator at \(server) answered: \(text)")
        }
        do {
            return try JSONDecoder().decode(Answer.self, from: body)
        } catch {
            throw ServerError(
                message:
                    "what answers at \(server)\(path) isn't a coordinator of this version: its answer can't be read")
        }
    }
}

extension ServerOptions {
    /// Never sent in the clear, and read anew for each question: a projected token is renewed under our feet.
    private func token() throws -> String? {
        guard let tokenFile else { return nil }
        guard server.hasPrefix("https://") else {
            throw ServerError(message: "--token-file is only for an https address: \(server) would get it in the clear")
        }
        let text = try read(tokenFile, "--token-file").trimmingPrefix { $0.isWhitespace }
        guard let token = BearerToken(String(text.prefix { !$0.isWhitespace })) else {
            throw ServerError(message: "--token-file \(tokenFile) holds no token")
        }
        return token.text
    }

    private func client() throws -> HTTPClient {
        var configuration = HTTPClientConfiguration()
        if let caFile { configuration.tls.caPEM = try read(caFile, "--ca-file") }
        return HTTPClient(configuration: configuration)
    }

    private func read(_ file: String, _ option: String) throws -> String {
        do {
            return try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            throw ServerError(message: "\(option) \(file) can't be read: \(error)")
        }
    }
}

/// The coordinator could not be asked; the process ends with status 3.
struct ServerError: Error, CustomStringConvertible {
    var message: String
    var description: String { message }

    static let exitCode = ExitCode(3)
}
