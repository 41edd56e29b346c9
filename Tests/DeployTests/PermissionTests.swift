import Foundation
import RealRuntime
import Shared
import Testing

/// `deploy/kustomize/rbac.yaml` is the one truth of who may do what; chart and templates grant the same.
@Suite struct PermissionTests {
    private static let account = "k8s-image-puller"
    private static let service = "kubernetes-image-puller"
    private static let agents = "kubernetes-image-puller-agent"

    private static func truth() throws -> [JSONValue] { try Repository.documents("deploy/kustomize/rbac.yaml") }

    @Test func theChartGrantsTheSame() async throws {
        let chart = Grants(objects: try await HelmCase("").render())
        let truth = Grants(objects: try Self.truth())
        #expect(!truth.of(Self.account).isEmpty)
        #expect(chart.of(Self.account) == truth.of(Self.account))
        #expect(chart.of(Self.agents).isEmpty)
        #expect(truth.of(Self.agents).isEmpty)
    }

    @Test func theTemplatesGrantTheSame() async throws {
        let template = Grants(objects: try OpenShiftTemplate.read("serviceaccount").process())
        #expect(template.of(Self.account) == Grants(objects: try Self.truth()).of(Self.account))
        let use = "security.openshift.io/securitycontextconstraints kubernetes-image-puller-k8s-image-puller-agent use"
        #expect(template.of(Self.agents) == ["namespace/k8s-image-puller \(use)"])
        let chart = Grants(objects: try await HelmCase("", set: ["openshift=true"]).render())
        #expect(chart.of(Self.agents) == template.of(Self.agents))
    }

    @Test(arguments: [("reader", "/metrics get"), ("prefetcher", "/image-puller/api/v1/prefetches create")])
    func readersAndPrefetchersGetTheSame(_ role: String, _ permission: String) async throws {
        func reader(_ objects: [JSONValue]) throws -> Set<String> {
            let roles = objects.filter { $0.kind == "ClusterRole" && $0.name.hasSuffix("-" + role) }
            #expect(roles.count == 1)
            return Grants.permissions(roles.first ?? .null)
        }
        let truth = try reader(try Self.truth())
        #expect(truth.contains(permission))
        let bound = try await HelmCase(
            "", set: ["rbac.\(role)s[0].kind=User", "rbac.\(role)s[0].name=ci"]
        ).render().filter { $0.kind == "ClusterRoleBinding" && $0.name.hasSuffix("-" + role) }
        #expect(bound.map { $0["subjects"] } == [[["kind": "User", "name": "ci"]]])
        #expect(try reader(try await HelmCase("").render()) == truth)
        #expect(try reader(try OpenShiftTemplate.read("serviceaccount").process()) == truth)
    }

    @Test(arguments: [
        (
            "suggest",
            ["/pods", "/events"].flatMap { resource in
                ["get", "list", "watch"].map { "cluster \(resource) * \($0)" }
            }
        ),
        ("nodeEvents", ["create", "patch"].map { "namespace/default events.k8s.io/events * \($0)" }),
        ("nodeReadyGate", ["cluster /nodes * patch"]),
    ])
    func anOptionGrantsWhatItNeeds(_ option: String, _ more: [String]) async throws {
        let without = Grants(objects: try await HelmCase("").render()).of(Self.account)
        let with = Grants(objects: try await HelmCase("", set: ["rbac.\(option)=true"]).render()).of(Self.account)
        #expect(with.subtracting(without) == Set(more))
        #expect(without.isSubset(of: with))
    }

    /// docs/install.md's commands for those who don't use the chart grant the same.
    @Test(arguments: [("suggest", "clusterrole"), ("nodeEvents", "role")])
    func theDocumentsCommandsGrantWhatAnOptionNeeds(_ option: String, _ kind: String) async throws {
        func role(_ objects: [JSONValue]) -> Set<String> {
            objects.filter { $0.kind.lowercased() == kind && ($0.namespace == "default" || kind == "clusterrole") }
                .reduce(into: []) { $0.formUnion(Grants.permissions($1)) }
        }
        let without = role(try await HelmCase("").render())
        let more = role(try await HelmCase("", set: ["rbac.\(option)=true"]).render()).subtracting(without)
        #expect(!more.isEmpty)
        let command = try #require(
            try TextFile.read(Repository.root + "/docs/install.md").split(separator: "\n").first {
                $0.hasPrefix("    kubectl ") && $0.contains(" create \(kind) ")
            })
        try await HelmUpgradeTests.withCluster { _, kubeconfig in
            let arguments = command.split(separator: " ").dropFirst().map(String.init)
            let made = try await Repository.kubectl(
                ["--kubeconfig", kubeconfig] + arguments + ["--dry-run=client", "--output", "json"])
            #expect(role([try JSONDecoder().decode(JSONValue.self, from: Data(made.utf8))]) == more)
        }
    }

    /// Pods are touched so that containers start sooner; whoever doesn't want that grants it not.
    @Test func wakingPodsCanBeLeftOut() async throws {
        let with = Grants(objects: try await HelmCase("").render()).of(Self.account)
        let without = Grants(objects: try await HelmCase("", set: ["rbac.wakePods=false"]).render()).of(Self.account)
        let added = "namespace/k8s-image-puller /pods/ephemeralcontainers * patch"
        #expect(with.subtracting(without) == ["namespace/k8s-image-puller /pods * patch", added])
        #expect(without.isSubset(of: with))
        // Adding containers goes with it, and can be left out alone.
        let fixed = Grants(objects: try await HelmCase("", set: ["rbac.extendPods=false"]).render()).of(Self.account)
        #expect(with.subtracting(fixed) == [added] && fixed.isSubset(of: with))
    }

    /// The key needs the permission: the value that writes the one grants the other, as does the manifest for others.
    @Test func theGateBringsItsPermission() async throws {
        let without = Grants(objects: try await HelmCase("").render()).of(Self.account)
        let objects = try await HelmCase("", set: ["configMap.nodeReadyTaint=a/b=c:NoSchedule"]).render()
        let more = Grants(objects: objects).of(Self.account).subtracting(without)
        #expect(more == ["cluster /nodes * patch"])
        let map = try objects.first("ConfigMap")
        #expect(map.at("data", "NODE_READY_TAINT") == "a/b=c:NoSchedule")
        let manifest = try Repository.documents("deploy/kustomize/node-ready-gate.yaml")
        #expect(Grants(objects: manifest).of(Self.account) == more)
        let empty = try await HelmCase("", set: ["configMap.nodeReadyTaint="]).render()
        #expect(Grants(objects: empty).of(Self.account) == without)
    }

    /// In another namespace the coordinator may keep the DaemonSet, its pods and the authority's ConfigMap; nothing else.
    @Test func anotherNamespaceGrantsLess() async throws {
        let objects = try await HelmCase("", set: ["extraNamespaces={builds}", "openshift=true"]).render()
        let grants = Grants(objects: objects)
        let own = grants.of(Self.account)
        let there = own.filter { $0.hasPrefix("namespace/builds ") }
        // When the DaemonSet moves away, the authority's ConfigMap goes with it.
        let move = "namespace/builds /configmaps kubernetes-image-puller-ca delete"
        #expect(there.contains(move))
        #expect(
            there.filter { $0 != move }.allSatisfy {
                own.contains($0.replacing("/builds ", with: "/k8s-image-puller "))
            })
        #expect(!there.contains { $0.contains("/secrets") || $0.contains("leases") || $0.contains("replicasets") })
        #expect(there.contains("namespace/builds apps/daemonsets * patch"))
        let accounts = objects.filter { $0.kind == "ServiceAccount" && $0.name == Self.agents }.map(\.namespace)
        #expect(Set(accounts) == ["k8s-image-puller", "builds"])
        #expect(grants.of(Self.agents).count == 2)
    }

    /// docs/security.md says what the coordinator may do, all of it and nothing else.
    @Test func theDocumentSaysTheSame() throws {
        let text = try TextFile.read(Repository.root + "/docs/security.md")
        let section =
            text.split(separator: "## What the coordinator may do").last?.split(separator: "\n##").first ?? ""
        var told: Set<String> = []
        for row in section.split(separator: "\n") where row.hasPrefix("| ") && !row.hasPrefix("| object") {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, !cells[0].hasPrefix("-") else { continue }
            let words = cells[0].split(separator: " ").map(String.init)
            // A group, or a pod's subresource.
            let resource = words[0].contains("/") && !words[0].hasPrefix("pods/") ? words[0] : "/" + words[0]
            let name = words.dropFirst().first?.replacing("`", with: "").replacing("SERVICE", with: Self.service)
            for verb in cells[1].split(separator: ", ") { told.insert("\(resource) \(name ?? "*") \(verb)") }
        }
        #expect(told == Grants.permissions(try Self.truth().first("Role")))
        #expect(Grants.permissions(try Self.truth().first("ClusterRole")).count == 4)
        for words in ["nodes list, watch", "tokenreviews and subjectaccessreviews\ncreate"] {
            #expect(section.contains(words), "\(words)")
        }
    }

    /// Agents get one token, for the coordinator; the account must not mount another.
    @Test func agentsMountNoTokenOfTheirAccount() async throws {
        let sets = [
            try Self.truth(), try await HelmCase("", set: ["extraNamespaces={builds}"]).render(),
            try OpenShiftTemplate.read("serviceaccount").process(),
        ]
        for objects in sets {
            let accounts = objects.filter { $0.kind == "ServiceAccount" && $0.name == Self.agents }
            #expect(!accounts.isEmpty)
            #expect(accounts.allSatisfy { $0["automountServiceAccountToken"] == false })
        }
    }
}
