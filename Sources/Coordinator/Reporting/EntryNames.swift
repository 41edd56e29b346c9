import ImageSets
import Planning
import Shared

/// The names of image entries by their references: history knows images by reference alone.
package struct EntryNames: Sendable {
    private var names: [String: String] = [:]

    package init() {}

    /// - Parameters:
    ///   - images: the list in force. Of entries with one reference the first counts.
    ///   - former: names of former lists by references; those of the list in force come first.
    package init(_ images: [ImageEntry], former: [String: String] = [:]) {
        names = former
        for image in images.reversed() { names[image.reference.written] = image.name }
    }

    /// Nil when no list that is remembered has had it.
    package subscript(reference: String) -> String? { names[reference] }
}
