/// Whoever counts what a client does. Called on whatever task the request runs on: it must be quick.
package protocol ClientObserver: Sendable {
    /// - Parameters:
    ///   - operation: begins with the verb: `get configmaps "x"`.
    ///   - status: nil when no answer came.
    func requestEnded(_ operation: String, status: Int?)
    /// A watch that had begun was interrupted, and begins anew.
    func watchRestarted(_ type: ResourceType)
}
