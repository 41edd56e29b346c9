import Glibc
import RealRuntime
import Shared
import Testing

extension RealRuntimeTests {
    /// The two programs of a node, as programs.
    @Suite(.serialized) struct RealProgramTests {
        @Test func sleepIsTinyAndEndsWhenTold() async throws {
            try await RealMachine.with { machine in
                let program = try await SleepProgram.build(on: machine)
                #expect(try TextFile.size(program) <= 1_024)
                for signal in [SIGTERM, SIGINT] {
                    let sleep = try machine.daemon(program, [], environment: [:])
                    await eventually("it waits") { Self.waits("\(sleep.pid)", program) }
                    // Neither of these ends it.
                    sleep.signal(SIGSTOP)
                    sleep.signal(SIGCONT)
                    let memory = try TextFile.read("/proc/\(sleep.pid)/smaps_rollup")
                    let resident = memory.split(separator: "\n").first { $0.hasPrefix("Rss:") }
                    let kilobytes = resident.flatMap { Int($0.filter(\.isNumber)) }
                    #expect((kilobytes ?? 99) <= 16)
                    #expect(sleep.exitStatus() == nil)
                    sleep.signal(signal)
                    #expect(try await sleep.end(within: .seconds(5)) == 0)
                }
                // As process 1, where signals without a handler are discarded by the kernel.
                let first = try machine.daemon(
                    "unshare", ["--pid", "--fork", program], environment: ["PATH": "/usr/bin:/bin"])
                await eventually("its process 1 waits") {
                    let children = try? TextFile.read("/proc/\(first.pid)/task/\(first.pid)/children")
                    return children?.split(separator: " ").contains { Self.waits($0, program) } == true
                }
                try await Tool.run("pkill", "-TERM", "-P", "\(first.pid)")
                #expect(try await first.end(within: .seconds(5)) == 0)
            }
        }

        /// Whether a process has become the program, and has nothing to do.
        private static func waits(_ process: some StringProtocol, _ program: String) -> Bool {
            let status = try? TextFile.read("/proc/\(process)/stat")
            return status?.contains("(\(program.split(separator: "/").last ?? "")) S ") == true
        }

        @Test func theAgentSaysWhatItIsAndWhatIsWrong() async throws {
            let agent = try RealMachine.product("node-agent")
            #expect(try await Tool.run(agent, "--help").contains("IMAGE_PULLER_NODE"))
            #expect(try await Tool.run(agent, "--version").contains("."))
            try await RealMachine.with { machine in
                let nameless = try machine.daemon(agent, [], environment: ["IMAGE_PULLER_NODE": "n1"])
                #expect(try await nameless.end() == 78)
                #expect(nameless.output().contains("IMAGE_PULLER_SERVER"))
                let confused = try machine.daemon(agent, ["pull", "everything"], environment: [:])
                #expect(try await confused.end() == 64)
            }
        }

        @Test func sleepIsCopiedFromBesideTheAgent() async throws {
            try await RealMachine.with { machine in
                let agent = machine.directory + "/node-agent"
                try await Tool.run("cp", RealMachine.product("node-agent"), agent)
                await #expect(throws: RealRuntimeError.self) {
                    try await Tool.run(agent, "copy-sleep", machine.directory)
                }
                let sleep = try await SleepProgram.build(on: machine)
                try await Tool.run("mkdir", machine.directory + "/bin")
                // Twice, as when the pod's init container runs again.
                for _ in 0..<2 { try await Tool.run(agent, "copy-sleep", machine.directory + "/bin") }
                try await Tool.run("cmp", sleep, machine.directory + "/bin/sleep")
                try await Tool.run("test", "-x", machine.directory + "/bin/sleep")
                #expect(try await Tool.run("ls", "-A", machine.directory + "/bin") == "sleep\n")
            }
        }

        @Test func theAgentLinksNoFoundationButItsEssentials() async throws {
            // SwiftProtobuf needs FoundationEssentials; Foundation itself is what makes a binary three times as large.
            let agent = try RealMachine.product("node-agent")
            let linked = try await Tool.run("readelf", "-d", agent).split(separator: "\n")
                .filter { $0.contains("NEEDED") && $0.contains("Foundation") }
            #expect(linked.allSatisfy { $0.contains("libFoundationEssentials.so") }, "\(linked)")
        }

        @Test func theAgentEndsInTimeWhoeverIsAway() async throws {
            try await RealMachine.with { machine in
                let port = try LoopbackPort.find()
                try TextFile.write(machine.directory + "/token", "token")
                let agent = try machine.daemon(
                    RealMachine.product("node-agent"), [],
                    environment: [
                        "IMAGE_PULLER_NODE": "n1", "IMAGE_PULLER_SERVER": "http://127.0.0.1:\(port)",
                        "IMAGE_PULLER_TOKEN_FILE": machine.directory + "/token",
                        "IMAGE_PULLER_RUNTIME_SOCKETS": machine.directory + "/nothing.sock",
                    ])
                await eventually("it has tried both") {
                    agent.output().contains("none of the runtime sockets exists")
                        && agent.output().contains("didn't get through")
                }
                let told = ContinuousClock.now
                agent.signal(SIGTERM)
                _ = try await agent.end(within: .seconds(15))
                #expect(ContinuousClock.now - told < .seconds(10))
                #expect(!agent.output().contains("token\n"))
            }
        }
    }
}
