/// A port that is known once the listener runs.
package typealias PortPromise = Promise<Int>

/// A value that comes later, once.
package actor Promise<Value: Sendable> {
    private var kept: Value?
    private var waiting: [UInt64: CheckedContinuation<Value?, Never>] = [:]
    private var lastID: UInt64 = 0

    package init() {}

    /// Only the first value counts.
    package func fulfil(_ value: Value) {
        guard kept == nil else { return }
        kept = value
        for continuation in waiting.values { continuation.resume(returning: value) }
        waiting = [:]
    }

    package var isKept: Bool { kept != nil }

    /// Waits for the value.
    /// - Throws: `CancellationError`, when it hasn't come and nobody waits any more.
    package var value: Value {
        get async throws {
            if let kept { return kept }
            lastID += 1
            let id = lastID
            let value: Value? = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    if Task.isCancelled { continuation.resume(returning: nil) } else { waiting[id] = continuation }
                }
            } onCancel: {
                Task { await abandon(id) }
            }
            guard let value else { throw CancellationError() }
            return value
        }
    }

    private func abandon(_ id: UInt64) { waiting.removeValue(forKey: id)?.resume(returning: nil) }
}
