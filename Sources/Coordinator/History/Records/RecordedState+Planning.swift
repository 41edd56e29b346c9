import Planning

extension RecordedState {
    /// Unknown isn't a state of a cell in history, and no transition leads to it; what nobody wants is no cell.
    init(_ state: CellState) {
        self =
            switch state {
            case .unknown, .unwanted: .none
            case .missing: .missing
            case .pulling: .pulling
            case .failed: .failed
            case .present: .present
            case .held: .held
            }
    }
}

extension CellState {
    package init(_ state: RecordedState) {
        self =
            switch state {
            case .none: .unknown
            case .missing: .missing
            case .pulling: .pulling
            case .failed: .failed
            case .present: .present
            case .held: .held
            }
    }
}
