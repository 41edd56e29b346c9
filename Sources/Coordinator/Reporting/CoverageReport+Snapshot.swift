import Planning
import Shared

extension CoverageReport {
    /// Computes the report of the present.
    init(_ snapshot: Snapshot, by grouping: CoverageGrouping) {
        let targets = snapshot.targets
        let images = snapshot.configuration.images
        let isRestricted = snapshot.configuration.runtimeSocket == .none
        let pods = Dictionary(grouping: snapshot.cluster.pods.values.filter { !$0.isTerminating }, by: \.node)
        var tally = CoverageTally(grouping, images: images)
        var left = 0
        for node in targets {
            let before = tally.present
            let slice = tally.slice(node: node.name, labels: node.labels)
            if isRestricted {
                tally.add(podsOf: node, pods[node.name] ?? [], images: images, slice: slice)
            } else {
                tally.add(reportOf: node, pods[node.name] ?? [], images: images, slice: slice, snapshot)
            }
            if tally.present - before < images.count { left += 1 }
        }
        nodesLeft = left
        heldBack = tally.heldBack
        at = snapshot.now.rfc3339
        revision = snapshot.revision
        evidence = isRestricted ? .podStatuses : .runtimes
        self.grouping = grouping.description
        nodes = targets.count
        self.images = images.count
        total = tally.total
        rows = tally.finish(now: snapshot.now)
        guard grouping == .image, !isRestricted else { return }
        for (row, image) in images.enumerated() where snapshot.fleet.puller(of: image.reference) == .kubelet {
            rows[row].pulledBy = Puller.kubelet.rawValue
        }
    }
}

extension CoverageTally {
    /// What a node's agent said.
    fileprivate mutating func add(
        reportOf node: NodeView, _ pods: [PodView], images: [ImageEntry], slice: Int?, _ snapshot: Snapshot
    ) {
        note(
            age: snapshot.fleet.nodes[node.name]?.inventoryAt.map {
                Double(snapshot.now.milliseconds(since: $0)) / 1000
            }, slice: slice)
        guard let cells = snapshot.fleet.cells(of: node.name, now: snapshot.now), cells.count >= images.count else {
            return add(.unknown, times: images.count, slice: slice)
        }
        for column in images.indices {
            let state = cells[column]
            add(state, column: column, slice: slice)
            switch state {
            case .failed:
                guard let failure = snapshot.fleet.failure(node: node.name, column: column) else { continue }
                add(failure, column: column, slice: slice, node: node.name)
            case .present:
                let container = pods.lazy.compactMap { $0.containers[images[column].name] }.first
                add(notHeldBy: container, column: column, slice: slice, node: node.name)
            case .missing:
                if snapshot.fleet.isHeldBack(column: column, platform: node.platform) { addHeldBack(column: column) }
            case .unknown, .pulling, .held: break
            }
        }
    }

    /// Restricted mode. A node that isn't ready says nothing of its pods.
    fileprivate mutating func add(podsOf node: NodeView, _ pods: [PodView], images: [ImageEntry], slice: Int?) {
        note(age: nil, slice: slice)
        for (column, image) in images.enumerated() {
            let pod = node.isReady ? pods.first { $0.containers[image.name] != nil } : nil
            guard let pod else {
                add(.unknown, column: column, slice: slice)
                continue
            }
            let presence = pod.presence(of: image.name)
            add(presence.state, column: column, slice: slice)
            if presence.state == .present {
                add(notHeldBy: pod.containers[image.name], column: column, slice: slice, node: node.name)
            }
            guard let reason = presence.reason else { continue }
            add(reason, message: presence.message, column: column, slice: slice, node: node.name)
        }
    }
}
