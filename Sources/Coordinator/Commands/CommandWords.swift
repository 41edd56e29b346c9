import ArgumentParser
import Formatting

/// Reads the words that name a subcommand before anything else is read: else a wrong one is blamed on the options that
/// follow it.
enum CommandWords {
    /// What is wrong with the subcommand's name; nil when nothing is.
    ///
    /// - Parameter arguments: of the program, without its name.
    static func complaint(_ arguments: some Sequence<String>) -> String? {
        var command: any ParsableCommand.Type = CoordinatorCommand.self
        var path = "coordinator"
        for word in arguments {
            let children = command.configuration.subcommands
            guard !children.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let child = children.first(where: { names($0).contains(word) }) else {
                let known = children.flatMap(names)
                return "'\(word.printable)' is no subcommand of \(path).\(NearestName.hint(for: word, among: known)) "
                    + "It has: \(children.compactMap(\.configuration.commandName).joined(separator: ", ")). "
                    + "See '\(path) --help'."
            }
            command = child
            path += " \(word)"
        }
        return nil
    }

    private static func names(_ command: any ParsableCommand.Type) -> [String] {
        [command.configuration.commandName].compactMap { $0 } + command.configuration.aliases
    }
}
