/// What a question is answered with, in every form that it may be asked for.
package protocol Answer: Encodable, Hashable, Sendable {
    /// Rows with a title line.
    var csv: [String] { get }
    /// Whether there are rows in it at all.
    static var hasTable: Bool { get }
    /// The same without what changes though nothing happens (times and ages): it makes the entity tag.
    var timeless: Self { get }
    /// Where the next page begins; nil on the last one, and where there are no pages.
    var nextCursor: String? { get }
    /// What it is about, a line each, as kubectl's `-o name` writes it: `node/NAME`, `image/NAME`. Nil where rows have no
    /// names of their own.
    var names: [String]? { get }
}

extension Answer {
    package var csv: [String] { [] }
    package static var hasTable: Bool { true }
    package var timeless: Self { self }
    package var nextCursor: String? { nil }
    package var names: [String]? { nil }
}
