/// What became of one edit of the configuration: a revision when it was accepted, a rejected edit otherwise.
package struct RevisionRecord: Sendable, Codable, Hashable {
    /// Which image set it configures, in the caller's words (the ConfigMap's namespace and name).
    package var imageSet: String
    /// The revision's number. Nil for a rejected edit.
    package var number: Int64?
    /// Milliseconds since 1970, by the coordinator's clock.
    package var at: Int64
    /// The ConfigMap's `data` as it was written.
    package var data: [String: String]
    /// Findings as a JSON document, in the caller's form.
    package var findings: String = "[]"

    package init(imageSet: String, number: Int64? = nil, at: Int64, data: [String: String], findings: String = "[]") {
        self.imageSet = imageSet
        self.number = number
        self.at = at
        self.data = data
        self.findings = findings
    }

    var isAccepted: Bool { number != nil }
}
