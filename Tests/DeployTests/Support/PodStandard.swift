import Shared

/// The Pod Security Standard "restricted", as far as a pod of ours could break it, and a read-only root besides.
enum PodStandard {
    static func faults(_ spec: JSONValue) -> [String] {
        var faults: [String] = []
        let pod = spec["securityContext"]
        for field in ["hostNetwork", "hostPID", "hostIPC"] where spec[field]?.boolValue == true { faults.append(field) }
        for volume in spec["volumes"]?.arrayValue ?? [] {
            let types = Set(volume.objectValue?.keys.filter { $0 != "name" } ?? [])
            let allowed: Set = ["configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"]
            if !types.isSubset(of: allowed) { faults.append("volume of \(types.sorted())") }
        }
        for container in spec["containers"]?.arrayValue ?? [] {
            let own = container["securityContext"]
            func effective(_ field: String) -> JSONValue? { own?[field] ?? pod?[field] }
            if effective("runAsNonRoot") != true { faults.append("runAsNonRoot") }
            if effective("runAsUser") == 0 { faults.append("runAsUser") }
            if effective("seccompProfile")?["type"] != "RuntimeDefault" { faults.append("seccompProfile") }
            if own?["allowPrivilegeEscalation"] != false { faults.append("allowPrivilegeEscalation") }
            if own?["readOnlyRootFilesystem"] != true { faults.append("readOnlyRootFilesystem") }
            if own?.at("capabilities", "drop") != ["ALL"] { faults.append("capabilities.drop") }
            if own?.at("capabilities", "add") != nil { faults.append("capabilities.add") }
            if own?["privileged"] == true { faults.append("privileged") }
        }
        return faults
    }
}
