/// The image sets beside `default` at a moment, and which nodes each set was for, by the nodes' numbers.
package struct RecordedSets: Sendable, Hashable {
    /// In the order in which reports have them.
    package var sets: [RecordedSet] = []
    /// Nodes that `default` isn't for, though they are target nodes.
    package var excluded: Set<Int64> = []

    package init() {}

    package var isEmpty: Bool { sets.isEmpty && excluded.isEmpty }

    package subscript(name: String) -> RecordedSet? { sets.first { $0.name == name } }

    mutating func apply(_ event: SetEvent) {
        switch event {
        case .sets(let names): sets = names.map { self[$0] ?? RecordedSet(name: $0) }
        case .list(let name, let list): change(name) { $0.list = list }
        case .nodes(let name?, let entered, let left):
            change(name) { $0.nodes = $0.nodes.union(entered).subtracting(left) }
        case .nodes(nil, let entered, let left): excluded = excluded.union(left).subtracting(entered)
        }
    }

    private mutating func change(_ name: String, _ body: (inout RecordedSet) -> Void) {
        guard let index = sets.firstIndex(where: { $0.name == name }) else { return }
        body(&sets[index])
    }

    /// What leads from here to there.
    func events(to new: RecordedSets) -> [SetEvent] {
        var events: [SetEvent] = []
        if sets.map(\.name) != new.sets.map(\.name) { events.append(.sets(new.sets.map(\.name))) }
        for set in new.sets {
            let old = self[set.name] ?? RecordedSet(name: set.name)
            if set.list != old.list { events.append(.list(set.name, set.list)) }
            let (entered, left) = (set.nodes.subtracting(old.nodes), old.nodes.subtracting(set.nodes))
            if !entered.isEmpty || !left.isEmpty { events.append(.nodes(set.name, entered: entered, left: left)) }
        }
        if excluded != new.excluded {
            events.append(
                .nodes(
                    nil, entered: excluded.subtracting(new.excluded), left: new.excluded.subtracting(excluded)))
        }
        return events
    }
}

/// One image set at a moment.
package struct RecordedSet: Sendable, Hashable {
    /// What a set lists.
    package struct List: Sendable, Hashable, Codable {
        package struct Image: Sendable, Hashable, Codable {
            package var name: String
            /// As its user wrote it.
            package var reference: String

            package init(name: String, reference: String) {
                self.name = name
                self.reference = reference
            }
        }

        package var images: [Image]
        /// Whether containers of a DaemonSet hold them.
        package var isHeld: Bool

        package init(images: [Image] = [], isHeld: Bool = false) {
            self.images = images
            self.isHeld = isHeld
        }
    }

    package var name: String
    package var list = List()
    package var nodes: Set<Int64> = []
}
