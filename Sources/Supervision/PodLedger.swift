import Cluster
import ImageSets
import Planning
import Shared

/// Restricted mode's memory: what pod statuses said last of each cell, so that changes can be told as those are that
/// agents report.
///
/// A value without I/O, like the fleet. Nodes whose pods say nothing keep what was said last: it isn't believed while
/// they are silent.
public struct PodLedger: Sendable {
    /// What changed by a look.
    public struct News: Sendable, Equatable {
        public var transitions: [Transition] = []
        /// Pulls that failed, as far as statuses tell: when they began isn't known, so they begin and end when they are
        /// noticed. Nothing tells of pulls that succeed.
        public var attempts: [Fleet.FinishedAttempt] = []

        public init() {}
    }

    private struct Cell: Sendable, Equatable {
        var state = CellState.unknown
        var reason: FailureReason?
        var imageID: String?
    }

    private struct Node: Sendable {
        var isHeard = false
        /// By reference, as it is written. Cells of which nothing is known are left out.
        var cells: [String: Cell] = [:]
        /// By container, of ``pod``: the kubelet's word and message when a pull failed last.
        var failures: [String: ContainerView] = [:]
        /// The pod that was looked at last, by its UID.
        var pod = ""
    }

    private var nodes: [String: Node] = [:]
    private var beganAt: Timestamp?

    public init() {}

    /// Whether the node's pods say something, and can be believed.
    public func isHeard(_ name: String) -> Bool { nodes[name]?.isHeard ?? false }

    /// The node left, or another mode began.
    public mutating func forget(_ name: String) { nodes[name] = nil }

    /// Looks at a node's pods.
    ///
    /// - Parameters:
    ///   - node: nil when the cluster has none of this name.
    ///   - pods: those of the DaemonSet on it that aren't being deleted.
    public mutating func look(
        at name: String, _ node: NodeView?, pods: [PodView], images: [ImageEntry], now: Timestamp
    ) -> News {
        let began = beganAt ?? now
        beganAt = began
        var news = News()
        let isFirst = nodes[name] == nil
        var known = nodes[name] ?? Node()
        drop(&known, except: images, of: name, at: now, &news)
        // A kubelet that is silent says nothing of its pods, whatever their statuses still say.
        let speaking = node?.isReady == true ? pods.filter { !$0.containers.isEmpty } : []
        let wasHeard = known.isHeard
        known.isHeard = !speaking.isEmpty
        guard known.isHeard else {
            nodes[name] = isFirst ? nil : known
            return news
        }
        let uid = speaking[0].uid
        // Failures of a pod from before this run were told by the run that saw them. Kubernetes' times are whole seconds.
        let isOld = isFirst && (speaking[0].createdAt.map { $0 + 1 <= began } ?? true)
        if known.pod != uid { known.failures = [:] }
        known.pod = uid
        for (column, image) in images.enumerated() {
            let pod = speaking.first { $0.containers[image.container] != nil }
            let presence = pod?.presence(of: image.container)
            let container = pod?.containers[image.container]
            let id = container?.imageID ?? ""
            let cell = Cell(
                state: presence?.state ?? .unknown, reason: presence?.reason, imageID: id.isEmpty ? nil : id)
            let written = image.reference.written
            let before = known.cells[written] ?? Cell()
            // What was so before a silence may have been told by another run, so all is told when it ends.
            if cell != before || !wasHeard { news.transitions.append(transition(name, written, before, cell, now)) }
            known.cells[written] = cell.state == .unknown ? nil : cell
            if cell.state == .failed, let container, let pod {
                let last = known.failures.updateValue(container, forKey: image.container)
                if !isOld, isAttempt(container, after: last) {
                    news.attempts.append(attempt(name, pod, column, written, presence, now))
                }
            } else {
                known.failures[image.container] = nil
            }
        }
        nodes[name] = known
        return news
    }

    /// Every known cell of a node, as transitions: for a history that lost what it knew.
    public func present(on name: String, at now: Timestamp) -> [Transition] {
        guard let node = nodes[name], node.isHeard else { return [] }
        return node.cells.sorted { $0.key < $1.key }.map { transition(name, $0.key, Cell(), $0.value, now) }
    }

    // MARK: Cells

    /// Ends the cells of images that aren't listed any more.
    private func drop(
        _ node: inout Node, except images: [ImageEntry], of name: String, at now: Timestamp, _ news: inout News
    ) {
        let listed = Set(images.map(\.reference.written))
        for (written, cell) in node.cells.sorted(by: { $0.key < $1.key }) where !listed.contains(written) {
            news.transitions.append(Transition(node: name, reference: written, from: cell.state, to: nil, at: now))
            node.cells[written] = nil
        }
    }

    private func transition(
        _ node: String, _ written: String, _ before: Cell, _ cell: Cell, _ now: Timestamp
    ) -> Transition {
        Transition(
            node: node, reference: written, from: before.state, to: cell.state == .unknown ? nil : cell.state,
            reason: cell.state == .failed ? cell.reason : nil, imageID: cell.state.isPresent ? cell.imageID : nil,
            at: now)
    }

    // MARK: Attempts

    /// `ErrImagePull` is a pull that has just failed, `ImagePullBackOff` the pause after it.
    private func isAttempt(_ container: ContainerView, after last: ContainerView?) -> Bool {
        guard let last else { return true }
        return container.waitingReason == "ErrImagePull" && last.waitingReason != "ErrImagePull"
    }

    private func attempt(
        _ node: String, _ pod: PodView, _ column: Int, _ written: String,
        _ presence: (state: CellState, reason: FailureReason?, message: String)?, _ now: Timestamp
    ) -> Fleet.FinishedAttempt {
        Fleet.FinishedAttempt(
            node: node, bootID: pod.uid,
            // Nobody counts them: the moment and the image name one.
            id: UInt64(max(0, now.milliseconds)) << 10 | UInt64(column & 0x3FF), reference: written, started: now,
            ended: now, reason: presence?.reason ?? .unknown, message: presence?.message ?? "", imageID: "", bytes: 0)
    }
}
