/// What a Lease says of who leads, as far as candidates go by it.
///
/// The times in a Lease are for people: they are other machines' clocks.
struct LeaseRecord: Sendable, Hashable {
    /// Empty: nobody leads.
    var holder = ""
    /// For how long, after its last renewal, others leave the holder alone.
    var duration = Duration.seconds(10)
    /// How often the lease has gone from one to another.
    var transitions = 0
}
