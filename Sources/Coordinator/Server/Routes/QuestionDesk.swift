import Hummingbird
import Planning
import Shared

/// What all questions are answered from.
struct QuestionDesk: Sendable {
    let loop: ControlLoop
    let configurationStatus: @Sendable () async -> ConfigurationStatus

    func parameters(_ request: Request) -> QueryParameters { QueryParameters(request, now: loop.clock.now) }

    /// - Throws: ``ProblemDocument`` (503) before the first accepted revision and the first list of the cluster.
    func snapshot() async throws -> Snapshot {
        guard let snapshot = await loop.snapshot() else {
            throw ProblemDocument(
                .serviceUnavailable, "not-ready", title: "There's nothing to report yet",
                detail: "The coordinator has no accepted configuration, or hasn't listed the cluster yet; "
                    + "/api/v1/configuration says what it made of the ConfigMap.")
        }
        return snapshot
    }

    /// The image set whose revisions are meant: `namespace/name` of the ConfigMap.
    var imageSet: String { get async { await configurationStatus().configMap } }

    /// Asks history.
    ///
    /// - Throws: ``ProblemDocument`` (503) when it can't be read, with the reason and the next step.
    func history<Value: Sendable>(_ body: (HistoryStore) async throws -> Value) async throws -> Value {
        do {
            guard let store = loop.history.queries else {
                throw HistoryError(kind: .other, path: "", detail: "none is kept")
            }
            return try await body(store)
        } catch let error as HistoryError {
            throw ProblemDocument(
                .serviceUnavailable, "history-unavailable", title: "History can't be read", detail: "\(error)")
        }
    }

    /// The reference that history knows an image by: an entry's name stands for its reference.
    func reference(_ image: String?) async -> String? {
        guard let image else { return nil }
        let entry = await loop.configuration?.images.first { $0.name == image }
        return entry?.reference.written ?? image
    }

    func grouping(_ parameters: QueryParameters) throws -> CoverageGrouping {
        let by = try parameters.text("by") ?? "image"
        guard let grouping = CoverageGrouping(by) else {
            throw ProblemDocument(
                .badRequest, "unknown-grouping", title: "Coverage can't be grouped like that",
                detail: "\"\(by)\" is none of image, node, zone, label:KEY and all.")
        }
        return grouping
    }

    /// The filter that history's lists share.
    func filter(_ parameters: QueryParameters) async throws -> HistoryFilter {
        HistoryFilter(
            node: try parameters.text("node"), image: await reference(try parameters.text("image")),
            since: try parameters.moment("since")?.milliseconds, until: try parameters.moment("until")?.milliseconds)
    }
}
