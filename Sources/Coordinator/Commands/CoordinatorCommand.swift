import ArgumentParser
import Telemetry

/// `coordinator`: the one binary of the cluster's side, server and questions alike.
@main
struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Keep a list of images cached on every node of a cluster, and prove it.",
        discussion: """
            Exit status, of all subcommands: 0 when all is well; 1 when the answer is bad, or the work failed; \
            2 when a file can't be read, or the answer can't be written; 3 when the coordinator gave no answer; 64 for wrong options.
            """,
        version: Version.text,
        subcommands: [
            ServeCommand.self, CoverageCommand.self, ImageCommand.self, NodeCommand.self, HistoryCommand.self,
            AttemptsCommand.self, RevisionsCommand.self, WarmupsCommand.self, PullCommand.self, PrefetchCommand.self,
            PrefetchesCommand.self, PlanCommand.self, SuggestCommand.self,
            ExplainCommand.self, BackupCommand.self, ConfigCommand.self, VersionCommand.self,
        ])

    static func main() async {
        if let complaint = CommandWords.complaint(Array(CommandLine.arguments.dropFirst())) {
            StandardError.complain(complaint)
            exit(withError: ExitCode.validationFailure)
        }
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as ServerError {
            StandardError.complain("\(error)")
            exit(withError: error.exitStatus)
        } catch let error as StandardOutput.Fault {
            StandardError.complain("\(error)")
            exit(withError: ConfigCheckCommand.unreadable)
        } catch {
            let (code, text) = (exitCode(for: error), fullMessage(for: error))
            // Help and the version are answers; what is wrong is said in the words of all other errors.
            guard code != .success, !text.isEmpty else { exit(withError: error) }
            StandardError.write((text.hasPrefix("Error: ") ? "error: " + text.dropFirst(7) : text) + "\n")
            exit(withError: code)
        }
    }
}
