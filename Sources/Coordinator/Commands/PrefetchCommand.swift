import ArgumentParser
import Cluster
import ConfigurationParsing
import Control
import Formatting
import Planning
import Reporting
import Shared

/// `coordinator prefetch REFERENCE...`: has images pulled for some time, beside the list.
struct PrefetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prefetch",
        abstract: "Pull images that aren't on the list, such as a new tag before it is rolled out.",
        discussion: """
            The agents pull them on the nodes that the list is cached on, in the same waves and under the same caps; no pod is made \
            or replaced. Nothing holds them afterwards: a kubelet that runs out of disk may collect them. With --hold sleep \
            containers of a DaemonSet do until the prefetch ends. While \
            the prefetch lasts, nodes that lack an image pull it, those that join too. It is a ConfigMap with the label \
            image-puller/prefetch in the coordinator's namespace, and ends by itself.

            Exit status: 0 when it is made, or with --wait when as much is there as --min says; 1 when it isn't, when there's \
            no prefetch of that name, or there are 50 already; 3 without an answer; 64 for wrong options and references.
            """)

    @Argument(help: "The images, 1 to 100.")
    var references: [String] = []

    @Option(
        name: [.customShort("l"), .long],
        help: ArgumentHelp("Only on nodes with these labels.", valueName: "key=value,..."))
    var selector: String?

    @Option(help: ArgumentHelp("Only on this node; to be given once for each.", valueName: "name"))
    var node: [String] = []

    @Option(help: ArgumentHelp("On so many of those nodes; when one isn't ready, on another.", valueName: "count"))
    var nodes: Int?

    @Option(
        help: ArgumentHelp("When it ends: 90s, 20m, 2h, 7d. Default: 1h.", valueName: "span"),
        transform: QueryText.duration)
    var ttl: Duration?

    @Flag(help: "Hold the images by a DaemonSet until it ends, as those of the list are; --wait waits for that.")
    var hold = false

    @Flag(help: "Show progress until as much is there as --min says, or nothing more can come.")
    var wait = false

    @Option(help: ArgumentHelp("The coverage to wait for, in percent. Default: 100.", valueName: "percent"))
    var min: Double?

    @Option(
        help: ArgumentHelp("How long --wait waits: 90s, 20m, 2h. Default: 20m.", valueName: "span"),
        transform: QueryText.duration)
    var timeout: Duration?

    @Option(help: ArgumentHelp("End this prefetch before its time.", valueName: "name"))
    var cancel: String?

    @OptionGroup var print: PrintOptions
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if cancel != nil {
            guard references.isEmpty, selector == nil, node.isEmpty, nodes == nil, ttl == nil, !wait, !hold else {
                throw ValidationError("--cancel goes without images and without options of a new prefetch.")
            }
        } else if !(1...PrefetchOrder.mostReferences).contains(references.count) {
            throw ValidationError("Name 1 to \(PrefetchOrder.mostReferences) images.")
        }
        if let min, !(0...100).contains(min) { throw ValidationError("--min takes a percentage from 0 to 100.") }
        if !wait, min != nil || timeout != nil { throw ValidationError("--min and --timeout go with --wait.") }
        _ = try labels()
    }

    private func labels() throws -> [String: String]? {
        guard let selector else { return nil }
        var labels: [String: String] = [:]
        for part in selector.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty else {
                throw ValidationError("'\(part)' is no label: --selector takes key=value,key=value.")
            }
            labels[String(pair[0])] = String(pair[1])
        }
        return labels
    }

    func run() async throws {
        if let cancel {
            let ended: PrefetchStatus = try await server.get(Self.path(cancel), method: "DELETE")
            return try print.show(ended) { _, _ in ["\(ended.name) is ended; what it pulled stays where it is"] }
        }
        let request = PrefetchRequest(
            references: references, selector: try labels(), nodes: node.isEmpty ? nil : node, nodeCount: nodes,
            ttlSeconds: ttl.map { Double($0.components.seconds) }, hold: hold ? true : nil)
        var status: PrefetchStatus = try await server.post("/api/v1/prefetches", request)
        if let problem = status.problem { StandardError.write("warning: \(problem)\n") }
        if wait {
            StandardError.write(
                "\(status.name) until \(ClockText.short(status.endsAt)); who stops waiting doesn't end it, prefetch --cancel "
                    + "\(status.name) does\n")
            status = try await finished(status)
        }
        try print.show(status) { style, width in
            let heading = "\(status.name) until \(ClockText.short(status.endsAt))"
            return [heading] + (wait ? status.coverage?.table(style, width: width, all: print.all) ?? [] : [])
        }
        if wait, status.coverage.map(percent(of:)) ?? 0 < min ?? 100 { throw ExitCode(1) }
    }

    /// What --min is about.
    private func percent(of report: CoverageReport) -> Double {
        (hold ? report.heldPercent : report.total.percent) ?? 0
    }

    private static func path(_ name: String) -> String {
        "/api/v1/prefetches/" + QueryText.segment(QueryText.bare(name, "prefetch"))
    }

    /// Asks until the bar is reached, nothing more can come, or time is up.
    private func finished(_ first: PrefetchStatus) async throws -> PrefetchStatus {
        let timeout = timeout ?? .seconds(20 * 60)
        let deadline = ContinuousClock.now + timeout
        let bar = min ?? 100
        let pause = LookPause()
        var screen = ProgressScreen()
        var last = first
        while true {
            do {
                last = try await server.get(Self.path(first.name))
                if let report = last.coverage {
                    screen.show(report)
                    let isReached = percent(of: report) >= bar
                    if isReached || CoverageCommand.isSettled(report, held: hold) || ContinuousClock.now >= deadline {
                        screen.clear()
                        if !isReached {
                            StandardError.complain(
                                CoverageCommand.ending(report, bar: bar, timeout: timeout, held: hold))
                        }
                        return last
                    }
                }
            } catch let error as ServerError {
                // The coordinator may be starting, or being replaced. A prefetch that has ended doesn't come back.
                guard error.mayPass, error.status != 404, ContinuousClock.now < deadline else { throw error }
                screen.note("\(error.description) (still trying)")
            }
            guard ContinuousClock.now < deadline else { return last }
            try await pause.rest()
        }
    }
}

/// `coordinator prefetches`: which there are.
struct PrefetchesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prefetches",
        abstract: "List the prefetches, and how much of each is there.",
        discussion: "Exit status: 0 with an answer, even an empty one; 3 without; 64 for wrong options.")

    @OptionGroup var print: PrintOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let list: PrefetchList = try await server.get("/api/v1/prefetches")
        try print.show(list) { style, width in list.text(style, width: width) }
    }
}
