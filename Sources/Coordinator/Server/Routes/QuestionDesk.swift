import Cluster
import ConfigurationParsing
import Control
import Formatting
import GRDB
import HTTPListener
import History
import Hummingbird
import ImageSets
import Planning
import Reporting
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

    /// The same of another image set, under which history keeps its revisions; nil: `default`.
    ///
    /// - Throws: ``ProblemDocument`` (404) when there's no such set that has one.
    func configMap(of set: String?) async throws -> String {
        let status = await configurationStatus()
        guard let set, set != ImageSet.defaultName else { return status.configMap }
        let sets = status.sets ?? []
        guard let own = sets.first(where: { $0.imageSet == set }) else {
            throw Self.unknownSet(set, among: [ImageSet.defaultName] + sets.compactMap(\.imageSet))
        }
        return own.historyName
    }

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
            throw ProblemDocument(error)
        }
    }

    /// Asks history for what an answer can do without; nil when none is kept.
    func past<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(HistoryError) -> Value? {
        guard let store = loop.history.queries else { return nil }
        do {
            return try await store.read(body)
        } catch {
            throw HistoryError(error, path: store.configuration.location.path)
        }
    }

    /// What is listed under an entry's name, or under a reference as it's written anywhere.
    static func column(of image: String, in images: [ImageEntry]) -> Int? {
        if let column = images.firstIndex(where: { $0.name == image }) { return column }
        guard let normalised = try? ImageReference(image).normalised else { return nil }
        return images.firstIndex { $0.reference.normalised == normalised }
    }

    /// The reference that history knows an image by: an entry's name stands for its reference, of former lists too.
    ///
    /// - Throws: ``ProblemDocument`` (404) when neither the list nor history has such an image.
    func reference(_ image: String) async throws -> String {
        let images = await loop.listedImages
        if let column = Self.column(of: image, in: images) { return images[column].reference.written }
        let set = await imageSet
        let known = try await history { store in
            try await store.read { db in try HistoryNames.reference(image, imageSet: set, db) }
        }
        guard let known else {
            let names = images.map(\.name).prefix(20).joined(separator: ", ")
            let hint = NearestName.hint(for: image, among: images.map(\.name) + images.map(\.reference.written))
            throw ProblemDocument(
                .notFound, "unknown-image", title: "There is no such image",
                detail: "\"\(image)\" is neither the name nor the reference of an entry, and history remembers none. "
                    + "The list has: \(names.isEmpty ? "nothing" : names).\(hint)")
        }
        return known
    }

    /// The names of the entries that references have, or had when a list had them last.
    func names(of references: [String]) async -> EntryNames {
        let images = await loop.listedImages
        let strange = Set(references).subtracting(images.map(\.reference.written))
        guard !strange.isEmpty, let store = loop.history.queries else { return EntryNames(images) }
        let set = await imageSet
        // Names are for convenience: what history can't tell is left out.
        let former = try? await store.read { db in try HistoryNames.entries(of: strange, imageSet: set, db) }
        return EntryNames(images, former: former ?? [:])
    }

    /// - Throws: ``ProblemDocument`` (404) when neither the cluster nor history has such a node.
    private func checkNode(_ name: String) async throws {
        let nodes = await loop.cluster.nodes
        if nodes[name] != nil { return }
        let isKnown = try await history { store in
            try await store.read { db in try HistoryNames.hasNode(name, db) }
        }
        guard isKnown else {
            throw ProblemDocument(
                .notFound, "unknown-node", title: "There is no such node",
                detail: "The cluster has no node \"\(name)\", and history remembers none."
                    + NearestName.hint(for: name, among: nodes.keys))
        }
    }

    /// - Throws: ``ProblemDocument`` (404) when there is no such image set.
    func checkSet(_ name: String?, in snapshot: Snapshot) throws {
        if let name, !snapshot.setNames.contains(name) { throw Self.unknownSet(name, among: snapshot.setNames) }
    }

    /// The image set of a question about the past.
    ///
    /// - Throws: ``ProblemDocument`` (404) when there is no such image set, and history remembers none.
    func knownSet(_ parameters: QueryParameters) async throws -> String? {
        guard let set = try parameters.set() else { return nil }
        let live = await loop.setNames
        if live.contains(set) { return set }
        let known = try await history { store in try await store.read { db in try SetHistory.names(db) } }
        guard known.contains(set) else {
            throw Self.unknownSet(set, among: live + known.subtracting(live).sorted())
        }
        return set
    }

    static func unknownSet(_ name: String, among names: [String]) -> ProblemDocument {
        let shown = names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", ..." : "")
        return ProblemDocument(
            .notFound, "unknown-set", title: "There is no such image set",
            detail: "\"\(name)\" is none of the image sets. There are: \(shown)."
                + NearestName.hint(for: name, among: names))
    }

    func grouping(_ parameters: QueryParameters) throws -> CoverageGrouping {
        let by = parameters["by"] ?? "image"
        guard let grouping = CoverageGrouping(by) else {
            throw ProblemDocument(
                .badRequest, "unknown-grouping", title: "Coverage can't be grouped like that",
                detail: "\"\(by)\" is none of image, node, zone, set, label:KEY and all.")
        }
        return grouping
    }

    /// The filter that history's lists share.
    func filter(_ parameters: QueryParameters) async throws -> HistoryFilter {
        let (since, until) = (try parameters.moment("since"), try parameters.moment("until"))
        if let since, let until { try QueryParameters.checkOrder(since, until) }
        let (node, image) = (try parameters.text("node"), try parameters.text("image"))
        if let node { try await checkNode(node) }
        var filter = HistoryFilter(node: node, since: since?.milliseconds, until: until?.milliseconds)
        if let image { filter.image = try await reference(image) }
        return filter
    }
}

extension ProblemDocument {
    /// Why a question about the past has no answer.
    init(_ error: HistoryError) {
        self.init(.serviceUnavailable, "history-unavailable", title: "History can't be read", detail: "\(error)")
    }
}
