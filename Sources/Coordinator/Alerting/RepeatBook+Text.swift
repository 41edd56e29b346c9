import Planning

extension RepeatBook.Subject {
    /// What is done again and again, for a log and an Event.
    var complaint: String {
        let what =
            switch self {
            case .refresh(let node, let reference): "\(reference) was asked for on node \(node)"
            case .replacement(let node): "the pod on node \(node) was replaced"
            }
        return
            "\(what) more than three times within an hour without a change of what is there: please report it with the "
            + "coordinator's log."
    }

    /// The label of metrics.
    var kind: String {
        switch self {
        case .refresh: "refresh"
        case .replacement: "replacement"
        }
    }

    static let kinds = ["refresh", "replacement"]
}
