import FoundationEssentials
import Shared

/// Every object of the simulated cluster, as plain JSON, under one counter of revisions.
///
/// It keeps what the real API server promises: each change raises the resource version, a write with an old one is
/// refused, a watch tells every change after the version that it begins at, in order, or says that the version is
/// too old. Everything that happens because of a write (a generation that rises, dependents that are collected)
/// happens before the call returns.
actor ObjectStore {
    /// Whether a write is of the object or of its status alone.
    enum Subresource: Sendable {
        case none, status
        /// Of pods: containers that are added while they run.
        case ephemeralContainers
    }

    /// The last change's resource version.
    private(set) var revision: Int
    private var tables: [ResourceType: ObjectTable]
    private let historyLimit: Int
    let now: @Sendable () -> Date
    var watchers: [Int: Watcher] = [:]
    var lastWatcher = 0

    /// - Parameters:
    ///   - historyLimit: how many changes of each type are kept, at least; a watch that begins before them gets 410.
    ///   - now: the clock that timestamps come from.
    init(historyLimit: Int = 5_000, now: @escaping @Sendable () -> Date = { Date() }) {
        self.historyLimit = historyLimit
        self.now = now
        // A fresh cluster has these.
        var table = ObjectTable(historyLimit: historyLimit)
        var revision = 1
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            revision += 1
            let event = ObjectStore.seedNamespace(name, revision: revision, date: now())
            table.apply(event, at: ObjectKey(nil, name))
        }
        self.revision = revision
        tables = [.namespaces: table]
    }

    func get(_ type: ResourceType, namespace: String? = nil, name: String) -> JSONValue? {
        stored(type, ObjectKey(namespace, name))?.value
    }

    /// The objects of a type, of one namespace or (nil) of all, in the order of the real storage.
    func list(_ type: ResourceType, namespace: String? = nil) -> (items: [JSONValue], resourceVersion: Int) {
        (ObjectStore.select(table(type).objects, namespace).map(\.value), revision)
    }

    /// The objects as they were at a revision; nil is now. Throws 410 when it isn't kept any more, 504 when it
    /// hasn't come yet.
    func snapshot(
        _ type: ResourceType, namespace: String?, at past: Int?
    ) throws(APIError) -> (objects: [StoredObject], resourceVersion: Int) {
        let table = table(type)
        guard let past else { return (ObjectStore.select(table.objects, namespace), revision) }
        guard past <= revision else { throw .tooLargeVersion(past, current: revision) }
        guard let objects = table.objects(at: past) else { throw .expiredList }
        return (ObjectStore.select(objects, namespace), past)
    }

    /// Forgets all past changes, so that every list and watch that would begin there is told 410.
    func compact() {
        for type in tables.keys { tables[type]?.compact() }
    }

    func stored(_ type: ResourceType, _ key: ObjectKey) -> StoredObject? { table(type).objects[key] }

    func table(_ type: ResourceType) -> ObjectTable {
        tables[type.storage] ?? ObjectTable(historyLimit: historyLimit)
    }

    /// Writes an object, whatever it is, and tells the watchers.
    @discardableResult
    func put(_ type: ResourceType, _ key: ObjectKey, _ value: JSONValue) -> StoredObject {
        let previous = stored(type, key)
        return record(type, key, value, kind: previous == nil ? .added : .modified, previous: previous)
    }

    /// Takes an object away, tells the watchers, and then does what follows from its absence.
    func remove(_ type: ResourceType, _ key: ObjectKey) {
        guard let previous = stored(type, key) else { return }
        let last = record(type, key, previous.value, kind: .deleted, previous: previous)
        collectDependents(of: last)
        finishNamespace(key.namespace)
    }

    private func record(
        _ type: ResourceType, _ key: ObjectKey, _ value: JSONValue, kind: WatchEvent.Kind, previous: StoredObject?
    ) -> StoredObject {
        revision += 1
        var value = value
        value["apiVersion"] = .string(type.storage.apiVersion)
        value["kind"] = .string(type.kind)
        value.set("metadata", "resourceVersion", to: .string(String(revision)))
        let object = StoredObject(type: type.storage, key: key, value: value, resourceVersion: revision)
        let event = WatchEvent(kind: kind, stored: object, previous: previous, resourceVersion: revision)
        tables[type.storage, default: ObjectTable(historyLimit: historyLimit)].apply(event, at: key)
        tell(event, type: type.storage, namespace: key.namespace)
        return object
    }

    private static func select(_ objects: [ObjectKey: StoredObject], _ namespace: String?) -> [StoredObject] {
        objects.values.filter { namespace == nil || $0.key.namespace == namespace }.sorted { $0.key < $1.key }
    }

    private static func seedNamespace(_ name: String, revision: Int, date: Date) -> WatchEvent {
        var value: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        value.set("metadata", "uid", to: .string(UUID().uuidString.lowercased()))
        value.set("metadata", "creationTimestamp", to: .string(timestamp(date)))
        value.set("metadata", "resourceVersion", to: .string(String(revision)))
        value.set("metadata", "labels", to: ["kubernetes.io/metadata.name": .string(name)])
        value["spec"] = ["finalizers": ["kubernetes"]]
        value["status"] = ["phase": "Active"]
        let object = StoredObject(
            type: .namespaces, key: ObjectKey(nil, name), value: value, resourceVersion: revision)
        return WatchEvent(kind: .added, stored: object, previous: nil, resourceVersion: revision)
    }
}
