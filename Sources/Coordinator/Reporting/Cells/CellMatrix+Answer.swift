extension CellMatrix: Answer {
    package static var hasTable: Bool { false }

    package var timeless: CellMatrix {
        var copy = self
        copy.at = ""
        copy.reportAgeSeconds = []
        return copy
    }
}
