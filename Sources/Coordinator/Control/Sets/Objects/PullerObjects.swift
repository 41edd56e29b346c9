import Cluster
import KubernetesClient

/// Which `KubernetesImagePuller` objects there are, and for how long sets stay whose objects have gone. A value without I/O.
///
/// An object that is deleted alone has gone. When its definition goes, all objects are told as deleted with it, as when the
/// operator that brought the definition is installed anew: nobody meant that the images of all of them are released. What is
/// known of them stays for ``patience``, and goes on if they come back.
struct PullerObjects: Sendable {
    struct Name: Hashable, Sendable, Comparable {
        var namespace: String
        var name: String

        static func < (left: Self, right: Self) -> Bool {
            (left.namespace, left.name) < (right.namespace, right.name)
        }
    }

    /// A definition that is installed, told from its successors.
    struct Definition: Hashable, Sendable {
        var uid: String
        var createdAt: Timestamp
    }

    struct Entry: Sendable {
        /// As it is, or was at last; nil: only its DaemonSet is known, by a run that came after it.
        var object: KubernetesImagePuller?
        /// The definition under which it was seen; nil: by none of this run, or nobody knows.
        var definition: Definition?
        /// When its DaemonSet was made, where that is all that is known.
        var madeAt: Timestamp?
        /// The object is gone, and until then what it said stays; nil: it's there, or nothing is known of that yet.
        var heldUntil: Timestamp?
    }

    private(set) var entries: [Name: Entry] = [:]
    let patience: Double

    /// - Parameter patience: seconds.
    init(patience: Double) { self.patience = patience }

    /// All objects of a namespace.
    ///
    /// - Parameters:
    ///   - namespace: nil: of all namespaces.
    ///   - definition: that they are of; nil: it can't be told, or is being deleted.
    mutating func list(
        _ objects: [KubernetesImagePuller], in namespace: String?, of definition: Definition?, at now: Timestamp
    ) {
        var missing = entries.keys.filter { namespace == nil || $0.namespace == namespace }
        let listed = Set(objects.map(Name.init))
        missing.removeAll { listed.contains($0) }
        for object in objects { note(object, of: definition) }
        for name in missing { lose(name, of: definition, at: now) }
    }

    /// An object was created or changed.
    mutating func note(_ object: KubernetesImagePuller, of definition: Definition?) {
        entries[Name(object)] = Entry(object: object, definition: definition)
    }

    /// An object isn't there any more.
    ///
    /// - Parameter definition: that is installed now; nil: none, it is being deleted, or it can't be told.
    mutating func lose(_ name: Name, of definition: Definition?, at now: Timestamp) {
        guard let entry = entries[name], entry.heldUntil == nil else { return }
        if let definition, wasDeletedAlone(entry, under: definition) {
            entries[name] = nil
        } else {
            entries[name]?.heldUntil = now + patience
        }
    }

    private func wasDeletedAlone(_ entry: Entry, under definition: Definition) -> Bool {
        if let seen = entry.definition { return seen == definition }
        // What was made under a former definition may have lost its object with that.
        return entry.madeAt.map { $0 >= definition.createdAt } ?? false
    }

    /// There's no definition, and so no object.
    mutating func loseAll(at now: Timestamp) {
        for name in entries.keys { lose(name, of: nil, at: now) }
    }

    /// A DaemonSet of an earlier run says that there was such an object.
    mutating func recall(_ name: Name, madeAt: Timestamp) {
        guard entries[name] == nil else { return }
        entries[name] = Entry(madeAt: madeAt)
    }

    /// Forgets those whose time is over.
    ///
    /// - Returns: them.
    mutating func expire(at now: Timestamp) -> [Name] {
        let over = entries.filter { $0.value.heldUntil.map { $0 <= now } ?? false }.keys.sorted()
        for name in over { entries[name] = nil }
        return over
    }

    /// When the next one's time is over.
    var nextExpiry: Timestamp? { entries.values.compactMap(\.heldUntil).min() }
}

extension PullerObjects.Name {
    init(_ object: KubernetesImagePuller) {
        self.init(namespace: object.metadata.namespace ?? "", name: object.metadata.name)
    }

    /// `namespace/name`.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(namespace: String(parts[0]), name: String(parts[1]))
    }

    var text: String { "\(namespace)/\(name)" }
}
