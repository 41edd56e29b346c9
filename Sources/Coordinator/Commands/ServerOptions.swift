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

    /// Asks and decodes.
    ///
    /// - Throws: ``ServerError``.
    func get<Answer: Decodable>(
        _ path: String, query: [(name: String, value: String)] = [], method: String = "GET"
    ) async throws -> Answer {
        var base = server
        while base.hasSuffix("/") { base.removeLast() }
        let parameters = query.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
        let url = base + path + (parameters.isEmpty ? "" : "?" + parameters)
        let response: HTTPResponse
        do {
            var request = HTTPRequest(method, url)
            request.timeouts.firstByte = .seconds(30)
            response = try await HTTPClient().send(request)
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

/// The coordinator could not be asked; the process ends with status 3.
struct ServerError: Error, CustomStringConvertible {
    var message: String
    var description: String { message }

    static let exitCode = ExitCode(3)
}
