import ArgumentParser
import ConfigurationParsing
import Foundation
import Registry
import Reporting
import Shared

/// `coordinator plan FILE`: what edited ConfigMaps and objects, or with `--image` a prefetch, would pull, before anybody applies them.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract:
            "Say what an edited ConfigMap, an object or a prefetch would pull: nodes, bytes, time, and where it wouldn't fit.",
        discussion: """
            Nothing is changed. Sizes are those that nodes or history know; with --resolve they are asked of the \
            registries, for each architecture, from here. How nodes reach a registry (mirrors, plain http, \
            certificates) is known to them alone: --plain-http names registries to ask so. What nodes have that \
            haven't reported is unknown, and shown apart. ConfigMaps of further image sets and KubernetesImagePuller \
            objects in the file are planned for together with the main ConfigMap, and shown one by one; with --set the \
            pulls of one of them are.

            Exit status: 0 when the whole edit would be accepted and everything fits; 1 when it wouldn't, or has an entry \
            that would have no effect; 2 when the file \
            can't be read; 3 when the coordinator gave no answer; 64 for wrong options.
            """)

    @Argument(help: ArgumentHelp("The manifest, or - for standard input.", valueName: "file"))
    var file: String?

    @Option(
        help: ArgumentHelp(
            "Instead of a file: an image that prefetch would pull beside the list; can be given again.",
            valueName: "reference"))
    var image: [String] = []

    @Option(help: ArgumentHelp("Which ConfigMap or object, when the file has several.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Only what this image set of the file would pull: default is that of the main ConfigMap. Default: all sets.",
            valueName: "name"), transform: QueryText.set)
    var set: String?

    @Flag(help: "Ask the registries for sizes and architectures.")
    var resolve = false

    @Option(help: ArgumentHelp("Credentials for --resolve, as docker login writes them.", valueName: "file"))
    var dockerConfig: String?

    @Option(
        help: ArgumentHelp(
            "A registry that --resolve asks by plain http, with credentials for it too; can be given again. Registries "
                + "on this machine always are.", valueName: "host:port"))
    var plainHttp: [String] = []

    @OptionGroup var rows: RowOptions
    @OptionGroup var server: ServerOptions

    private var print: PrintOptions { rows.print }

    func validate() throws {
        if image.isEmpty == (file == nil) {
            throw ValidationError("Name a manifest, or images with --image.")
        }
        if file == nil, name != nil { throw ValidationError("--name goes with a manifest.") }
        if file == nil, set != nil { throw ValidationError("--set goes with a manifest.") }
        if dockerConfig != nil, !resolve { throw ValidationError("--docker-config goes with --resolve.") }
        if !plainHttp.isEmpty, !resolve { throw ValidationError("--plain-http goes with --resolve.") }
        for host in plainHttp where host.isEmpty || host.contains("/") {
            throw ValidationError("--plain-http takes a registry as references have it, such as registry.local:5000.")
        }
    }

    func run() async throws {
        var question = PlanQuestion(images: image)
        var reader = RegistryReader()
        do {
            if let file {
                let manifest = try ManifestReader.read(try ManifestFile.text(file), name: name)
                let manifests = [manifest] + manifest.beside
                let main = manifests.first(where: \.isMain)?.content
                question = PlanQuestion(data: main?.data ?? [:], annotations: main?.annotations)
                let sets = manifests.compactMap(PlanQuestion.SetEdit.init)
                question.sets = sets.isEmpty ? nil : sets
                question.set = set
            }
            if let dockerConfig { reader.credentials = try credentials(dockerConfig) }
        } catch let fault as RegistryFault {
            StandardError.complain("\(fault)")
            throw ConfigCheckCommand.unreadable
        } catch {
            StandardError.complain("\(file == "-" ? "standard input" : file ?? ""): \(error)")
            throw ConfigCheckCommand.unreadable
        }
        var report: PlanReport = try await server.post("/api/v1/plan", question)
        if resolve {
            reader.plainRegistries = Set(plainHttp.map { $0.lowercased() })
            // Registries count requests: images that are everywhere aren't asked for, nor architectures that no node has.
            let wanted = report.images.filter { $0.pulls > 0 || $0.unknown > 0 }
            question.resolved = await Self.resolve(
                wanted.map(\.reference), architectures: Set(report.architectures), reader)
            report = try await server.post("/api/v1/plan", question)
        }
        try print.show(report) { report.text($0, width: $1, all: print.all) }
        let hasErrors = (report.sets ?? []).contains { set in
            !set.accepted || set.findings.contains { $0.severity == Finding.Severity.error.rawValue }
        }
        if !report.accepted || hasErrors
            || report.findings.contains(where: { $0.severity == Finding.Severity.error.rawValue })
            || !report.tooSmall.isEmpty
            || report.images.contains(where: { $0.withoutPlatformCount > 0 })
        {
            throw ExitCode.failure
        }
    }

    private func credentials(_ file: String) throws -> RegistryCredentials {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: file)) else {
            throw RegistryFault("--docker-config \(file) can't be read")
        }
        return try RegistryCredentials(json: data)
    }

    /// A few at once: registries count requests.
    private static func resolve(
        _ references: [String], architectures: Set<String>, _ reader: RegistryReader
    ) async -> [PlanQuestion.Resolved] {
        await withTaskGroup(of: PlanQuestion.Resolved.self) { group in
            var rest = Array(Set(references)).sorted()[...]
            var found: [PlanQuestion.Resolved] = []
            func next() {
                guard let reference = rest.popFirst() else { return }
                group.addTask {
                    do {
                        let sizes = try await reader.sizes(
                            of: try ImageReference(reference),
                            architectures: architectures.isEmpty ? nil : architectures)
                        return PlanQuestion.Resolved(reference: reference, sizes: sizes)
                    } catch {
                        return PlanQuestion.Resolved(reference: reference, sizes: [:], error: "\(error)")
                    }
                }
            }
            for _ in 0..<4 { next() }
            for await resolved in group {
                found.append(resolved)
                next()
            }
            return found
        }
    }
}

extension PlanQuestion.SetEdit {
    /// - Returns: nil for the main ConfigMap.
    fileprivate init?(_ manifest: Manifest) {
        guard !manifest.isMain else { return nil }
        let annotations = manifest.content.annotations
        if manifest.isObject {
            // Of one without a name `config check` tells.
            let object = PlanQuestion.ObjectEdit(
                namespace: manifest.namespace, name: manifest.name ?? "", spec: manifest.spec)
            self.init(object: object, annotations: annotations)
        } else {
            self.init(imageSet: manifest.content.imageSet ?? "", data: manifest.content.data, annotations: annotations)
        }
    }
}
