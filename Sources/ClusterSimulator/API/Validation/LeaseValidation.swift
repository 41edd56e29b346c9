import Shared

/// What the API server checks of a Lease.
enum LeaseValidation {
    static func faults(_ lease: JSONValue) -> [FieldFault] {
        var faults: [FieldFault] = []
        if let seconds = lease.at("spec", "leaseDurationSeconds")?.integerValue, seconds <= 0 {
            faults.append(.invalid("spec.leaseDurationSeconds", .integer(seconds), "must be greater than 0"))
        }
        if let transitions = lease.at("spec", "leaseTransitions")?.integerValue, transitions < 0 {
            faults.append(
                .invalid("spec.leaseTransitions", .integer(transitions), "must be greater than or equal to 0"))
        }
        return faults
    }

    /// A Lease is never replaced unconditionally.
    static let withoutVersion = FieldFault.invalid(
        "metadata.resourceVersion", .integer(0), "must be specified for an update")

    /// What Go's decoder says of a text that is no `MicroTime`; nil when it is one.
    static func microTimeFault(_ text: String) -> String? {
        let layout = "2006-01-02T15:04:05.000000Z07:00"
        let time = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})/
        guard text.wholeMatch(of: time) == nil else { return nil }
        return #"parsing time "\#(text)" as "\#(layout)": cannot parse "\#(text)""#
    }
}
