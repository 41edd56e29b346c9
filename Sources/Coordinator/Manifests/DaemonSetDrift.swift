import Shared

/// How a live DaemonSet differs from its manifest: somebody edited it, or it was another's.
///
/// What the API server adds by itself (defaults, status, bookkeeping) is no difference. Neither are fields that we don't
/// set, except where they change what the pods are or where they run.
package struct DaemonSetDrift: Sendable, Hashable {
    /// Where a field that we set has another value or is gone. Applying the manifest puts it right.
    var changed: [String] = []
    /// Where something stands that isn't ours. Applying doesn't remove it: that is what ``removal`` is for.
    var foreign: [String] = []
    /// A JSON merge patch that takes out what is foreign, and makes nothing else ours; nil when there is nothing.
    package var removal: JSONValue?
    /// The selector can't be changed: the DaemonSet must be deleted, with its pods, and made anew.
    package var selectorDiffers = false

    /// Where anything differs.
    package var paths: [String] { changed + foreign }

    package var isNone: Bool { changed.isEmpty && foreign.isEmpty && !selectorDiffers }

    package init(live: JSONValue, manifest: DaemonSetManifest) {
        let wanted = manifest.document
        selectorDiffers = !Self.sameSelector(live["spec"]?["selector"], wanted["spec"]?["selector"])
        var comparison = DocumentComparison()
        comparison.compare(wanted["metadata"] ?? .null, live["metadata"] ?? .null, "metadata")
        comparison.compare(wanted["spec"] ?? .null, live["spec"] ?? .null, "spec")
        changed = comparison.changed
        if let spec = live["spec"]?["template"]?["spec"], let wantedSpec = wanted["spec"]?["template"]?["spec"] {
            let patch = strangers(in: spec, wanted: wantedSpec)
            if !patch.isEmpty { removal = ["spec": ["template": ["spec": .object(patch)]]] }
        }
    }

    private static func sameSelector(_ live: JSONValue?, _ wanted: JSONValue?) -> Bool {
        let expressions = live?["matchExpressions"]?.arrayValue ?? []
        return expressions.isEmpty && live?["matchLabels"] == wanted?["matchLabels"]
    }

    /// Fields of a pod's spec that give it powers or move it elsewhere; we set none of them where they aren't wanted.
    private static let exclusiveFields = [
        "affinity", "hostNetwork", "hostPID", "hostIPC", "hostUsers", "runtimeClassName", "nodeName",
        "topologySpreadConstraints", "priorityClassName", "shareProcessNamespace", "activeDeadlineSeconds",
    ]

    /// Fields whose members all decide where the pods run.
    private static let exclusiveMaps = ["affinity", "nodeSelector"]

    /// Lists whose members have names, all of which are ours.
    private static let exclusiveLists = ["volumes", "imagePullSecrets", "containers", "initContainers"]

    /// Finds what isn't ours, and returns the members of a merge patch that removes it.
    private mutating func strangers(in live: JSONValue, wanted: JSONValue) -> [String: JSONValue] {
        var patch: [String: JSONValue] = [:]
        for field in Self.exclusiveFields where wanted[field] == nil {
            guard let value = live[field], value != .null, value != .bool(false), value != .object([:]) else {
                continue
            }
            foreign.append("spec.template.spec.\(field)")
            patch[field] = .null
        }
        for map in Self.exclusiveMaps {
            guard let ours = wanted[map]?.objectValue, let present = live[map]?.objectValue else { continue }
            let extra = present.keys.filter { ours[$0] == nil }.sorted()
            guard !extra.isEmpty else { continue }
            foreign += extra.map { "spec.template.spec.\(map).\($0)" }
            patch[map] = .object(Dictionary(uniqueKeysWithValues: extra.map { ($0, .null) }))
        }
        for list in Self.exclusiveLists {
            let ours = Dictionary(
                (wanted[list]?.arrayValue ?? []).compactMap { member in member["name"]?.stringValue.map { ($0, member) }
                },
                uniquingKeysWith: { first, _ in first })
            let members = live[list]?.arrayValue ?? []
            let extra = members.compactMap { $0["name"]?.stringValue }.filter { ours[$0] == nil }
            foreign += extra.map { "spec.template.spec.\(list)[\($0)]" }
            // The others as they are: a patch makes only those fields ours that it changes.
            let kept = members.compactMap { member -> JSONValue? in
                guard let name = member["name"]?.stringValue, let own = ours[name] else { return nil }
                guard list.hasSuffix("ontainers") else { return member }
                let strangers = ContainerStrangers(in: member, wanted: own)
                foreign += strangers.fields.map { "spec.template.spec.\(list)[\(name)].\($0)" }
                return strangers.container
            }
            if kept != members { patch[list] = .array(kept) }
        }
        return patch
    }
}
