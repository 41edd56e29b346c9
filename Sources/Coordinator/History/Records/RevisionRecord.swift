/// What became of one edit of the configuration: a revision when it was accepted, a rejected edit otherwise.
struct RevisionRecord: Sendable, Codable, Hashable {
    /// Which image set it configures, in the caller's words (the ConfigMap's namespace and name).
    var imageSet: String
    /// The revision's number. Nil for a rejected edit.
    var number: Int64?
    /// Milliseconds since 1970, by the coordinator's clock.
    var at: Int64
    /// The ConfigMap's `data` as it was written.
    var data: [String: String]
    /// Findings as a JSON document, in the caller's form.
    var findings: String = "[]"

    var isAccepted: Bool { number != nil }
}
