/// One kind of object that the API serves, by the names that its URLs and documents use.
struct ResourceType: Sendable, Hashable {
    /// The API group; empty for the core group.
    let group: String
    let version: String
    /// The name in URLs: `daemonsets`.
    let plural: String
    /// The name in documents: `DaemonSet`.
    let kind: String
    let namespaced: Bool
    /// Whether the API has a `/status` subresource, so that ordinary writes leave the status alone.
    let hasStatus: Bool

    init(
        group: String = "", version: String = "v1", plural: String, kind: String, namespaced: Bool = true,
        hasStatus: Bool = false
    ) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.namespaced = namespaced
        self.hasStatus = hasStatus
    }

    /// What documents say in `apiVersion`.
    var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The name in messages of Status documents: `daemonsets.apps`.
    var qualifiedPlural: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The name in messages of 422 answers: `DaemonSet.apps`.
    var qualifiedKind: String { group.isEmpty ? kind : "\(kind).\(group)" }
}

extension ResourceType {
    static let pods = ResourceType(plural: "pods", kind: "Pod", hasStatus: true)
    static let nodes = ResourceType(plural: "nodes", kind: "Node", namespaced: false, hasStatus: true)
    static let namespaces = ResourceType(plural: "namespaces", kind: "Namespace", namespaced: false, hasStatus: true)
    static let configMaps = ResourceType(plural: "configmaps", kind: "ConfigMap")
    static let secrets = ResourceType(plural: "secrets", kind: "Secret")
    static let services = ResourceType(plural: "services", kind: "Service", hasStatus: true)
    static let serviceAccounts = ResourceType(plural: "serviceaccounts", kind: "ServiceAccount")
    static let events = ResourceType(plural: "events", kind: "Event")
    /// The same objects as ``events``, by their newer field names.
    static let eventsV1 = ResourceType(group: "events.k8s.io", plural: "events", kind: "Event")
    static let daemonSets = ResourceType(group: "apps", plural: "daemonsets", kind: "DaemonSet", hasStatus: true)
    static let deployments = ResourceType(group: "apps", plural: "deployments", kind: "Deployment", hasStatus: true)
    static let replicaSets = ResourceType(group: "apps", plural: "replicasets", kind: "ReplicaSet", hasStatus: true)
    static let controllerRevisions = ResourceType(
        group: "apps", plural: "controllerrevisions", kind: "ControllerRevision")
    static let leases = ResourceType(group: "coordination.k8s.io", plural: "leases", kind: "Lease")
    static let roles = ResourceType(group: "rbac.authorization.k8s.io", plural: "roles", kind: "Role")
    static let roleBindings = ResourceType(
        group: "rbac.authorization.k8s.io", plural: "rolebindings", kind: "RoleBinding")
    static let clusterRoles = ResourceType(
        group: "rbac.authorization.k8s.io", plural: "clusterroles", kind: "ClusterRole", namespaced: false)
    static let clusterRoleBindings = ResourceType(
        group: "rbac.authorization.k8s.io", plural: "clusterrolebindings", kind: "ClusterRoleBinding",
        namespaced: false)

    static let volumeClaims = ResourceType(
        plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim", hasStatus: true)
    static let networkPolicies = ResourceType(
        group: "networking.k8s.io", plural: "networkpolicies", kind: "NetworkPolicy")
    static let disruptionBudgets = ResourceType(
        group: "policy", plural: "poddisruptionbudgets", kind: "PodDisruptionBudget", hasStatus: true)

    static let definitions = ResourceType(
        group: "apiextensions.k8s.io", plural: "customresourcedefinitions", kind: "CustomResourceDefinition",
        namespaced: false, hasStatus: true)
    /// Served only while there is its definition.
    static let imagePullers = ResourceType(
        group: "che.eclipse.org", version: "v1alpha1", plural: "kubernetesimagepullers", kind: "KubernetesImagePuller",
        hasStatus: true)

    /// Whether a CustomResourceDefinition makes the type.
    var isCustom: Bool { self == .imagePullers }

    /// Every type that is known.
    static let all: [ResourceType] = [
        .configMaps, .events, .namespaces, .nodes, .pods, .secrets, .serviceAccounts, .services,
        .controllerRevisions, .daemonSets, .deployments, .replicaSets, .eventsV1, .leases,
        .clusterRoleBindings, .clusterRoles, .roleBindings, .roles,
        .volumeClaims, .networkPolicies, .disruptionBudgets, .definitions, .imagePullers,
    ]

    /// The type under whose name objects are stored: the two event APIs are two views of one kind.
    var storage: ResourceType { self == .eventsV1 ? .events : self }

    static func find(group: String, version: String, plural: String) -> ResourceType? {
        all.first { $0.group == group && $0.version == version && $0.plural == plural }
    }

    /// The type that an ownerReference speaks of; nil when it isn't served here.
    static func find(apiVersion: String, kind: String) -> ResourceType? {
        all.first { $0.apiVersion == apiVersion && $0.kind == kind }
    }
}
