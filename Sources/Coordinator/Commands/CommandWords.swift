import ArgumentParser
import Formatting

/// Reads the words that name a subcommand before anything else is read: else a wrong one is blamed on the options that
/// follow it, and `coordinator help WRONG` shows the help of the whole.
enum CommandWords {
    /// What is wrong with the subcommand's name; nil when nothing is.
    ///
    /// - Parameter arguments: of the program, without its name.
    static func complaint(_ arguments: [String]) -> String? {
        var children = CoordinatorCommand.configuration.subcommands
        var path = "coordinator"
        // `coordinator help NAME` is `coordinator NAME --help`; only the root has it.
        let isHelp = arguments.first == "help"
        for word in isHelp ? arguments.dropFirst() : arguments[...] {
            if word.hasPrefix("-") { return nil }
            if children.isEmpty { return isHelp ? "'\(path)' has no subcommands. See '\(path) --help'." : nil }
            if isHelp, word == "help", path == "coordinator" { return nil }
            // Plain loops: key paths to what types have crash the compiler of Swift 6.3.1.
            var known: [String] = []
            var commands: [String] = []
            var next: [any ParsableCommand.Type]?
            for child in children {
                let configuration = child.configuration
                let names = [configuration.commandName ?? ""] + configuration.aliases
                known += names
                commands.append(names[0])
                if names.contains(word) { next = configuration.subcommands }
            }
            guard let next else {
                return "'\(word.printable)' is no subcommand of \(path).\(NearestName.hint(for: word, among: known)) "
                    + "It has: \(commands.joined(separator: ", ")). See '\(path) --help'."
            }
            children = next
            path += " \(word)"
        }
        return nil
    }
}
