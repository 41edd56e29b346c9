/// A report that says that nothing changed: what is in it beside what its agent said before.
package struct Heartbeat: Sendable, Hashable {
    package var sequence: UInt64 = 0
    /// The newest report whose answer the agent has.
    package var acknowledged: UInt64 = 0
    /// Age of the newest listing of the runtime's images, in milliseconds.
    package var inventoryAgeMilliseconds: UInt64 = 0
    /// Of the images' file system, in bytes.
    package var capacityBytes: UInt64 = 0
    package var freeBytes: UInt64 = 0

    package init() {}
}
