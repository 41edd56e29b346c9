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
        /// The pods that were looked at last, by their set.
        var pods: [String: Pod] = [:]
    }

    private struct Pod: Sendable {
        var uid: String
        /// By container: the kubelet's word and message when a pull failed last.
        var failures: [String: ContainerView] = [:]
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
    ///   - pods: those of our DaemonSets on it that aren't being deleted.
    ///   - images: that they can tell of.
    public mutating func look(
        at name: String, _ node: NodeView?, pods: [PodView], images: [PodImages.Image], now: Timestamp
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
        let old = meet(speaking, &known, since: began)
        for (column, image) in images.enumerated() {
            let presence = speaking.presence(of: image.places)
            let cell = Cell(
                state: presence?.state ?? .unknown, reason: presence?.reason, imageID: imageID(image, speaking))
            let written = image.written
            let before = known.cells[written] ?? Cell()
            // What was so before a silence may have been told by another run, so all is told when it ends.
            if cell != before || !wasHeard { news.transitions.append(transition(name, written, before, cell, now)) }
            known.cells[written] = cell.state == .unknown ? nil : cell
            let failures = attempts(name, &known, image, column, speaking, now)
            news.attempts += failures.filter { !old.contains($0.bootID) }
        }
        nodes[name] = known
        return news
    }

    /// - Returns: the UIDs of pods that are seen first: their failures from before this run were told by the run that saw them.
    private func meet(_ pods: [PodView], _ known: inout Node, since began: Timestamp) -> Set<String> {
        var old: Set<String> = []
        var met: Set<String> = []
        for pod in pods where met.insert(pod.set).inserted && known.pods[pod.set]?.uid != pod.uid {
            known.pods[pod.set] = Pod(uid: pod.uid)
            // Kubernetes' times are whole seconds.
            if pod.createdAt.map({ $0 + 1 <= began }) ?? true { old.insert(pod.uid) }
        }
        known.pods = known.pods.filter { met.contains($0.key) }
        return old
    }

    private func imageID(_ image: PodImages.Image, _ pods: [PodView]) -> String? {
        image.places.lazy.flatMap { place in
            pods.lazy.filter { $0.set == place.set }.compactMap { $0.containers[place.container]?.imageID }
        }.first { !$0.isEmpty }
    }

    /// The pulls of an image that have failed since the last look. Each pod that is to hold it has its kubelet pull.
    private func attempts(
        _ name: String, _ known: inout Node, _ image: PodImages.Image, _ column: Int, _ pods: [PodView],
        _ now: Timestamp
    ) -> [Fleet.FinishedAttempt] {
        var attempts: [Fleet.FinishedAttempt] = []
        for place in image.places {
            guard let pod = pods.first(where: { $0.set == place.set && $0.containers[place.container] != nil }),
                let container = pod.containers[place.container]
            else { continue }
            let presence = pod.presence(of: place.container)
            guard presence.state == .failed else {
                known.pods[place.set]?.failures[place.container] = nil
                continue
            }
            let last = known.pods[place.set]?.failures.updateValue(container, forKey: place.container)
            guard isAttempt(container, after: last) else { continue }
            attempts.append(attempt(name, pod, column, image.written, presence, now))
        }
        return attempts
    }

    /// Every known cell of a node, as transitions: for a history that lost what it knew.
    public func present(on name: String, at now: Timestamp) -> [Transition] {
        guard let node = nodes[name], node.isHeard else { return [] }
        return node.cells.sorted { $0.key < $1.key }.map { transition(name, $0.key, Cell(), $0.value, now) }
    }

    // MARK: Cells

    /// Ends the cells of images that aren't listed any more.
    private func drop(
        _ node: inout Node, except images: [PodImages.Image], of name: String, at now: Timestamp, _ news: inout News
    ) {
        let listed = Set(images.map(\.written))
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
        _ presence: (state: CellState, reason: FailureReason?, message: String), _ now: Timestamp
    ) -> Fleet.FinishedAttempt {
        Fleet.FinishedAttempt(
            node: node, bootID: pod.uid,
            // Nobody counts them: the moment and the image name one.
            id: UInt64(max(0, now.milliseconds)) << 10 | UInt64(column & 0x3FF), reference: written, started: now,
            ended: now, reason: presence.reason ?? .unknown, message: presence.message, imageID: "", bytes: 0)
    }
}
