import Cluster
import Formatting
import History
import ImageSets
import Planning
import Shared

extension CoverageReport {
    /// Computes the report of a past moment: what the live report said then.
    ///
    /// - Parameters:
    ///   - selector: which nodes count, by their labels then; nil: all.
    ///   - set: which image set counts; nil: all of them.
    ///   - prefetches: whether those of that moment count.
    package init(
        _ moment: HistoryMoment, by grouping: CoverageGrouping, selector: LabelFilter? = nil, set: String? = nil,
        prefetches: Bool = true
    ) {
        let configuration = moment.revision.flatMap { RevisionNotes(text: $0.findings)?.configuration }
        self.init(
            moment, by: grouping, configuration: configuration, selector: selector, set: set, prefetches: prefetches)
    }

    /// - Parameter configuration: of the moment's revision; nil when there was none.
    init(
        _ moment: HistoryMoment, by grouping: CoverageGrouping, configuration: Configuration?,
        selector: LabelFilter? = nil, set: String? = nil, prefetches: Bool = true
    ) {
        let past = PastCells(moment, configuration, selector: selector, set: set, prefetches: prefetches)
        let sets = past.cells
        let images = sets.images
        var tally = CoverageTally(grouping, sets)
        var left = 0
        for (number, node) in past.nodes.enumerated() {
            let kind = sets.kind(number)
            let slice = tally.slice(node: node.name, labels: node.labels)
            var isWhole = true
            for column in images.indices where sets.kinds[kind].wants(column) {
                let code = past.code(column, of: node, kind: kind)
                let state = CellState(code.state)
                if !state.isPresent { isWhole = false }
                guard grouping == .set || state == .failed else {
                    tally.add(state, column: column, slice: slice)
                    continue
                }
                let slices = tally.slices(column: column, kind: kind, slice: slice)
                tally.add(state, slices: slices)
                guard state == .failed, let reason = FailureReason(code.reason) else { continue }
                let failure = CellFailure(reason: reason, message: "", attempts: 0, nextAttempt: nil)
                for slice in slices { tally.add(failure, column: column, slice: slice, node: node.name) }
            }
            if !isWhole { left += 1 }
        }
        let at = Timestamp(milliseconds: moment.at)
        self.at = at.rfc3339
        revision = Int(clamping: moment.revision?.number ?? 0)
        evidence = Evidence(configuration)
        self.grouping = grouping.description
        self.selector = selector?.text
        self.set = set
        self.sets = sets.sets.count > 1 ? sets.sets.count : nil
        prefetchesLeftOut = past.leftOut > 0 ? past.leftOut : nil
        nodes = past.nodes.count
        self.images = images.count
        total = tally.total
        nodesLeft = left
        rows = tally.finish(now: at, withAges: false)
        self.past = Past(moment)
    }
}

extension CoverageReport.Past {
    init(_ moment: HistoryMoment) {
        let begins = moment.beginning.flatMap { moment.at < $0 ? Timestamp(milliseconds: $0).rfc3339 : nil }
        self.init(watched: moment.run != nil, complete: !moment.isBeforeHorizon, begins: begins)
    }
}
