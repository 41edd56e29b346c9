/// A port that is known once the listener runs.
actor PortPromise {
    private var port: Int?
    private var waiting: [UInt64: CheckedContinuation<Int?, Never>] = [:]
    private var lastID: UInt64 = 0

    func fulfil(_ port: Int) {
        self.port = port
        for continuation in waiting.values { continuation.resume(returning: port) }
        waiting = [:]
    }

    /// - Throws: `CancellationError`, when the listener never came up and nobody waits any more.
    var value: Int {
        get async throws {
            if let port { return port }
            lastID += 1
            let id = lastID
            let port: Int? = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    if Task.isCancelled { continuation.resume(returning: nil) } else { waiting[id] = continuation }
                }
            } onCancel: {
                Task { await abandon(id) }
            }
            guard let port else { throw CancellationError() }
            return port
        }
    }

    private func abandon(_ id: UInt64) { waiting.removeValue(forKey: id)?.resume(returning: nil) }
}
