import Shared
import Testing

@testable import ClusterSimulator

@Suite struct PodSecurityTests {
    private static let confined: JSONValue = [
        "allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]], "runAsNonRoot": true,
        "seccompProfile": ["type": "RuntimeDefault"],
    ]

    private static func pod(
        _ context: JSONValue = confined, volumes: JSONValue = [], more: [String: JSONValue] = [:]
    ) -> JSONValue {
        var spec: JSONValue = [
            "containers": [["name": "c", "image": "i", "securityContext": context]], "volumes": volumes,
        ]
        for (key, value) in more { spec[key] = value }
        return spec
    }

    private static func with(_ key: String, _ value: JSONValue?) -> JSONValue {
        var context = confined
        context[key] = value
        return context
    }

    struct Case: Sendable {
        let level: PodSecurity
        let spec: JSONValue
        let violation: String?
    }

    private static let restricted: [Case] = [
        Case(level: .restricted, spec: pod(), violation: nil),
        Case(
            level: .restricted, spec: pod(with("allowPrivilegeEscalation", nil)),
            violation: "allowPrivilegeEscalation != false (container \"c\" must set "
                + "securityContext.allowPrivilegeEscalation=false)"),
        Case(
            level: .restricted, spec: pod(with("capabilities", nil)),
            violation:
                "unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"])"
        ),
        Case(
            level: .restricted, spec: pod(with("capabilities", ["drop": ["ALL"], "add": ["NET_BIND_SERVICE"]])),
            violation: nil),
        Case(
            level: .restricted, spec: pod(with("runAsNonRoot", false)),
            violation: "runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true)"),
        Case(
            level: .restricted, spec: pod(with("runAsNonRoot", nil), more: ["securityContext": ["runAsNonRoot": true]]),
            violation: nil),
        Case(
            level: .restricted, spec: pod(with("runAsUser", 0)),
            violation: "runAsUser=0 (container \"c\" must not set runAsUser=0)"),
        Case(
            level: .restricted, spec: pod(with("seccompProfile", nil)),
            violation: "seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to "
                + "\"RuntimeDefault\" or \"Localhost\")"),
        Case(
            level: .restricted, spec: pod(volumes: [["name": "v", "nfs": [:]]]),
            violation: "restricted volume types (volume \"v\" uses a restricted volume type)"),
        Case(
            level: .restricted,
            spec: pod(volumes: [["name": "v", "emptyDir": [:]], ["name": "w", "projected": [:]]]),
            violation: nil),
    ]

    private static let baseline: [Case] = [
        Case(level: .baseline, spec: pod([:]), violation: nil),
        Case(
            level: .baseline, spec: pod(volumes: [["name": "v", "hostPath": ["path": "/"]]]),
            violation: "hostPath volumes (volume \"v\")"),
        Case(
            level: .baseline, spec: pod(["privileged": true]),
            violation: "privileged (container \"c\" must not set securityContext.privileged=true)"),
        Case(
            level: .baseline, spec: pod([:], more: ["hostNetwork": true, "hostPID": true]),
            violation: "host namespaces (hostNetwork=true, hostPID=true)"),
        Case(
            level: .baseline, spec: pod(["capabilities": ["add": ["SYS_ADMIN"]]]),
            violation: "non-default capabilities (container \"c\" must not add capabilities beyond the default set)"),
        Case(
            level: .baseline, spec: pod(["seLinuxOptions": ["type": "spc_t"]]),
            violation: "seLinuxOptions (container \"c\" set forbidden securityContext.seLinuxOptions)"),
        Case(
            level: .privileged, spec: pod(["privileged": true], volumes: [["name": "v", "hostPath": ["path": "/"]]]),
            violation: nil),
    ]

    @Test(arguments: restricted + baseline) func level(test: Case) {
        #expect(test.level.violations(test.spec) == [test.violation].compactMap(\.self))
    }

    @Test func aNamespacesLabelIsEnforced() async throws {
        let api = try await APIFixture()
        let pods = "/api/v1/namespaces/facts/pods"
        let pod: JSONValue = [
            "metadata": ["name": "p"],
            "spec": ["containers": [["name": "a", "image": "i"], ["name": "b", "image": "i"]]],
        ]
        try await api.store.mutate(.namespaces, name: "facts") {
            $0.set("metadata", "labels", PodSecurity.label, to: "restricted")
        }
        let refused = await api.send("POST", pods, pod)
        #expect(refused.status == 403)
        #expect(
            refused.json["message"]?.stringValue?.hasPrefix(
                "pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false "
                    + "(containers \"a\", \"b\" must set securityContext.allowPrivilegeEscalation=false), ") == true)
        try await api.store.mutate(.namespaces, name: "facts") {
            $0.set("metadata", "labels", PodSecurity.label, to: "baseline")
        }
        #expect(await api.send("POST", pods, pod).status == 201)
    }
}
