@testable import Leadership

/// The API server's side of a Lease, as its optimistic concurrency has it.
struct LeaseServerModel {
    private(set) var record: LeaseRecord?
    private var version = 0
    /// Who wrote, in the order of the writes that succeeded.
    private(set) var writers: [String] = []
    /// How often it was asked.
    private(set) var requests = 0

    mutating func answer(_ step: LeaderElection.Step, from candidate: String) -> LeaderElection.Answer {
        requests += 1
        switch step {
        case .read, .wait, .end:
            guard let record else { return .absent }
            return .read(record, version: String(version))
        case .create(let new):
            guard record == nil else { return .conflict }
            return write(new, candidate)
        case .replace(let new, let given):
            guard record != nil else { return .absent }
            guard given == String(version) else { return .conflict }
            return write(new, candidate)
        }
    }

    mutating func delete() { record = nil }

    private mutating func write(_ new: LeaseRecord, _ candidate: String) -> LeaderElection.Answer {
        record = new
        version += 1  // never used again, not even after a deletion
        writers.append(candidate)
        return .written(version: String(version))
    }
}
