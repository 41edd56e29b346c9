/// Runs one thing after the other, in the order in which they were added.
struct TaskQueue {
    private var last: Task<Void, Never>?

    /// - Returns: the task, which begins when those that were added before have ended.
    mutating func add(_ work: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        let former = last
        let task = Task {
            await former?.value
            await work()
        }
        last = task
        return task
    }
}
