import Cluster
import Formatting
import History
import ImageSets
import Planning
import Shared

extension CoverageReport {
    /// Computes the report of a past moment: what the live report said then.
    ///
    /// - Parameter selector: which nodes count, by their labels then; nil: all.
    package init(_ moment: HistoryMoment, by grouping: CoverageGrouping, selector: LabelFilter? = nil) {
        var moment = moment
        moment.keep(selector)
        let configuration = moment.revision.flatMap { RevisionNotes(text: $0.findings)?.configuration }
        self.init(moment, by: grouping, configuration: configuration)
        self.selector = selector?.text
    }

    /// - Parameter configuration: of the moment's revision; nil when there was none.
    init(_ moment: HistoryMoment, by grouping: CoverageGrouping, configuration: Configuration?) {
        let images = configuration?.images ?? []
        let columns = images.map { image in
            moment.images[image.reference.written].flatMap { moment.grid.columns[$0] } ?? []
        }
        var tally = CoverageTally(grouping, images: images)
        var left = 0
        // As the live report has them: the examples of nodes that fail are the first ones.
        for node in moment.nodes.sorted(by: { $0.name < $1.name }) {
            let before = tally.present
            defer { if tally.present - before < images.count { left += 1 } }
            let slice = tally.slice(node: node.name, labels: node.labels)
            guard node.isHeard else {
                tally.add(.unknown, times: images.count, slice: slice)
                continue
            }
            for (column, codes) in columns.enumerated() {
                let code = codes.indices.contains(Int(node.id)) ? codes[Int(node.id)] : .none
                let state = CellState(code.state)
                tally.add(state, column: column, slice: slice)
                if state == .failed, let reason = FailureReason(code.reason) {
                    let failure = CellFailure(reason: reason, message: "", attempts: 0, nextAttempt: nil)
                    tally.add(failure, column: column, slice: slice, node: node.name)
                }
            }
        }
        let at = Timestamp(milliseconds: moment.at)
        self.at = at.rfc3339
        revision = Int(clamping: moment.revision?.number ?? 0)
        evidence = Evidence(configuration)
        self.grouping = grouping.description
        nodes = moment.nodes.count
        self.images = images.count
        total = tally.total
        nodesLeft = left
        rows = tally.finish(now: at, withAges: false)
        past = Past(moment)
    }
}

extension HistoryMoment {
    /// Leaves nodes out that aren't meant; nil: none.
    mutating func keep(_ selector: LabelFilter?) {
        guard let selector else { return }
        nodes.removeAll { !selector.matches($0.labels) }
    }
}

extension CoverageReport.Past {
    init(_ moment: HistoryMoment) {
        let begins = moment.beginning.flatMap { moment.at < $0 ? Timestamp(milliseconds: $0).rfc3339 : nil }
        self.init(watched: moment.run != nil, complete: !moment.isBeforeHorizon, begins: begins)
    }
}
