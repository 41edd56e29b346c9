/// The image sets beside `default` as they are, and which nodes each set is for.
package struct SetNote: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package var name: String
        package var list: RecordedSet.List
        package var nodes: Set<String>

        package init(name: String, list: RecordedSet.List, nodes: Set<String>) {
            self.name = name
            self.list = list
            self.nodes = nodes
        }
    }

    /// In the order in which reports have them.
    package var sets: [Entry]
    /// Target nodes that `default` isn't for.
    package var excluded: Set<String>

    package init(sets: [Entry] = [], excluded: Set<String> = []) {
        self.sets = sets
        self.excluded = excluded
    }
}
