import Foundation
import RealRuntime
import Shared

@testable import KubernetesClient
@testable import Leadership

/// One of several coordinators that stand for the same Lease and share their history's volume.
struct Candidate {
    let program: RunningProgram
    let server: String

    func status(_ path: String) async throws -> (status: Int, body: String) {
        let response = try await HTTPClient().send(HTTPRequest("GET", server + path))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    var isReady: Bool {
        get async { (try? await status("/readyz").status) == 200 }
    }
}

extension TestCluster {
    var historyFile: String { folder.appendingPathComponent("history.sqlite").path }

    /// Starts a coordinator that takes part in the election, and waits until it listens.
    ///
    /// - Parameter user: the service account that it is.
    func startCandidate(_ name: String, user: String, behind relay: ServiceRelay) async throws -> Candidate {
        let agentPort = try LoopbackPort.find()
        let program = try RunningProgram(
            .coordinator,
            [
                "serve", "--kubeconfig", try await kubeconfig(ofServiceAccount: user), "--namespace", namespace,
                "--port", "0", "--history", historyFile, "--agent-image", agentImage, "--agent-host", "127.0.0.1",
                "--agent-port", "\(agentPort)", "--agent-url", "https://127.0.0.1:\(relay.port)", "--leader-elect",
            ], folder: folder, name: name)
        var port = 0
        try await eventually("\(name) listens") {
            guard let line = program.log.split(separator: "\n").first(where: { $0.contains("listener=local") }),
                let address = line.split(separator: " ").first(where: { $0.hasPrefix("address=") })
            else { return false }
            port = address.split(separator: ":").last.flatMap { Int($0) } ?? 0
            return true
        }
        relay.add(.init(healthPort: port, port: agentPort))
        return Candidate(program: program, server: "http://127.0.0.1:\(port)")
    }

    func lease() async throws -> Lease {
        Lease(document: try await client.document(.leases, "kubernetes-image-puller", namespace: namespace))
    }

    /// Seconds between two of the Lease's times.
    static func seconds(from: JSONValue?, to: JSONValue?) throws -> Double {
        guard let from = from?.stringValue.flatMap(KubernetesTime.init),
            let to = to?.stringValue.flatMap(KubernetesTime.init)
        else { throw NeverHappened(description: "the Lease has no times") }
        return to.secondsSinceEpoch - from.secondsSinceEpoch
    }
}
