import Shared

extension ObjectStore {
    /// One open watch.
    struct Watcher {
        let type: ResourceType
        let namespace: String?
        let continuation: AsyncStream<WatchEvent>.Continuation
    }

    /// A watch and the number to end it by.
    struct Watch: Sendable {
        let id: Int
        let events: AsyncStream<WatchEvent>
    }

    /// Every change after a resource version, in order; nil begins now.
    ///
    /// The stream ends when its reader is dropped or cancelled, by ``endWatch(_:)``, or when the reader falls
    /// `bufferLimit` changes behind (the real API server drops slow watchers so too).
    /// Throws 410 when the version is too old, and 504 when it lies in the future.
    func watch(
        _ type: ResourceType, namespace: String? = nil, from resourceVersion: Int? = nil
    ) throws(APIError) -> AsyncStream<WatchEvent> {
        try openWatch(type, namespace: namespace, from: resourceVersion).events
    }

    /// ``watch(_:namespace:from:)`` for those who want bookmarks or want to end it from elsewhere.
    func openWatch(
        _ type: ResourceType, namespace: String? = nil, from resourceVersion: Int? = nil, bufferLimit: Int = 20_000
    ) throws(APIError) -> Watch {
        let start = resourceVersion ?? revision
        guard start <= revision else { throw .tooLargeVersion(start, current: revision) }
        let table = table(type)
        guard let missed = table.changes(after: start) else { throw .expiredWatch(start, oldest: table.oldest) }
        lastWatcher += 1
        let id = lastWatcher
        let (stream, continuation) = AsyncStream.makeStream(
            of: WatchEvent.self, bufferingPolicy: .bufferingOldest(bufferLimit))
        watchers[id] = Watcher(type: type.storage, namespace: namespace, continuation: continuation)
        for event in missed where namespace == nil || event.stored?.key.namespace == namespace {
            send(event, to: id)
        }
        continuation.onTermination = { [weak self] _ in
            Task { await self?.endWatch(id) }
        }
        return Watch(id: id, events: stream)
    }

    /// Puts a bookmark behind everything that a watch has been told.
    func bookmark(_ id: Int) {
        send(WatchEvent(kind: .bookmark, stored: nil, previous: nil, resourceVersion: revision), to: id)
    }

    func endWatch(_ id: Int) {
        watchers.removeValue(forKey: id)?.continuation.finish()
    }

    /// How many watches are open.
    var watchCount: Int { watchers.count }

    func tell(_ event: WatchEvent, type: ResourceType, namespace: String) {
        for (id, watcher) in watchers
        where watcher.type == type && (watcher.namespace == nil || watcher.namespace == namespace) {
            send(event, to: id)
        }
    }

    private func send(_ event: WatchEvent, to id: Int) {
        guard let watcher = watchers[id] else { return }
        if case .enqueued = watcher.continuation.yield(event) { return }
        endWatch(id)
    }
}
