import Foundation
import ImageSets
import Planning
import Shared
import SwiftProtobuf
import Testing
@testable import Control
@testable import ControlFixtures
@testable import Coordinator
@testable import History
@testable import HistoryFixtures
@testable import Reporting
@testable import ServerFixtures
@testable import TestBasics

@Suite("Exit statuses of the built program") struct ExitStatusTests {
    @Test("coverage: 0 at the bar, 1 below it, in every format")
    func coverage() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis"])
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            let server = coordinator.local
            let plain = try await BuiltProgram.coordinator("coverage", "--server", server)
            #expect(plain.status == 0)
            #expect(plain.output.contains("coverage 50.0 %"))
            let reached = try await BuiltProgram.coordinator("coverage", "--server", server, "--min", "50")
            #expect(reached.status == 0)
            let below = try await BuiltProgram.coordinator(
                "coverage", "--server", server, "--min", "51", "--output", "csv", "--by", "node")
            #expect(below.status == 1)
            #expect(below.output.hasPrefix("node,reference,cells,"))
            #expect(below.errors == "error: coverage is 50.0 %, below 51 %\n")
            let strict = try await BuiltProgram.coordinator("coverage", "--server", server, "--exit-status")
            #expect(strict.status == 1 && strict.errors == "error: coverage is 50.0 %, below 100 %\n")
            let json = try await BuiltProgram.coordinator("coverage", "--server", server, "--output", "json")
            let report = try JSONDecoder().decode(CoverageReport.self, from: Data(json.output.utf8))
            #expect(report.total.percent == 50)
        }
    }

    @Test("coverage: a bar is for what image sets hold, and for a prefetch where that is named")
    func coverageOfPrefetches() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx"])
            await coordinator.stage.loop.use(prefetches: [
                ImageSet(name: "prefetch-1", references: [try ImageReference("redis")])
            ])
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            func run(_ options: String...) async throws -> (status: Int32, output: String) {
                let result = try await BuiltProgram.coordinator(
                    ["coverage", "--server", coordinator.local] + options)
                return (result.status, result.output)
            }
            #expect(try await run().output.contains("coverage 50.0 %"))
            for bar in [["--min", "100"], ["--exit-status"], ["--wait", "--timeout", "10s"]] {
                let result = try await BuiltProgram.coordinator(["coverage", "--server", coordinator.local] + bar)
                #expect(result.status == 0, "\(bar)")
                #expect(result.output.contains("without what only 1 prefetch wants"), "\(bar)")
            }
            #expect(try await run("--exit-status", "--set", "prefetch-1").status == 1)
            #expect(try await run("--exit-status", "--set", "default").status == 0)
        }
    }

    @Test("coverage: 3 when there is no answer, or none yet, with the reason and a next step")
    func noAnswer() async throws {
        let none = try await BuiltProgram.coordinator("coverage", "--server", "http://127.0.0.1:1")
        #expect(none.status == 3)
        #expect(none.output.isEmpty)
        #expect(none.errors.hasPrefix("error: no answer from the coordinator at http://127.0.0.1:1:"))
        #expect(none.errors.contains("--server"))
        try await LiveCoordinator.run { coordinator in
            let early = try await BuiltProgram.coordinator("coverage", "--server", coordinator.local)
            #expect(early.status == 3)
            #expect(early.errors.contains("/api/v1/configuration"))
        }
    }

    @Test(
        "64 for wrong options, of every subcommand",
        arguments: [
            ["coverage", "--by", "pod"], ["coverage", "--min", "101"], ["coverage", "--timeout", "5"],
            ["coverage", "--output", "xml"], ["config", "check"], ["config", "check", "--output", "csv", "x"],
            ["serve", "--port", "x"], ["serve", "--external-url", "images.example.com"], ["nonsense"],
            ["coverage", "--step", "1h"], ["coverage", "--timeout", "5s"],
            ["coverage", "--resource-version", "5"], ["coverage", "--wait", "--resource-version", "five"],
            ["coverage", "--watch", "--min", "5"], ["coverage", "--at", "1h", "--wait"],
            ["plan", "--plain-http", "r", "f"], ["suggest", "--limit", "0"],
            ["plan", "--resolve", "--plain-http", "http://r", "f"],
            ["plan"], ["plan", "--image", "nginx", "--set", "s"], ["plan", "f", "--image", "nginx"],
            ["plan", "--image", "nginx", "--name", "c"],
        ])
    func usage(arguments: [String]) async throws {
        let result = try await BuiltProgram.coordinator(arguments)
        #expect(result.status == 64)
        #expect(result.errors.contains("Usage:") || result.errors.contains("--help"))
    }

    @Test("64 for what only the coordinator can tell to be wrong, 1 for what isn't so")
    func refusals() async throws {
        try await LiveCoordinator.run(history: StoredHistory(store: memoryStore())) { coordinator in
            try await coordinator.start(images: ["web=nginx"])
            let wrong = [
                ["history", "--state", "gone"], ["history", "--since", "1h", "--until", "2h"],
                ["attempts", "--since", "1h", "--until", "2h"], ["warmups", "--since", "1h", "--until", "2h"],
                ["coverage", "--since", "1h", "--until", "2h"], ["coverage", "--at", "2999-01-01T00:00:00Z"],
            ]
            for arguments in wrong {
                let result = try await BuiltProgram.coordinator(arguments + ["--server", coordinator.local])
                #expect(result.status == 64, "\(arguments): \(result)")
                #expect(result.errors.hasPrefix("error: the coordinator at ") && result.output.isEmpty)
            }
            for arguments in [
                ["pull", "nothing"], ["pull", "web", "--node", "nobody"], ["image", "nothing"],
                ["history", "--node", "nobody"], ["attempts", "--image", "nothing"],
            ] {
                let result = try await BuiltProgram.coordinator(arguments + ["--server", coordinator.local])
                #expect(result.status == 1, "\(arguments): \(result)")
            }
            let help = try await BuiltProgram.coordinator("pull", "--help").output
            #expect(help.contains("1 when the list has no such image"))
        }
    }

    @Test("coverage --wait says why it ended below the bar")
    func waiting() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis"])
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            let late = try await BuiltProgram.coordinator(
                "coverage", "--wait", "--timeout", "1s", "--min", "99.5", "--server", coordinator.local)
            #expect(late.status == 1)
            #expect(late.errors.hasSuffix("stopped waiting after 1 s (--timeout) at 50.0 %, below 99.5 %\n"), "\(late)")
            let reached = try await BuiltProgram.coordinator(
                "coverage", "--wait", "--timeout", "1s", "--min", "50", "--server", coordinator.local)
            #expect(reached.status == 0 && !reached.errors.contains("stopped"))
        }
        var desk = try SnapshotDesk(["web=nginx", "no=absent"], nodes: 1)
        desk.report("n1") { $0.full.images = [.listed("nginx")] }
        try desk.fail("n1", "absent", "manifest unknown")
        let report = desk.coverage()
        try #require(report.isSettled)
        let words = CoverageCommand.ending(report, bar: 100, timeout: .seconds(60))
        #expect(words.hasPrefix("stopped waiting at 50.0 %: ") && words.contains("until something is changed"))
    }

    @Test("No bar is reached while the last edit of the ConfigMap is rejected, or partly without effect")
    func rejectedEdit() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx"])
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            let server = coordinator.local
            func coverage(_ options: String...) async throws -> (status: Int32, output: String, errors: String) {
                try await BuiltProgram.coordinator(["coverage", "--server", server] + options)
            }
            let good = try await coverage("--min", "100")
            #expect(good.status == 0 && !good.output.contains("edit"), "\(good)")
            for (isAccepted, words) in [
                (false, "the last edit of the ConfigMap was rejected"),
                (true, "a part of the last edit of the ConfigMap has no effect"),
            ] {
                coordinator.post(resourceVersion: "11", isAccepted: isAccepted, errors: ["PULL_MAX_PARALLEL: lots."])
                let plain = try await coverage()
                #expect(plain.status == 0 && plain.output.contains(words), "\(plain)")
                #expect(plain.output.contains("    PULL_MAX_PARALLEL: lots."), "\(plain)")
                let bar = try await coverage("--min", "100", "-o", "csv")
                #expect(bar.status == 1 && bar.errors.contains(words), "\(bar)")
                let late = try await coverage("--wait", "--timeout", "1s")
                #expect(
                    late.status == 1 && late.errors.contains("error: stopped waiting")
                        && late.errors.hasSuffix("(--timeout) at 100.0 %: \(words)\n"), "\(late)")
                let node = try await BuiltProgram.coordinator("node", "n1", "--server", server)
                #expect(node.output.contains(words), "\(node)")
            }
        }
    }

    @Test("coverage --wait --resource-version waits until that edit was judged")
    func ownEdit() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx"])
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            func wait(_ version: String, _ timeout: String) async throws -> (
                status: Int32, output: String, errors: String
            ) {
                try await BuiltProgram.coordinator(
                    "coverage", "--wait", "--timeout", timeout, "--resource-version", version, "--server",
                    coordinator.local)
            }
            for version in ["9", "10", "010"] {
                let seen = try await wait(version, "1s")
                #expect(seen.status == 0, "\(seen)")
            }
            let unseen = try await wait("100", "1s")
            #expect(unseen.status == 1, "\(unseen)")
            #expect(unseen.errors.contains("hasn't seen version 100 of the ConfigMap yet, but 10\n"), "\(unseen)")
            async let late = wait("100", "60s")
            coordinator.post(resourceVersion: "101")
            let end = try await late
            #expect(end.status == 0, "\(end)")
        }
    }

    @Test("Options that lead nowhere are told with what to do, and aren't tried again by --wait")
    func unreachable() async throws {
        for option in ["--ca-file", "--token-file"] {
            for wait in [[], ["--wait"]] {
                let file = try await BuiltProgram.coordinator(
                    ["coverage", option, "/nope", "--server", "https://127.0.0.1:1"] + wait)
                #expect(file.status == 2, "\(file)")
                #expect(
                    file.errors == "error: \(option) /nope can't be read: No such file or directory. Give a file that "
                        + "exists and may be read.\n")
            }
            let folder = try await BuiltProgram.coordinator(
                "coverage", option, "/tmp", "--server", "https://127.0.0.1:1")
            #expect(folder.status == 2 && folder.errors.contains("/tmp can't be read: it is no text file"), "\(folder)")
        }
        let bare = try await BuiltProgram.coordinator("coverage", "--server", "127.0.0.1:18181")
        #expect(bare.status == 64 && bare.errors.contains("write http://127.0.0.1:18181 or https://"), "\(bare)")
        let once = try await BuiltProgram.coordinator(
            "coverage", "--wait", "--timeout", "1s", "--server", "http://127.0.0.1:1")
        #expect(once.status == 3 && once.errors.contains("(asked once, still trying)"), "\(once)")
        try await LiveCoordinator.run { coordinator in
            let stranger = try await BuiltProgram.coordinator("coverage", "--server", coordinator.agents)
            #expect(stranger.status == 3 && !stranger.errors.contains("port-forward"), "\(stranger)")
            #expect(stranger.errors.contains("--ca-file") && stranger.errors.contains("kubernetes-image-puller-ca"))
        }
    }

    @Test("What can't be written is no success")
    func fullOutput() async throws {
        let store = memoryStore()
        try await LiveCoordinator.run(history: StoredHistory(store: store)) { coordinator in
            try await coordinator.start(images: ["web=nginx"])
            for arguments in [
                ["coverage"], ["coverage", "-o", "json"], ["history"], ["attempts", "-o", "csv"], ["pull", "web"],
            ] {
                let result = try await BuiltProgram.coordinator(
                    arguments + ["--server", coordinator.local], output: "/dev/full")
                #expect(result.status == 2, "\(arguments): \(result)")
                #expect(result.errors.hasPrefix("error: standard output can't be written: No space left"))
            }
        }
    }

    @Test("A list that was cut for a program says so beside it; a step that was widened too")
    func cut() async throws {
        let store = memoryStore()
        await store.record(transitions: (0..<3).map { transition("n\($0)", "nginx", .present, at: Int64($0)) })
        await store.record(attempts: (0..<3).map { attempt("n1", $0) })
        try await LiveCoordinator.run(history: StoredHistory(store: store)) { coordinator in
            try await coordinator.start(images: ["web=nginx"])
            for list in ["history", "attempts"] {
                let few = try await BuiltProgram.coordinator(
                    list, "-o", "csv", "--limit", "2", "--server", coordinator.local)
                #expect(few.status == 0 && few.output.split(separator: "\n").count == 3)
                #expect(few.errors.contains("only the newest 2 rows") && few.errors.contains("--all"), "\(few)")
                let all = try await BuiltProgram.coordinator(list, "-o", "csv", "--all", "--server", coordinator.local)
                #expect(all.status == 0 && all.errors.isEmpty, "\(all)")
            }
            let wide = try await BuiltProgram.coordinator(
                "coverage", "--since", "30d", "--step", "1s", "--server", coordinator.local)
            #expect(
                wide.output.contains("\nthe step is 43 min 15 s instead of 1 s: a series has 1000 points"), "\(wide)")
            let csv = try await BuiltProgram.coordinator(
                "coverage", "--since", "30d", "--step", "1s", "-o", "csv", "--server", coordinator.local)
            #expect(csv.errors.hasPrefix("note: the step is 43 min 15 s instead of 1 s"), "\(csv)")
            let fine = try await BuiltProgram.coordinator(
                "coverage", "--since", "2h", "--step", "1h", "--server", coordinator.local)
            #expect(!fine.output.contains("instead of"))
        }
    }

    @Test("plan: 1 for an entry that would have no effect, as config check")
    func planOfBrokenEntry() async throws {
        let folder = try HistoryFolder()
        let file = folder.path + "/map.yaml"
        let text = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: k8s-image-puller, namespace: k8s-image-puller}
            data: {IMAGES: "web=nginx;x y"}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx"])
            let plan = try await BuiltProgram.coordinator("plan", file, "--server", coordinator.local)
            #expect(plan.status == 1 && plan.output.hasPrefix("error: IMAGES, entry 2"), "\(plan)")
            #expect(try await BuiltProgram.coordinator("config", "check", file).status == 1)
        }
        withExtendedLifetime(folder) {}
    }

    @Test("backup: to a file and to standard output, and nothing to what can't take it")
    func backup() async throws {
        let folder = try HistoryFolder()
        let store = folder.store()
        await store.record(transitions: [transition("n1", "nginx", .present, at: 1)])
        try await LiveCoordinator.run(history: StoredHistory(store: store)) { coordinator in
            let copy = folder.path + "/copy.sqlite"
            let good = try await BuiltProgram.coordinator("backup", copy, "--server", coordinator.local)
            #expect(good.status == 0 && good.output.isEmpty)
            let again = try await BuiltProgram.coordinator("backup", copy, "--server", coordinator.local)
            #expect(again.status == 2 && again.errors.contains("exists already"))
            let output = try await BuiltProgram.coordinator("backup", "-", "--server", coordinator.local)
            #expect(output.status == 0 && output.output.hasPrefix("SQLite format 3"))
            #expect(output.errors.contains("standard output"))
            #expect(!FileManager.default.fileExists(atPath: "-"))
        }
        await store.close()
    }

    @Test("config check: 2 for a file that can't be read; the help says what each status means")
    func files() async throws {
        let missing = try await BuiltProgram.coordinator("config", "check", "/nonexistent/file")
        #expect(missing.status == 2)
        let plan = try await BuiltProgram.coordinator("plan", "/nonexistent/file")
        #expect(plan.status == 2)
        #expect(
            plan.errors
                == "error: /nonexistent/file: the file can't be read. Next step: check that it exists and may be read.\n"
        )
        let folder = try HistoryFolder()
        let large = folder.path + "/large.yaml"
        try Data(repeating: UInt8(ascii: "\n"), count: 8 << 20 + 1).write(to: URL(fileURLWithPath: large))
        for command in [["config", "check"], ["plan"]] {
            for file in [large, "/dev/zero"] {
                let refused = try await BuiltProgram.coordinator(command + [file])
                #expect(refused.status == 2 && refused.errors.contains("has more than 8 MiB"), "\(refused)")
            }
        }
        #expect(try await BuiltProgram.coordinator("config", "check", folder.path).status == 2)
        withExtendedLifetime(folder) {}
        for command in [["coverage", "--help"], ["config", "check", "--help"]] {
            let help = try await BuiltProgram.coordinator(command)
            #expect(help.status == 0)
            #expect(help.output.contains("Exit status:") && help.output.contains("64"))
        }
    }

    @Test("serve ends with an error when its port is taken, instead of hanging")
    func portTaken() async throws {
        try await LiveCoordinator.run { coordinator in
            let port = coordinator.local.split(separator: ":").last.map(String.init) ?? ""
            let folder = try HistoryFolder()
            let config = folder.path + "/kubeconfig"
            let text = """
                apiVersion: v1
                kind: Config
                clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
                users: [{name: u, user: {}}]
                contexts: [{name: x, context: {cluster: c, user: u}}]
                current-context: x
                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: config))
            let result = try await BuiltProgram.coordinator(
                "serve", "--kubeconfig", config, "--agent-port", port, "--port", "0", "--agent-host", "127.0.0.1",
                "--history", folder.database)
            #expect(result.status == 1)
            #expect(result.errors.contains("127.0.0.1:\(port)"))
            #expect(result.errors.contains("--agent-port"))
            withExtendedLifetime(folder) {}
        }
    }
}
