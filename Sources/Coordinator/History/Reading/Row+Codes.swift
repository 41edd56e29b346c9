import GRDB

extension Row {
    /// A state by its code. Another code than ours can't have been written by this schema.
    package func state(_ index: Int) throws -> RecordedState {
        let code: Int64 = self[index]
        guard let state = RecordedState(rawValue: code) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "there is no state \(code)")
        }
        return state
    }

    package func reason(_ index: Int) -> RecordedReason {
        RecordedReason(rawValue: self[index]) ?? .unknown
    }

    func outcome(_ index: Int) -> RecordedOutcome {
        RecordedOutcome(rawValue: self[index]) ?? .unspecified
    }
}
