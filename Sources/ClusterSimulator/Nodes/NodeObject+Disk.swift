import ClusterModel
import FoundationEssentials
import Shared

/// A node's word on its disk.
extension NodeObject {
    private static let taintKey = "node.kubernetes.io/disk-pressure"
    private static let condition = "DiskPressure"

    /// Less than 15 % free is too little: the kubelet's default for `imagefs.available`
    /// (https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#hard-eviction-thresholds).
    private static let leastFreePercent = 15.0

    /// What pulls under way have set aside doesn't count: they may fail.
    static func isShortOfDisk(_ runtime: RuntimeModel) -> Bool {
        let free = runtime.diskCapacity - runtime.usedByOthers - runtime.usedByImages
        return Double(free) * 100 < Double(runtime.diskCapacity) * leastFreePercent
    }

    static func showsDiskPressure(_ node: JSONValue) -> Bool {
        (node.at("status", "conditions")?.arrayValue ?? []).contains {
            $0["type"]?.stringValue == condition && $0["status"] == "True"
        }
    }

    static func mark(_ node: inout JSONValue, diskPressure isShort: Bool, at now: Date) {
        let conditions = (node.at("status", "conditions")?.arrayValue ?? []).map { old in
            guard old["type"]?.stringValue == condition else { return old }
            var new = old
            new["status"] = isShort ? "True" : "False"
            new["reason"] = isShort ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure"
            new["message"] = isShort ? "kubelet has disk pressure" : "kubelet has no disk pressure"
            new["lastTransitionTime"] = .string(timestamp(now))
            return new
        }
        node.set("status", "conditions", to: .array(conditions))
    }

    /// The node lifecycle controller's taint, which DaemonSets' pods tolerate.
    static func taint(_ node: inout JSONValue, diskPressure isShort: Bool, at now: Date) {
        var taints = (node.at("spec", "taints")?.arrayValue ?? []).filter { $0["key"]?.stringValue != taintKey }
        if isShort {
            taints.append(["effect": "NoSchedule", "key": .string(taintKey), "timeAdded": .string(timestamp(now))])
        }
        node.set("spec", "taints", to: taints.isEmpty ? nil : .array(taints))
    }
}
