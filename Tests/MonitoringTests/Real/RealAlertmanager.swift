import FoundationEssentials
import RealRuntime
import Shared

/// Debian's Alertmanager on a loopback port, which tells nobody.
struct RealAlertmanager: Sendable {
    let daemon: Daemon
    let url: String

    static func start(_ machine: RealMachine, port: Int) async throws -> RealAlertmanager {
        let folder = machine.directory + "/alertmanager-\(UInt32.random(in: 0..<UInt32.max))"
        try TextFile.write(
            folder + "/config.yml",
            """
            route: {receiver: nobody, group_wait: 1s, group_interval: 1s}
            receivers: [{name: nobody}]
            """)
        let daemon = try machine.daemon(
            "/usr/bin/prometheus-alertmanager",
            [
                "--config.file=\(folder)/config.yml", "--storage.path=\(folder)/data",
                "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
            ], environment: ["PATH": "/usr/bin:/bin"])
        let alertmanager = RealAlertmanager(daemon: daemon, url: "http://127.0.0.1:\(port)")
        try await soon("Alertmanager is ready") {
            let response = try? await HTTPClient().send(HTTPRequest("GET", alertmanager.url + "/-/ready"))
            return response?.status == 200
        }
        return alertmanager
    }

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
