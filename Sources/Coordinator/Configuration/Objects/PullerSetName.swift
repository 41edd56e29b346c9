import ImageSets
import Shared

/// How the image set of a `KubernetesImagePuller` object is called, and its DaemonSet: always the same, whatever others come
/// and go.
package enum PullerSetName {
    /// The object's name, or with its namespace before it where that isn't the coordinator's own. No two objects have one.
    ///
    /// - Parameter own: the coordinator's namespace.
    package static func set(namespace: String, name: String, own: String) -> String {
        // A namespace has no dots: what stands before the first one is a namespace, or nothing does.
        let isPlain = namespace == own && !name.contains(".") && name != ImageSet.defaultName
        return bounded(isPlain ? name : "\(namespace).\(name)", 63)
    }

    /// - Parameter isAway: the DaemonSet isn't in the object's namespace.
    package static func daemonSet(namespace: String, name: String, isAway: Bool) -> String {
        bounded("\(Configuration().daemonSetName)-\(isAway ? "\(namespace)-" : "")\(name)", 63)
    }

    /// What is too long ends with a sum of the whole.
    private static func bounded(_ text: String, _ most: Int) -> String {
        guard text.utf8.count > most else { return text }
        let hash = text.utf8.reduce(0x811C_9DC5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        let sum = String(repeating: "0", count: 8 - digits.count) + digits
        var head = text.prefix(most - 9)
        while let last = head.last, last == "." || last == "-" { head.removeLast() }
        return "\(head)-\(sum)"
    }
}
