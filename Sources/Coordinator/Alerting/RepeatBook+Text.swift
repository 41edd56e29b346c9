import Planning

extension RepeatBook.Subject {
    /// What is done again and again, for a log and an Event.
    var complaint: String {
        let what = reference.map { "\($0) was asked for on node \(node)" } ?? "the pod on node \(node) was replaced"
        return
            "\(what) more than three times within an hour without a change of what is there: please report it with the "
            + "coordinator's log."
    }

    /// The label of metrics.
    var kind: String { reference == nil ? "replacement" : "refresh" }

    static let kinds = ["refresh", "replacement"]
}
