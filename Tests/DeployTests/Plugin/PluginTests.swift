import Foundation
import RealRuntime
import Shared
import Testing

/// `kubectl image-puller` and its completion.
@Suite(.serialized) struct PluginTests {
    private static let plugin = Repository.root + "/deploy/kubectl-image_puller"
    private static let completion = Repository.root + "/deploy/kubectl_complete-image_puller"

    /// What the plugin asked of kubectl, argument by argument, and what came out.
    private struct Outcome {
        var status: Int32
        var output: String
        var exec: [String]
    }

    /// Runs the plugin with a kubectl that knows the deployments `found` (a namespace and a name each), and whose exec
    /// ends with a status.
    private static func run(
        _ arguments: [String], found: [String] = ["k8s-image-puller kubernetes-image-puller"], status: Int = 0
    ) async throws -> Outcome {
        try await RealMachine.with { machine in
            let folder = machine.directory + "/a folder"
            try TextFile.write(
                folder + "/kubectl",
                #"""
                #!/bin/sh
                here=$(dirname "$0")
                own=
                for argument; do case $argument in get | exec) break ;; esac; own="$own $argument"; done
                case " $* " in
                    *" get "*)
                        case "$own" in
                            *--namespace*) grep "^$(echo "$own" | sed 's/.*--namespace //') " "$here/found" ;;
                            *) case " $* " in *--all-namespaces*) cat "$here/found" ;; *) grep '^here ' "$here/found" ;; esac ;;
                        esac
                        exit 0 ;;
                    *" exec "*) printf '%s\n' "$@" >"$here/exec"; echo answer; exit \#(status) ;;
                esac
                exit 9
                """#)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/kubectl")
            try TextFile.write(folder + "/found", found.map { $0 + "\n" }.joined())
            let path = folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
            let daemon = try Daemon(plugin, arguments, environment: ["PATH": path], log: folder + "/log")
            let code = try await daemon.end()
            let exec = (try? TextFile.read(folder + "/exec")) ?? ""
            return Outcome(
                status: code, output: daemon.output(),
                exec: exec.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init))
        }
    }

    @Test func aQuestionIsAskedInThePod() async throws {
        let outcome = try await Self.run(["coverage", "--by", "label:a b"])
        #expect(outcome.status == 0)
        #expect(outcome.output == "answer\n")
        #expect(
            outcome.exec == [
                "--namespace", "k8s-image-puller", "exec", "deployment/kubernetes-image-puller", "--",
                "/image-puller/coordinator", "coverage", "--by", "label:a b",
            ])
    }

    @Test(arguments: [0, 1, 3, 64])
    func theStatusIsTheCoordinators(_ status: Int) async throws {
        #expect(try await Self.run(["coverage", "--min", "100"], status: status).status == Int32(status))
    }

    @Test func kubectlsOptionsAreHandedOn() async throws {
        let outcome = try await Self.run(
            ["--context", "prod", "--kubeconfig=/a b/config", "-n", "x", "--deployment", "y", "node", "node-1"])
        #expect(
            outcome.exec == [
                "--context=prod", "--kubeconfig=/a b/config", "--namespace", "x", "exec", "deployment/y", "--",
                "/image-puller/coordinator", "node", "node-1",
            ])
    }

    @Test func theCurrentNamespaceComesFirst() async throws {
        let outcome = try await Self.run(["coverage"], found: ["there puller", "here puller"])
        #expect(outcome.exec.prefix(2) == ["--namespace", "here"])
    }

    /// A file of this machine goes through the streams of kubectl exec.
    @Test(arguments: [["plan", "-"], ["config", "check", "-", "-o", "json"], ["backup", "-"], ["explain", "-"]])
    func filesAreStreamed(_ arguments: [String]) async throws {
        let outcome = try await Self.run(arguments)
        #expect(outcome.status == 0)
        #expect(
            outcome.exec == [
                "--namespace", "k8s-image-puller", "exec", "--stdin", "deployment/kubernetes-image-puller", "--",
                "/image-puller/coordinator",
            ] + arguments)
    }

    @Test func severalCoordinatorsAreAskedBack() async throws {
        let outcome = try await Self.run(["coverage"], found: ["a puller", "b puller"])
        #expect(outcome.status == 64)
        #expect(outcome.output.contains("-n a --deployment puller\n"))
        #expect(outcome.output.contains("say which"))
        #expect(outcome.exec.isEmpty)
        #expect(try await Self.run(["-n", "b", "coverage"], found: ["a puller", "b puller"]).exec[1] == "b")
    }

    @Test(
        arguments: [
            ([], 64, "usage:"), (["--help"], 0, "usage:"), (["-n"], 64, "-n needs a value"),
            (["--nonsense", "coverage"], 64, "unknown option --nonsense"),
            (["serve"], 64, "'serve' is what the pod runs already"),
            (["plan", "f.yaml"], 64, "kubectl image-puller plan - < FILE"),
            (["config", "check", "f"], 64, "kubectl image-puller config check - < FILE"),
            (["backup", "copy"], 64, "kubectl image-puller backup - > FILE"),
            (["-n", "nowhere", "coverage"], 3, "-n NAMESPACE"),
        ] as [([String], Int32, String)])
    func whatIsWrongIsSaid(_ arguments: [String], _ status: Int32, _ words: String) async throws {
        let outcome = try await Self.run(arguments)
        #expect(outcome.status == status)
        #expect(outcome.output.contains(words))
        #expect(outcome.exec.isEmpty)
    }

    @Test(
        arguments: [
            (["co"], ["coverage", "config"]),
            (["coverage", "--by", ""], ["image", "node", "zone", "set", "label:", "all"]),
            (["coverage", "--output", "j"], ["json"]), (["-n", "x", "im"], ["image", "images"]),
            (["history", "--state", ""], ["present", "held", "pulling", "failed", "missing", "none"]),
            (["plan", "--output", "n"], []), (["nodes", "-o", "n"], ["name"]),
            (["coverage", "--wai"], ["--wait"]), (["coverage", "--min", ""], []),
        ] as [([String], [String])])
    func completionOffersWhatFits(_ words: [String], _ offers: [String]) async throws {
        let output = try await Tool.run(Self.completion, arguments: words)
        #expect(output.split(separator: "\n").map(String.init) == offers + [":4"])
    }

    /// The questions that are offered exist.
    @Test func theQuestionsExist() async throws {
        let help = try await Tool.run(try RealMachine.product("coordinator"), "--help")
        let offers = try await Tool.run(Self.completion, "").split(separator: "\n").filter {
            !$0.hasPrefix("-") && $0 != ":4"
        }
        // Aliases stand behind commas. All are offered but what the plugin refuses.
        var all: Set<String> = []
        for line in help.split(separator: "\n").drop(while: { !$0.hasPrefix("SUBCOMMANDS") }) {
            guard line.hasPrefix("  "), !line.hasPrefix("   "), !line.hasPrefix("  See ") else { continue }
            for word in line.split(separator: " ") {
                all.insert(word.filter(\.isLetter))
                if !word.hasSuffix(",") { break }
            }
        }
        #expect(all == Set(offers.map(String.init)).union(["serve"]))
    }

    /// Each question's options, but for those that say how to reach a coordinator, which the plugin does itself.
    @Test(
        arguments: [
            "coverage", "node", "image", "history", "attempts", "revisions", "warmups", "pull", "prefetch", "plan",
            "suggest", "explain",
            "backup", "version",
        ])
    func theOptionsExist(_ question: String) async throws {
        let help = try await Tool.run(try RealMachine.product("coordinator"), question, "--help")
        let known = Set(help.matches(of: /(?m)^ +(?:-[a-z], )?(--[a-z-]+)/).map(\.output.1))
        let offers = Set(try await Tool.run(Self.completion, question, "--").split(separator: "\n")).subtracting([":4"])
        #expect(
            offers
                == known.subtracting([
                    "--server", "--ca-file", "--token-file", "--version", "--kubeconfig", "--context",
                    "--docker-config",
                ]))
    }

    @Test(
        arguments: [
            (["node", ""], ["node-1", "worker-2", "--set", "--watch", "--selector", "--output", "--all", "--help"]),
            (["pull", "b"], ["builder"]),
            (["attempts", "--node", "w"], ["worker-2"]), (["history", "--image", ""], ["web", "builder"]),
            (["coverage", "--set", ""], ["default", "build", "eclipse-che.che", "gpu", "prefetch-1"]),
            (["coverage", "--set", "e"], ["eclipse-che.che"]),
            (["--namespace", ""], ["ns-1", "ns-2"]), (["--context", "c d", "-n", "x", "image", "w"], ["worker"]),
        ] as [([String], [String])])
    func completionOffersWhatTheClusterHas(_ words: [String], _ offers: [String]) async throws {
        try await RealMachine.with { machine in
            let kubectl = machine.directory + "/a kubectl"
            try TextFile.write(
                kubectl,
                #"""
                #!/bin/sh
                printf '%s\n' "$@" >>"$0.asked"
                case " $* " in
                    *" nodes "*) echo node-1 worker-2 ;;
                    *" namespaces "*) echo ns-1 ns-2 ;;
                    *" configmaps "*" image-puller/set "*) echo gpu build ;;
                    *" daemonsets --all-namespaces --selector image-puller/set "*) echo gpu eclipse-che.che ;;
                    *" configmaps "*" image-puller/prefetch=true "*) echo prefetch-1 ;;
                    *" daemonsets --all-namespaces "*) echo image-puller-agent web builder ;;
                    *" daemonsets --namespace x "*) echo image-puller-agent worker ;;
                esac
                """#)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: kubectl)
            let output = try await Tool.run(
                "env", arguments: ["KUBECTL=\(kubectl)", Self.completion] + words)
            #expect(output.split(separator: "\n").map(String.init) == offers + [":4"])
            let asked = try TextFile.read(kubectl + ".asked")
            if words.contains("c d") { #expect(asked.hasPrefix("--context=c d\nget\ndaemonsets\n--namespace\nx\n")) }
        }
    }

    /// kubectl finds the plugin by its name, and the deployment by its label, which all ways of installing set.
    @Test func kubectlFindsIt() async throws {
        try await HelmUpgradeTests.withCluster { machine, kubeconfig in
            try await Repository.kubectl([
                "--kubeconfig", kubeconfig, "apply", "--validate=false", "--kustomize",
                Repository.root + "/deploy/kustomize",
            ])
            // The simulator runs no coordinator's pod, so that exec itself is a stand-in's.
            let kubectl = try Repository.tool("kubectl")
            let stand = machine.directory + "/kubectl"
            try TextFile.write(
                stand, "#!/bin/sh\ncase \" $* \" in *\" exec \"*) echo \"$@\" ;; *) exec \(kubectl) \"$@\" ;; esac\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: stand)
            let path = "\(Repository.root)/deploy:" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
            let output = try await Tool.run(
                "env", "PATH=\(path)", "KUBECTL=\(stand)", "KUBECONFIG=\(kubeconfig)", kubectl, "image-puller",
                "coverage")
            #expect(
                output == "--namespace k8s-image-puller exec deployment/kubernetes-image-puller -- "
                    + "/image-puller/coordinator coverage\n")
        }
    }
}
