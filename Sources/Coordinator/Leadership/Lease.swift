import FoundationEssentials
import KubernetesClient
import Manifests
import Shared

/// `coordination.k8s.io/v1 Lease`, kept as the document that it came as: what we don't know is written back with it.
package struct Lease: Sendable, Equatable {
    private(set) var document: JSONValue

    init(document: JSONValue) { self.document = document }

    /// A Lease that doesn't exist yet.
    init(name: String, namespace: String) {
        document = [
            "apiVersion": .string(ResourceType.leases.apiVersion), "kind": .string(ResourceType.leases.kind),
            "metadata": [
                "name": .string(name), "namespace": .string(namespace),
                "labels": [PodNames.managedByLabel: .string(PodNames.application)],
            ],
        ]
    }

    var version: String { document["metadata"]?["resourceVersion"]?.stringValue ?? "" }

    var record: LeaseRecord {
        let spec = document["spec"]
        var record = LeaseRecord()
        record.holder = spec?["holderIdentity"]?.stringValue ?? ""
        // As long as it may be in earnest: a wrong number mustn't keep everybody out for ever.
        if let seconds = spec?["leaseDurationSeconds"]?.integerValue {
            record.duration = .seconds(min(max(seconds, 1), 60))
        }
        record.transitions = Int(clamping: spec?["leaseTransitions"]?.integerValue ?? 0)
        return record
    }

    /// The Lease with another record in it; `now` is for people.
    func holding(_ record: LeaseRecord, version: String?, now: Date) -> Lease {
        var lease = self
        var spec = document["spec"] ?? .object([:])
        let isRenewal = spec["holderIdentity"]?.stringValue == record.holder
        spec["holderIdentity"] = record.holder.isEmpty ? nil : .string(record.holder)
        spec["leaseDurationSeconds"] = .integer(record.duration.components.seconds)
        spec["leaseTransitions"] = .integer(Int64(record.transitions))
        let time = JSONValue.string(KubernetesTime(now).micro)
        spec["renewTime"] = time
        if !isRenewal || spec["acquireTime"] == nil { spec["acquireTime"] = time }
        var metadata = document["metadata"] ?? .object([:])
        metadata["resourceVersion"] = version.map { .string($0) }
        metadata["managedFields"] = nil
        if version == nil {
            metadata["uid"] = nil
            metadata["creationTimestamp"] = nil
        }
        lease.document["spec"] = spec
        lease.document["metadata"] = metadata
        return lease
    }
}
