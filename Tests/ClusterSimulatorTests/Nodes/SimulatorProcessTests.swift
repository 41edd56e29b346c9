import ClusterModel
import FoundationEssentials
import Glibc
import Shared
import Testing

@testable import ClusterSimulator

/// The built program: it comes up, shows its world, and leaves nothing behind however it ends.
@Suite struct SimulatorProcessTests {
    /// A running `cluster-simulator serve` with a script as agent.
    final class Program: @unchecked Sendable {
        // Safe to share: the fields are set in `init` and never again.
        let pid: pid_t
        let directory: String
        let api: String

        init(folder: String, ready: String, pid: pid_t) {
            self.pid = pid
            directory = folder
            api = ready.split(separator: "api=").last.map(String.init) ?? ""
        }
    }

    private static func start(in scratch: String) async throws -> Program {
        let agent = scratch + "/agent.sh"
        // Stays when it is asked to go, so that only a kill or a name in its file proves the end.
        try Data("#!/bin/sh\necho $$ >> \(scratch)/pids\nwhile :; do sleep 0.1; done\n".utf8).write(
            to: URL(filePath: agent))
        chmod(agent, 0o700)
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = String(own[..<(own.lastIndex(of: "/") ?? own.endIndex)]) + "/cluster-simulator"
        let output = scratch + "/out"
        let command = [
            "/bin/sh", "-c", "exec \"$0\" serve --nodes 2 --agent \(agent) --directory \(scratch)/d > \(output) 2>&1",
            program,
        ]
        var arguments = command.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        #expect(posix_spawn(&pid, "/bin/sh", nil, nil, arguments, environ) == 0)
        func line() -> String {
            let text = FileManager.default.contents(atPath: output).map { String(decoding: $0, as: UTF8.self) } ?? ""
            return text.split(separator: "\n").first { $0.hasPrefix("ready ") }.map(String.init) ?? ""
        }
        #expect(try await eventually(within: .seconds(60)) { !line().isEmpty })
        return Program(folder: scratch + "/d", ready: line(), pid: pid)
    }

    private static func scratch() throws -> String {
        var template = Array("/tmp/simprogram-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&template))
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func agents(_ scratch: String) -> [pid_t] {
        let text =
            FileManager.default.contents(atPath: scratch + "/pids")
            .map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").compactMap { pid_t($0) }
    }

    /// A zombie counts as ended.
    private static func isAlive(_ pid: pid_t) -> Bool {
        let stat =
            FileManager.default.contents(atPath: "/proc/\(pid)/stat")
            .map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let end = stat.lastIndex(of: ")") else { return false }
        return !stat[end...].hasPrefix(") Z")
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGKILL])
    func nothingIsLeftBehind(signal: Int32) async throws {
        let scratch = try Self.scratch()
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let program = try await Self.start(in: scratch)
        defer {
            kill(program.pid, SIGKILL)
            for agent in Self.agents(scratch) where Self.isAlive(agent) { kill(agent, SIGKILL) }
        }
        let client = HTTPClient()
        let daemonSet = """
            {"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":
            {"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"image-puller-agent",
            "image":"registry.example.com/image-puller:demo","command":["/x"]}]}}}}
            """
        var create = HTTPRequest("POST", program.api + "/apis/apps/v1/namespaces/k8s-image-puller/daemonsets")
        create.headers["Content-Type"] = "application/json"
        create.body = Array(daemonSet.utf8)
        #expect(try await client.send(create).status == 201)
        #expect(try await eventually { Self.agents(scratch).count == 2 })

        let answer = try await client.send(HTTPRequest("GET", program.api + "/simulator/v1/state"))
        let state = try JSONDecoder().decode(ControlState.self, from: Data(answer.body))
        #expect(state.nodes.map(\.images.count) == [1, 1])

        kill(program.pid, signal)
        var status: Int32 = 0
        #expect(try await eventually { waitpid(program.pid, &status, WNOHANG) == program.pid })
        #expect(try await eventually { !Self.agents(scratch).contains(where: Self.isAlive) })
        #expect(try await eventually { !FileManager.default.fileExists(atPath: program.directory) })
    }

    @Test func theControlAPIChangesTheWorld() async throws {
        let scratch = try Self.scratch()
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let program = try await Self.start(in: scratch)
        defer {
            // Ended before its folder is taken away.
            kill(program.pid, SIGKILL)
            waitpid(program.pid, nil, 0)
        }
        let client = HTTPClient()
        func send(_ method: String, _ path: String, _ body: String = "") async throws -> Int {
            try await client.send(
                HTTPRequest(method, program.api + "/simulator/v1/" + path, body: Array(body.utf8))
            ).status
        }
        func state() async throws -> ControlState {
            let answer = try await client.send(HTTPRequest("GET", program.api + "/simulator/v1/state"))
            return try JSONDecoder().decode(ControlState.self, from: Data(answer.body))
        }
        #expect(try await send("POST", "nodes", #"{"name":"extra","zone":"zone-x"}"#) == 201)
        #expect(try await send("POST", "nodes", #"{"name":"extra"}"#) == 409)
        #expect(try await send("POST", "nodes", #"{"zone":1}"#) == 400)
        #expect(try await send("PUT", "nodes/extra", #"{"ready":false}"#) == 204)
        #expect(try await state().nodes.map(\.ready) == [true, true, false])
        let image = "registry.example.com/shop/frontend:2.4"
        #expect(try await send("POST", "nodes/node-1/images?reference=\(image)") == 204)
        #expect(try await state().nodes.first?.images.first?.tags == [image])
        #expect(try await send("DELETE", "nodes/node-1/images?reference=\(image)") == 200)
        #expect(try await send("DELETE", "nodes/node-1/images?reference=\(image)") == 404)
        #expect(try await send("PUT", "nodes/node-1/faults", #"{"store":"full"}"#) == 204)
        #expect(try await send("PUT", "nodes/node-1/faults", #"{"store":"odd"}"#) == 400)
        #expect(try await send("PUT", "nodes/node-1/faults", #"{"mirrors":{"*":{"host":"m","fault":"418"}}}"#) == 400)
        #expect(try await send("PUT", "nodes/nosuch/faults", "{}") == 404)
        #expect(try await send("DELETE", "nodes/node-1/faults") == 204)
        #expect(try await send("POST", "nodes/node-1/damage?reference=\(image)") == 404)
        #expect(try await state().nodes.map(\.flavour) == [.containerd16, .containerd16, .containerd16])
        #expect(try await send("DELETE", "nodes/extra") == 204)
        #expect(try await send("POST", "nodes", #"{"name":"other","flavour":"cri-o-1.36"}"#) == 201)
        #expect(try await send("POST", "nodes", #"{"name":"odd","flavour":"docker"}"#) == 400)
        #expect(try await state().nodes.last?.flavour == .crio136)
        #expect(try await send("DELETE", "nodes/other") == 204)
        #expect(try await state().nodes.map(\.name) == ["node-1", "node-2"])
        #expect(try await send("PUT", "registries/registry.example.com", #"{"available":false}"#) == 204)
        #expect(try await state().registries.first?.available == false)
        #expect(
            try await send("PUT", "registries/registry.example.com", #"{"available":false,"fault":"odd"}"#) == 400)
        kill(program.pid, SIGTERM)
        #expect(try await eventually { !FileManager.default.fileExists(atPath: program.directory) })
    }
}
