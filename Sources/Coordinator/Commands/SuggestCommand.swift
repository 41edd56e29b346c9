import ArgumentParser
import ConfigurationParsing
import Control
import Formatting
import FoundationEssentials
import KubernetesClient
import Logging
import Manifests
import Reporting
import Shared

/// `coordinator suggest`: which images should be listed, by what pods waited for.
struct SuggestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suggest",
        abstract: "Name images that pods waited for and that aren't listed, as a ready IMAGES line.",
        discussion: """
            Reads the Pulled events and the pods of all namespaces with your own rights (kubeconfig), or with those \
            of the pod that it runs in. Events are usually kept for an hour, and some are lost: it is a sample. \
            With --set that counts which nodes of the image set pulled and which it doesn't list.

            Exit status: 0 with an answer, even an empty one; 1 when the cluster can't be read; 64 for wrong options.
            """)

    @Option(help: ArgumentHelp("How to reach the cluster.", valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("Another context of the kubeconfig than its current one.", valueName: "name"))
    var context: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only pods of this namespace. Default: of all namespaces.", valueName: "namespace"))
    var namespace: String?

    @Option(help: "Images at most, from 1 to 1000.")
    var limit = 10

    @OptionGroup var sets: SetOption
    @OptionGroup var rows: RowOptions
    @OptionGroup var server: ServerOptions

    private var print: PrintOptions { rows.print }

    func validate() throws {
        try QueryText.checkLimit(limit, most: 1000)
    }

    func run() async throws {
        let logger = Logger(label: "suggest") { _ in LineLogHandler(level: .error, format: .text) }
        let access = try ClusterAccess.load(
            kubeconfig: kubeconfig, context: context, environment: ProcessInfo.processInfo.environment)
        let client = KubernetesClient(access: access, logger: logger)
        let events = try await client.list(Event.self, Selection(namespace: namespace, fieldSelector: "reason=Pulled"))
            .items
        let pods = try await client.list(Pod.self, Selection(namespace: namespace)).items
        let places = Dictionary(
            pods.map { ("\($0.metadata.namespace ?? "")/\($0.metadata.name)", $0.spec?.nodeName ?? "?") },
            uniquingKeysWith: { first, _ in first })
        let set = try await chosenSet()
        let pulls = events.compactMap { event -> SuggestionReport.Pull? in
            guard event.reason == "Pulled" else { return nil }
            let pod = "\(event.involvedObject.namespace ?? "")/\(event.involvedObject.name ?? "")"
            return SuggestionReport.Pull(
                message: event.message ?? "", node: event.source?.host ?? places[pod] ?? "?",
                count: max(1, event.count ?? 1))
        }
        let uses = pods.flatMap { pod in
            pod.allContainers.compactMap { container in
                container.image.map {
                    SuggestionReport.Use(image: $0, pod: "\(pod.metadata.namespace ?? "")/\(pod.metadata.name)")
                }
            }
        }
        let meant = set.map { set in pulls.filter { set.nodes.contains($0.node) } } ?? pulls
        let known = if let set { set.listed } else { await listed(ours(pods, client)) }
        let report = SuggestionReport(pulls: meant, uses: uses, listed: known, limit: limit)
        try print.show(report) { style, width in
            guard !report.images.isEmpty else { return ["no pod waited for an image that isn't listed"] }
            let table = TextTable(
                header: ["WAITED", "PULLS", "NODES", "PODS", "SIZE", "IMAGE"],
                rows: report.images.map {
                    [
                        SpanText.seconds($0.seconds), "\($0.pulls)", "\($0.nodes)", "\($0.pods)",
                        $0.bytes.map(SpanText.bytes) ?? "", $0.reference,
                    ]
                }, rightAligned: [0, 1, 2, 3, 4])
            return [table.render(style, width: width), "to add to IMAGES:", report.line]
        }
    }

    /// The nodes that the image set is for, and what it lists; nil: all are meant.
    private func chosenSet() async throws -> (nodes: Set<String>, listed: SuggestionReport.Listed)? {
        guard sets.set != nil else { return nil }
        let cells: CellMatrix = try await server.get("/api/v1/cells", query: sets.query)
        let references = cells.images.compactMap { try? ImageReference($0.reference).normalised }
        return (
            Set(cells.nodes),
            SuggestionReport.Listed(references: Set(references), names: Set(cells.images.map(\.name)))
        )
    }

    /// Our own pods, wherever they are; of those that were listed, when the others can't be.
    private func ours(_ pods: [Pod], _ client: KubernetesClient) async -> [Pod] {
        guard namespace != nil else { return pods }
        let selection = Selection(labelSelector: "\(PodNames.nameLabel)=\(PodNames.application)")
        return (try? await client.list(Pod.self, selection).items) ?? pods
    }

    /// What is listed already: by the coordinator when it answers, and by its pods, which are there when it doesn't.
    private func listed(_ pods: [Pod]) async -> SuggestionReport.Listed {
        let report: CoverageReport? = try? await server.get("/api/v1/coverage", query: [("limit", "10000")])
        let ours = pods.filter { $0.metadata.labels[PodNames.nameLabel] == PodNames.application }
            .flatMap(\.allContainers)
        let rows = report?.rows ?? []
        let references = rows.compactMap(\.reference) + ours.compactMap(\.image)
        return SuggestionReport.Listed(
            references: Set(references.compactMap { try? ImageReference($0).normalised }),
            names: Set(rows.map(\.name) + ours.map(\.name)))
    }
}

extension Pod {
    /// Those that run before the others too: the pod waits for their images as well.
    fileprivate var allContainers: [Container] { (spec?.initContainers ?? []) + (spec?.containers ?? []) }
}
