import Shared

/// A connection that is to be broken in the middle of its answer.
struct ConnectionBroken: Error {}

/// One watch of one client: writes its events, a line each, until something ends it.
struct WatchSession: Sendable {
    let type: ResourceType
    let selection: Selection
    let store: ObjectStore
    let openWatches: OpenWatches
    /// Nil when the client wants no bookmarks.
    let bookmarkInterval: Duration?
    let timeout: Duration
    /// Objects to tell as added before anything else.
    var initial: [StoredObject] = []
    /// The revision of a bookmark that ends the initial events.
    var marksInitialEnd: Int?
    /// Changes up to this revision are not told.
    var after = 0
    var watch: ObjectStore.Watch?
    /// Told instead of events, when the watch couldn't begin.
    var failure: APIError?

    /// Runs until the timeout, the end of the store's watch, or an error of `write`.
    func run(_ write: ([UInt8]) async throws -> Void) async throws {
        if let failure {
            try await write(line("ERROR", failure.status.encoded()))
            return
        }
        guard let watch else { return }
        let timers = startTimers(watch.id)
        defer { timers.forEach { $0.cancel() } }
        do {
            for object in initial where selection.matches(object.value) {
                try await write(line("ADDED", EventView.fullText(object, as: type)))
            }
            if let marksInitialEnd {
                try await write(line("BOOKMARK", Bookmark.text(type, marksInitialEnd, endsInitialEvents: true)))
            }
            for await event in watch.events where event.resourceVersion > after || event.kind == .bookmark {
                if let text = text(of: event) { try await write(text) }
            }
        } catch {
            _ = openWatches.remove(watch.id)
            await end()
            throw error
        }
        if openWatches.remove(watch.id) { throw ConnectionBroken() }
    }

    /// Ends the watch from outside: its client has gone.
    func end() async {
        if let watch { await store.endWatch(watch.id) }
    }

    private func text(of event: WatchEvent) -> [UInt8]? {
        guard let kind = selection.seen(event) else { return nil }
        guard let stored = event.stored else {
            return line("BOOKMARK", Bookmark.text(type, event.resourceVersion))
        }
        // An object that leaves the selection is told as it was when it was last in it, with the new version.
        let told =
            kind == .deleted && event.kind != .deleted ? (event.previous ?? stored).withVersion(of: stored) : stored
        return line(kind.rawValue, EventView.fullText(told, as: type))
    }

    private func line(_ kind: String, _ object: [UInt8]) -> [UInt8] {
        Array(#"{"type":"\#(kind)","object":"#.utf8) + object + Array("}\n".utf8)
    }

    private func startTimers(_ id: Int) -> [Task<Void, Never>] {
        let (store, interval, timeout) = (store, bookmarkInterval, timeout)
        var timers = [
            Task {
                guard (try? await Task.sleep(for: timeout)) != nil else { return }
                // The real one sends a last bookmark too, so that the next watch begins as late as possible.
                if interval != nil { await store.bookmark(id) }
                await store.endWatch(id)
            }
        ]
        if let interval {
            timers.append(
                Task {
                    while (try? await Task.sleep(for: interval)) != nil { await store.bookmark(id) }
                })
        }
        return timers
    }
}

extension StoredObject {
    /// This version's content under another version's number.
    func withVersion(of other: StoredObject) -> StoredObject {
        var value = value
        value.set("metadata", "resourceVersion", to: .string(String(other.resourceVersion)))
        return StoredObject(type: type, key: key, value: value, resourceVersion: other.resourceVersion)
    }
}

/// The objects that bookmarks carry: a version in an otherwise empty object of the watched type.
enum Bookmark {
    static func text(_ type: ResourceType, _ version: Int, endsInitialEvents: Bool = false) -> [UInt8] {
        var object: JSONValue = ["metadata": ["resourceVersion": .string(String(version))]]
        // Written as the real API server writes a Go struct that is empty (captured).
        switch type {
        case .pods:
            object["spec"] = ["containers": .null]
            object["status"] = .object([:])
        case .daemonSets:
            object.set("metadata", "annotations", Admission.templateGeneration, to: "0")
            object["spec"] = [
                "selector": .null, "template": ["metadata": [:], "spec": ["containers": .null]],
                "updateStrategy": [:],
            ]
            object["status"] = [
                "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0,
            ]
        case .nodes, .namespaces, .deployments, .replicaSets, .services:
            object["spec"] = .object([:])
            object["status"] = .object([:])
        default: break
        }
        if endsInitialEvents {
            object.set("metadata", "annotations", "k8s.io/initial-events-end", to: "true")
        }
        return StoredObject.text(type: type, item: object.encoded())
    }
}
