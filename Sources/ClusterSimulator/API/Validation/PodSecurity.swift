import Shared

/// Pod Security admission: what a namespace's label `pod-security.kubernetes.io/enforce` lets in.
///
/// The Pod Security Standards as https://kubernetes.io/docs/concepts/security/pod-security-standards has them, but for
/// AppArmor, sysctls and Windows.
enum PodSecurity: String, Sendable {
    case privileged, baseline, restricted

    static let label = "pod-security.kubernetes.io/enforce"

    /// What of a pod's spec the level forbids, in the words of the real admission; empty when it lets the pod in.
    func violations(_ spec: JSONValue) -> [String] {
        let pod = PodSecurityReader(spec)
        switch self {
        case .privileged: return []
        case .baseline: return pod.baseline.compactMap(\.self)
        case .restricted: return (pod.baseline + pod.restricted).compactMap(\.self)
        }
    }
}

extension APIError {
    static func violates(_ level: PodSecurity, _ name: String, _ violations: [String]) -> APIError {
        .forbidden(
            .pods, name,
            "violates PodSecurity \"\(level.rawValue):latest\": \(violations.joined(separator: ", "))")
    }
}

/// Reads a pod's spec as the standards' rules need it. Each rule is nil when it is met.
private struct PodSecurityReader {
    private let spec: JSONValue
    private let context: JSONValue
    private let containers: [JSONValue]

    init(_ spec: JSONValue) {
        self.spec = spec
        context = spec["securityContext"] ?? .object([:])
        containers = ["initContainers", "containers", "ephemeralContainers"].flatMap { spec[$0]?.arrayValue ?? [] }
    }

    // MARK: Baseline

    var baseline: [String?] {
        [
            hostNamespaces, hostPaths,
            rule("hostPort", "uses hostPorts") { container in
                (container["ports"]?.arrayValue ?? []).contains { ($0["hostPort"]?.integerValue ?? 0) != 0 }
            },
            rule("privileged", "must not set securityContext.privileged=true") { own($0, "privileged") == true },
            rule("non-default capabilities", "must not add capabilities beyond the default set") {
                !added($0).isSubset(of: Self.defaultCapabilities)
            },
            seLinux,
            rule("procMount", "must not set securityContext.procMount") {
                own($0, "procMount").map { $0 != "Default" } ?? false
            },
            rule("seccompProfile", "must not set securityContext.seccompProfile.type to \"Unconfined\"") {
                seccomp($0) == "Unconfined"
            },
        ]
    }

    private static let defaultCapabilities: Set = [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
        "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ]

    private var hostNamespaces: String? {
        let used = ["hostNetwork", "hostPID", "hostIPC"].filter { spec[$0] == true }
        return used.isEmpty ? nil : "host namespaces (\(used.map { "\($0)=true" }.joined(separator: ", ")))"
    }

    private var hostPaths: String? { volumes("hostPath volumes", "") { $0["hostPath"] != nil } }

    private var seLinux: String? {
        let allowed: Set = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]
        return rule("seLinuxOptions", "set forbidden securityContext.seLinuxOptions") { container in
            let options = own(container, "seLinuxOptions") ?? context["seLinuxOptions"]
            return !allowed.contains(options?["type"]?.stringValue ?? "")
                || ["user", "role"].contains { options?[$0]?.stringValue?.isEmpty == false }
        }
    }

    // MARK: Restricted

    var restricted: [String?] {
        [
            rule(
                "allowPrivilegeEscalation != false", "must set securityContext.allowPrivilegeEscalation=false"
            ) { own($0, "allowPrivilegeEscalation") != false },
            rule("unrestricted capabilities", "must set securityContext.capabilities.drop=[\"ALL\"]") { container in
                let dropped = own(container, "capabilities")?["drop"]?.arrayValue ?? []
                return !dropped.contains("ALL") || !added(container).isSubset(of: ["NET_BIND_SERVICE"])
            },
            volumes("restricted volume types", " uses a restricted volume type") { volume in
                let types = Set(volume.objectValue?.keys.filter { $0 != "name" } ?? [])
                return !types.isSubset(of: Self.volumeTypes)
            },
            rule("runAsNonRoot != true", "must set securityContext.runAsNonRoot=true", or: "pod or ") {
                (own($0, "runAsNonRoot") ?? context["runAsNonRoot"]) != true
            },
            rule("runAsUser=0", "must not set runAsUser=0") {
                (own($0, "runAsUser") ?? context["runAsUser"]) == 0
            },
            rule(
                "seccompProfile",
                "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"", or: "pod or "
            ) { !["RuntimeDefault", "Localhost"].contains(seccomp($0)) },
        ]
    }

    private static let volumeTypes: Set = [
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
    ]

    // MARK: Reading

    private func own(_ container: JSONValue, _ name: String) -> JSONValue? { container.at("securityContext", name) }

    private func added(_ container: JSONValue) -> Set<String> {
        Set(own(container, "capabilities")?["add"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }

    private func seccomp(_ container: JSONValue) -> String {
        (own(container, "seccompProfile") ?? context["seccompProfile"])?["type"]?.stringValue ?? ""
    }

    /// - Parameter pod: what the message calls those who can meet the rule besides the container.
    private func rule(
        _ name: String, _ demand: String, or pod: String = "", _ breaks: (JSONValue) -> Bool
    ) -> String? {
        let broken = containers.filter(breaks).map { "\"\($0["name"]?.stringValue ?? "")\"" }
        guard !broken.isEmpty else { return nil }
        let noun = broken.count == 1 ? "container" : "containers"
        return "\(name) (\(pod)\(noun) \(broken.joined(separator: ", ")) \(demand))"
    }

    private func volumes(_ name: String, _ demand: String, _ breaks: (JSONValue) -> Bool) -> String? {
        let broken = (spec["volumes"]?.arrayValue ?? []).filter(breaks).map { "\"\($0["name"]?.stringValue ?? "")\"" }
        guard !broken.isEmpty else { return nil }
        return "\(name) (\(broken.count == 1 ? "volume" : "volumes") \(broken.joined(separator: ", "))\(demand))"
    }
}
