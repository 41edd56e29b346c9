import Shared

extension APIHandler {
    /// A watch. Without a resource version (or with 0) it begins by telling the objects that exist as added;
    /// with `sendInitialEvents` it says when it is through with those.
    func watch(_ request: APIRequest, _ path: ResourcePath) async throws(APIError) -> APIAnswer {
        let selection = try Selection(request, path)
        let version = try ListQuery.version(request.parameter("resourceVersion"))
        let initial = request.query["sendInitialEvents"].map { _ in request.flag("sendInitialEvents") }
        if initial != nil, request.parameter("resourceVersionMatch") != "NotOlderThan" {
            throw .invalidListOptions(
                "resourceVersionMatch",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        }
        let allowsBookmarks = request.flag("allowWatchBookmarks")
        var session = WatchSession(
            type: path.type, selection: selection, store: store, openWatches: openWatches,
            bookmarkInterval: allowsBookmarks ? bookmarkInterval : nil,
            timeout: .seconds(request.parameter("timeoutSeconds").flatMap(Int.init) ?? .random(in: 1_800...3_600)))
        let sendsState = initial ?? ((version ?? 0) == 0)
        do throws(APIError) {
            if sendsState {
                if let version, version > 0 {
                    let current = await store.revision
                    if version > current { throw .tooLargeVersion(version, current: current) }
                }
                let state = try await store.snapshot(path.type, namespace: path.namespace, at: nil)
                session.initial = state.objects
                session.marksInitialEnd = initial == true && allowsBookmarks ? state.resourceVersion : nil
                session.watch = try await store.openWatch(
                    path.type, namespace: path.namespace, from: state.resourceVersion)
            } else {
                // A version that hasn't come yet is waited for: what lies before it isn't told.
                let current = await store.revision
                session.after = max(version ?? 0, 0)
                let start = version.map { min($0, current) } ?? current
                session.watch = try await store.openWatch(
                    path.type, namespace: path.namespace, from: start == 0 ? current : start)
            }
        } catch {
            // What a watch can't begin with is told inside the stream, under status 200 (measured).
            guard error.code == 410 else { throw error }
            session.failure = error
        }
        if let id = session.watch?.id { openWatches.add(id) }
        return .watch(session)
    }

    /// Ends every open watch of every client.
    /// - Parameter abruptly: break the connections instead of ending the answers.
    func dropWatches(abruptly: Bool = false) async {
        for id in openWatches.drop(abruptly: abruptly) { await store.endWatch(id) }
    }
}
