import ArgumentParser
import Reporting
import Telemetry

/// `coordinator version`: of this program, and of the coordinator that answers.
struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version of this program, and of the coordinator that answers.",
        discussion: """
            Exit status: 0 with both, or with --client; 3 when the coordinator gave no answer; 64 for wrong options.
            """)

    @Flag(help: "Only this program's, without asking the coordinator.")
    var client = false

    @Option(name: .shortAndLong, help: "How to print it: text, json or yaml.")
    var output = Output.text

    @OptionGroup var server: ServerOptions

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, json, yaml
    }

    /// Both, as they are printed.
    struct Versions: Encodable {
        struct Program: Encodable {
            var version: String
            var commit: String
        }

        var client: Program
        var coordinator: ServerVersion?
    }

    func run() async throws {
        var versions = Versions(client: .init(version: Version.number, commit: Version.commit))
        var fault: ServerError?
        if !client {
            do {
                versions.coordinator = try await server.get("/api/v1/version")
            } catch let error as ServerError {
                fault = error
            }
        }
        switch output {
        case .text:
            try StandardOutput.write(lines: [
                "client       \(versions.client.version) (commit \(versions.client.commit))"
            ])
            if let other = versions.coordinator {
                let cluster = other.clusterName.map { ", cluster \($0)" } ?? ""
                try StandardOutput.write(lines: ["coordinator  \(other.version) (commit \(other.commit))\(cluster)"])
            }
        case .json: try StandardOutput.write(lines: [try PrintOptions.json(versions)])
        case .yaml: try StandardOutput.write(lines: [try PrintOptions.yaml(versions)])
        }
        if let fault { throw fault }
    }
}
