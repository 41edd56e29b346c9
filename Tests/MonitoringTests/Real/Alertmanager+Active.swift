import FoundationEssentials
import RealRuntime
import Shared

extension Alertmanager {
    /// An alert as Alertmanager tells it.
    struct Active: Decodable, Sendable {
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: String
        var generatorURL: String
    }

    /// What it takes for firing.
    func active() async throws -> [Active] {
        let response = try await HTTPClient().send(HTTPRequest("GET", url + "/api/v2/alerts?active=true"))
        return try JSONDecoder().decode([Active].self, from: Data(response.body))
    }
}
