import Foundation
import RealRuntime
import Shared
import Testing

@testable import ConfigurationParsing

/// What README and docs name exists.
@Suite struct DocumentTests {
    static let files =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/helm/README.md"]
        + ((try? FileManager.default.contentsOfDirectory(atPath: "\(Repository.root)/docs")) ?? []).sorted()
        .filter { $0.hasSuffix(".md") }.map { "docs/\($0)" }
    /// Options of other programs: helm, kubectl, kubelets, the cluster autoscaler, curl, swift, and scripts of this
    /// repository.
    private static let others: Set<Substring> = [
        "--create-namespace", "--set", "--set-string", "--values", "--force-conflicts", "--previous",
        "--reset-then-reuse-values", "--reuse-values", "--install", "--all-namespaces", "--for", "--server-side",
        "--selector", "--file", "--tag",
        "--register-with-taints", "--startup-taint", "--static-swift-stdlib", "--filter", "--swift", "--images",
        "--nodes", "--clusterrole", "--serviceaccount", "--verb", "--resource", "--role", "--type",
        "--api-versions", "--docker-server", "--docker-username", "--docker-password", "--ignore-daemonsets",
        "--replicas", "--silent", "--changed", "--list", "--creds", "--seeded", "--show-managed-fields",
    ]

    private static func text(_ file: String) throws -> String { try TextFile.read("\(Repository.root)/\(file)") }

    @Test func optionsExist() async throws {
        let coordinator = try RealMachine.product("coordinator")
        let help = try await Tool.run(coordinator, "--help")
        let subcommands = help.split(separator: "\n").drop { !$0.hasPrefix("SUBCOMMANDS") }
            .compactMap { $0.firstMatch(of: #/^ {2}([a-z]+) /#).map { String($0.output.1) } }
        #expect(subcommands.count > 10)
        var known = Self.others
        for words in subcommands.map({ [$0] }) + [["config", "check"]] {
            let help = try await Tool.run(coordinator, arguments: words + ["--help"])
            known.formUnion(help.matches(of: /--[a-z][a-z-]+/).map(\.output))
        }
        for file in Self.files {
            for option in Set(try Self.text(file).matches(of: /(?:[^\w-])(--[a-z][a-z-]+)/).map(\.output.1)) {
                #expect(known.contains(option), "\(file): there is no option \(option)")
            }
        }
    }

    /// Every command line that a document shows is one that the program takes.
    ///
    /// There is nobody to answer, and no such file: only its own status for wrong options counts.
    @Test(arguments: files) func commandLinesAreTaken(_ file: String) async throws {
        let coordinator = try RealMachine.product("coordinator")
        for command in DocumentedCommand.all(in: try Self.text(file)) {
            var arguments = command.arguments
            switch arguments.first {
            case "serve": arguments += ["--kubeconfig", "/nonexistent/kubeconfig"]
            // These ask nobody.
            case "config", "explain", nil: break
            case let option? where option.hasPrefix("-"): break
            default: if !arguments.contains("--server") { arguments += ["--server", "http://127.0.0.1:1"] }
            }
            if arguments.contains("--wait") { arguments += ["--timeout", "1s"] }
            do {
                try await Tool.run(coordinator, arguments: arguments)
            } catch let error as RealRuntimeError {
                #expect(!error.description.contains("exited(64)"), "\(file): \(command): \(error)")
            }
        }
    }

    /// A reader of the documents that finds nothing would prove nothing.
    @Test func commandLinesAreFound() throws {
        let text = """
            In a sentence: `coordinator node
            NAME`, or `coordinator pull IMAGE [--node NODE]`.

                $ coordinator coverage --by "label:a b" --resource-version "$RV"
                kubectl -n x exec deploy/y -- coordinator backup - > history.sqlite
                helm template deploy/helm --values \\
                    values.yaml | coordinator config check -
                kubectl image-puller -n x coverage
                |  coordinator (one Deployment)  |
            """
        let found = DocumentedCommand.all(in: text).map(\.arguments)
        #expect(
            found == [
                ["coverage", "--by", "label:a b", "--resource-version", "1"], ["backup", "-"],
                ["config", "check", "-"], ["coverage"], ["node", "NAME"],
            ])
        let all = try Self.files.flatMap { DocumentedCommand.all(in: try Self.text($0)) }
        #expect(Set(all.compactMap(\.arguments.first)).count >= 10)
    }

    /// docs/cli.md is what the program's help makes.
    @Test func theCommandLinesReferenceIsCurrent() async throws {
        try await Tool.run(
            "\(Repository.root)/scripts/cli-reference", "--check", try RealMachine.product("coordinator"))
    }

    /// A release's notes are the changelog's section about its version.
    @Test func theChangelogNamesTheVersion() async throws {
        let words = try await Tool.run(try RealMachine.product("coordinator"), "--version").split(separator: " ")
        let version = String(try #require(words.dropFirst().first))
        let script = "\(Repository.root)/scripts/changelog"
        #expect(try await Tool.run(script, version).count > 100)
        await #expect(throws: RealRuntimeError.self) { try await Tool.run(script, "9.9.9") }
    }

    /// A page shouldn't wait for its picture.
    @Test func theScreenshotIsSmall() throws {
        let picture = try Data(contentsOf: URL(fileURLWithPath: "\(Repository.root)/docs/images/dashboard.png"))
        #expect(picture.count < 150_000)
        #expect(try Self.text("README.md").contains("](docs/images/dashboard.png)"))
    }

    @Test func keysOfTheConfigMapAreDescribed() throws {
        let readme = try Self.text("README.md")
        for key in ConfigurationKey.allCases { #expect(readme.contains("`\(key.rawValue)`"), "\(key.rawValue)") }
    }

    /// docs/install.md has each value of the chart, and no other.
    @Test func valuesAreDescribed() throws {
        // What stands below these is Kubernetes' own.
        let whole: Set = ["resources", "serviceMonitor.labels", "prometheusRule.labels", "grafanaDashboard.labels"]
        func leaves(_ value: JSONValue, _ path: String) -> [String] {
            guard let members = value.objectValue, !members.isEmpty, !whole.contains(path) else { return [path] }
            return members.flatMap { leaves($0.value, path.isEmpty ? $0.key : "\(path).\($0.key)") }
        }
        let values = try #require(try Repository.documents("deploy/helm/values.yaml").first)
        var told: [String] = []
        for row in try Self.text("docs/install.md").split(separator: "\n") where row.hasPrefix("| `") {
            var folder = ""
            for match in row.split(separator: "|")[0].matches(of: /`([^`]+)`/) {
                let name = match.output.1.hasPrefix(".") ? folder + match.output.1 : String(match.output.1)
                folder = String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])
                told.append(name)
            }
        }
        #expect(told.sorted() == leaves(values, "").sorted())
    }

    @Test func linksLeadSomewhere() throws {
        for file in Self.files {
            let folder = URL(fileURLWithPath: "\(Repository.root)/\(file)").deletingLastPathComponent()
            for match in try Self.text(file).matches(of: /\]\(([^)#]*)(?:#([^)]*))?\)/) {
                let (path, anchor) = (String(match.output.1), match.output.2)
                if path.contains("://") { continue }
                let target = path.isEmpty ? "\(Repository.root)/\(file)" : folder.appendingPathComponent(path).path
                #expect(FileManager.default.fileExists(atPath: target), "\(file): \(path)")
                guard let anchor else { continue }
                let headings = try TextFile.read(target).split(separator: "\n").filter { $0.hasPrefix("#") }.map {
                    $0.drop { $0 == "#" }.dropFirst().lowercased().filter {
                        $0.isLetter || $0.isNumber || " -".contains($0)
                    }
                    .replacing(" ", with: "-")
                }
                #expect(headings.contains(String(anchor)), "\(file): \(path)#\(anchor)")
            }
        }
    }
}
