import Glibc
import Subprocess
import SystemPackage
import Synchronization

/// One run of a real program in the place of a simulated container.
final class ContainerProcess: Sendable {
    struct Exit: Hashable, Sendable {
        /// As a container runtime gives it: 128 and the signal for a killed one.
        let code: Int
        /// Set when there was no start at all.
        let startError: String?
    }

    struct Program: Sendable {
        let executable: String
        let arguments: [String]
        let environment: [String: String]
        let workingDirectory: String

        /// The same, kept from opening what its permissions don't allow even when it's root. Needs util-linux.
        var withoutPrivilege: Program {
            guard geteuid() == 0 else { return self }
            return Program(
                executable: "/usr/bin/setpriv",
                arguments: ["--bounding-set=-dac_override,-dac_read_search", executable] + arguments,
                environment: environment, workingDirectory: workingDirectory)
        }
    }

    private let task: Task<Exit, Never>
    private let signals: AsyncStream<Signal>.Continuation

    /// Starts the program in a process group of its own, so that a Ctrl-C at the terminal is not its business.
    init(_ program: Program, log: BoundedLog, guarded: ProcessGuard) {
        let (stream, continuation) = AsyncStream.makeStream(of: Signal.self)
        signals = continuation
        task = Task { await Self.run(program, signals: stream, log: log, guarded: guarded) }
    }

    /// How it ended.
    var exit: Exit {
        get async { await task.value }
    }

    /// Asks it to end, and after the grace period makes it.
    func terminate(grace: Duration) async {
        signals.yield(.terminate)
        let end = Task { [task, signals] in
            try await Task.sleep(for: grace)
            signals.yield(.kill)
            _ = await task.value
        }
        _ = await task.value
        end.cancel()
    }

    /// Stops it where it stands, or lets it go on.
    func freeze(_ isFrozen: Bool) { signals.yield(isFrozen ? .suspend : .resume) }

    func kill() async {
        signals.yield(.kill)
        _ = await task.value
    }

    private static func run(
        _ program: Program, signals: AsyncStream<Signal>, log: BoundedLog, guarded: ProcessGuard
    ) async -> Exit {
        var options = PlatformOptions()
        options.processGroupID = 0
        let environment = program.environment.reduce(into: [Environment.Key: String]()) { result, entry in
            if let key = Environment.Key(rawValue: entry.key) { result[key] = entry.value }
        }
        do {
            let result = try await Subprocess.run(
                .path(.init(program.executable)), arguments: Arguments(program.arguments),
                environment: .custom(environment), workingDirectory: .init(program.workingDirectory),
                platformOptions: options, input: .none, output: .sequence, error: .combinedWithOutput
            ) { execution in
                let group = execution.processIdentifier.value
                guarded.add(group)
                defer { guarded.remove(group) }
                await withTaskGroup(of: Void.self) { tasks in
                    tasks.addTask {
                        for await signal in signals { try? execution.send(signal: signal, toProcessGroup: true) }
                    }
                    // The output ends with the last process of the group.
                    do {
                        for try await buffer in execution.standardOutput {
                            log.write(buffer.withUnsafeBytes { Array($0) })
                        }
                    } catch {
                        log.write(Array("reading the output failed: \(error)\n".utf8))
                    }
                    tasks.cancelAll()
                }
            }
            return switch result.terminationStatus {
            case .exited(let code): Exit(code: Int(code), startError: nil)
            case .signaled(let signal): Exit(code: 128 + Int(signal), startError: nil)
            }
        } catch {
            return Exit(code: 128, startError: "\(error)")
        }
    }
}
