import ArgumentParser
import ConfigurationParsing
import Foundation

/// `coordinator config`: what concerns files, without a cluster.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Work with files of ConfigMaps and objects, without a cluster.",
        subcommands: [ConfigCheckCommand.self])
}

/// `coordinator config check FILE`: says what the ConfigMaps and objects of a file mean, and what is wrong with them.
struct ConfigCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Say what the ConfigMaps and KubernetesImagePuller objects of a file mean, and what is wrong with them.",
        discussion: """
            The file is a manifest in YAML or JSON: a ConfigMap, alone, in a List or among other documents. Those of further \
            image sets, which have the label image-puller/set, are checked together with it, and so are \
            KubernetesImagePuller objects: which image set each is, key by key or field by field, and what no two of them can \
            have.

            Exit status: 0 when the file is good, 1 when something in it needs to be put right, 2 when it can't be read, 64 for \
            wrong options.
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table, wide, json, yaml
    }

    @Argument(help: ArgumentHelp("The file to check, or - for standard input.", valueName: "file"))
    var file: String

    @Option(name: .shortAndLong, help: "How to print the result.")
    var output = Output.table

    @Flag(help: "Every key, where only those are shown that the file changes.")
    var all = false

    @Flag(help: "Warn of references without a digest: their tags can come to mean another image.")
    var warnMutableTags = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The namespace that the coordinator runs in; by default that of the file.", valueName: "namespace"))
    var namespace: String?

    @Option(help: ArgumentHelp("Which ConfigMap or object to check, when the file has several.", valueName: "name"))
    var name: String?

    /// What a shell is told when the file can't be read.
    static let unreadable = ExitCode(2)

    func run() async throws {
        let source = file == "-" ? "standard input" : file
        let check: ConfigCheck
        do {
            check = ConfigCheck(
                try ManifestReader.read(try ManifestFile.text(file), name: name), file: source, namespace: namespace,
                warnsOfMutableTags: warnMutableTags)
        } catch {
            StandardError.complain("\(source): \(error)")
            throw Self.unreadable
        }
        try StandardOutput.write(try rendered(check))
        if !check.isGood { throw ExitCode.failure }
    }

    private func rendered(_ check: ConfigCheck) throws -> String {
        switch output {
        case .table, .wide:
            let width = output == .wide ? nil : Terminal.width
            return ConfigCheckText(style: Terminal.style, width: width, all: all).render(check)
        case .json: return try PrintOptions.json(check) + "\n"
        case .yaml: return try PrintOptions.yaml(check)
        }
    }
}
