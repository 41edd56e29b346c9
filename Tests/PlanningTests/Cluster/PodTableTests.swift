import Cluster
import ClusterModel
import Planning
import Testing

@Suite("The table of pods") struct PodTableTests {
    @Test("By UID and by node it tells the same, whatever comes, goes and moves", arguments: 0..<200)
    func histories(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = PodTable()
        var pods: [String: PodView] = [:]
        for _ in 0..<60 {
            let uid = "p\(Int.random(in: 0..<8, using: &random))"
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                #expect(table.remove(uid: uid) == pods.removeValue(forKey: uid), "seed \(seed)")
            case 1:
                table[uid]?.isTerminating = true
                pods[uid]?.isTerminating = true
            default:
                var pod = PodView(name: uid, uid: uid, node: "n\(Int.random(in: 0..<4, using: &random))")
                if Bool.random(using: &random) { pod.set = "gpu" }
                var container = ContainerView()
                switch Int.random(in: 0..<3, using: &random) {
                case 0: container.waitingReason = "ErrImageNeverPull"
                case 1: container.waitingReason = "CrashLoopBackOff"
                default: container.isRunning = true
                }
                pod.containers["c"] = container
                table[uid] = pod
                pods[uid] = pod
            }
            #expect(table == PodTable(pods.values) && table.count == pods.count, "seed \(seed)")
            for set in [PodView.defaultSet, "gpu"] {
                let own = pods.values.filter {
                    $0.set == set && $0.containers["c"]?.waitingReason == "ErrImageNeverPull"
                }
                #expect(Set(table.waiting(of: set).map(\.uid)) == Set(own.map(\.uid)), "seed \(seed)")
            }
            for node in (0..<4).map({ "n\($0)" }) {
                let own = pods.values.filter { $0.node == node }.sorted { $0.uid < $1.uid }
                #expect(table.on(node).sorted { $0.uid < $1.uid } == own, "seed \(seed)")
                #expect(table.living(on: node).count == own.count { !$0.isTerminating }, "seed \(seed)")
            }
        }
    }

    @Test("Of several pods with one UID the last one counts, on its own node alone")
    func twice() {
        let table = PodTable([PodView(name: "a", uid: "u", node: "n1"), PodView(name: "a", uid: "u", node: "n2")])
        #expect(table.count == 1 && table.on("n1").isEmpty && table.on("n2").count == 1)
    }
}
