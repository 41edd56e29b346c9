import Glibc
import Logging
import Shared

/// What the command line asks for. There are too few words for a parser that would bring Foundation with it.
enum Command {
    static let version = "0.1.0"

    static let help = """
        node-agent: reports a node's container images and pulls the ones it is assigned.

        usage: node-agent                  run, configured by the environment
               node-agent copy-sleep DIR   copy the `sleep` that lies beside this program into DIR
               node-agent --help | --version

        environment:
        \(AgentConfiguration.help)
        """

    /// Runs what the arguments say; returns the exit status.
    static func run(_ arguments: [String]) -> Int32 {
        switch arguments.dropFirst() {
        case []:
            return serve()
        case ["--help"], ["-h"]:
            print(help)
            return 0
        case ["--version"]:
            print(BuildCommit.version("node-agent", version))
            return 0
        case let words where words.first == "copy-sleep" && words.count == 2:
            return copySleep(to: words[words.startIndex + 1])
        default:
            complain("unknown arguments: \(arguments.dropFirst().joined(separator: " ")). See 'node-agent --help'.")
            return EX_USAGE
        }
    }

    private static func copySleep(to directory: String) -> Int32 {
        do {
            try CopySleep(directory: directory).run()
            return 0
        } catch {
            complain(error.description)
            return EX_IOERR
        }
    }

    private static func serve() -> Int32 {
        let configuration: AgentConfiguration
        do {
            configuration = try AgentConfiguration(environment: Environment.all())
        } catch {
            complain(error.description)
            return EX_CONFIG
        }
        // Before any other thread exists, so that all threads leave these signals to this one.
        let signals = TerminationSignals.block()
        let (level, format) = (configuration.logLevel, configuration.logFormat)
        LoggingSystem.bootstrap { _ in LineLogHandler(level: level, format: format) }
        let agent = Agent(configuration)
        Task.detached {
            await agent.run()
            exit(0)
        }
        signals.wait()
        Task.detached { await agent.stop() }
        // A second signal, or an end that takes too long, ends at once what is left.
        signals.wait(atMostSeconds: Agent.hardStopSeconds)
        return EXIT_FAILURE
    }

    private static func complain(_ text: String) {
        let line = Array("error: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
