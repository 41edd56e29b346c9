import Shared
import Testing

/// Values with which the chart is rendered.
struct HelmCase: Sendable, CustomTestStringConvertible {
    let name: String
    /// What helm is told besides the chart and the namespace.
    var arguments: [String] = []

    var testDescription: String { name }

    init(_ name: String, set: [String] = [], json: [String] = [], files: [String] = []) {
        self.name = name
        arguments =
            Self.registry + files.flatMap { ["--values", $0] } + set.flatMap { ["--set", $0] }
            + json.flatMap { ["--set-json", $0] }
    }

    /// The chart's objects with these values, hooks included.
    func render(namespace: String = "k8s-image-puller", chart: String = Repository.chart) async throws -> [JSONValue] {
        try YAMLDocuments.read(
            try await Repository.helm(["template", "puller", chart, "--namespace", namespace] + arguments))
    }

    static let goValues = Repository.goPuller + "/values.yaml"

    /// Where the images are, which the chart can't know; a later `--set` counts more.
    static let registry = ["coordinator", "agent"].flatMap {
        ["--set", "\($0)Image.repository=registry.example.com/image-puller/\($0)"]
    }

    static let everything = [
        "persistence.enabled=true", "persistence.storageClass=fast", "serviceMonitor.enabled=true",
        "prometheusRule.enabled=true", "grafanaDashboard.enabled=true", "networkPolicy.enabled=true",
        "networkPolicy.egress.enabled=true", "configMap.alertWebhookUrl=http://alertmanager.monitoring:9093",
        "logFormat=json", "clusterName=production west",
        "podDisruptionBudget.enabled=true",
        "rbac.suggest=true", "rbac.nodeEvents=true", "rbac.nodeReadyGate=true", "extraNamespaces={builds,shops}",
        "configMap.namespace=builds", "imagePullSecrets={mirror}", "configMap.imagePullSecrets=a;b",
        "priorityClassName=system-cluster-critical", "logLevel=debug", "extraArgs={--log-level=trace}",
        "podLabels.team=platform", "podAnnotations.note=yes", "deploymentAnnotations.note=yes",
        "nodeSelector.disk=ssd", "agentServiceAccount.name=puller-agents",
        "operator.enabled=true", "operator.namespaces={eclipse-che,builds}",
    ]

    /// What the chart had between February 2020 and today, and has no more.
    static let goValuesOfAllVersions = [
        "appName=kubernetes-image-puller", "serviceAccount.credentialsToken=k8s-image-puller-token",
        "configMap.kipImage=quay.io/eclipse/kubernetes-image-puller:next", "securityContext.runAsUser=1234",
        "securityContext.readOnlyRootFilesystem=true", "image.repository=quay.io/openshiftio/kubernetes-image-puller",
        "image.tag=bdf0ed3", "configMap.tolerations=",
    ]

    static let matrix = [
        HelmCase("defaults"),
        HelmCase("the Go puller's values", files: [goValues]),
        HelmCase("the example's list", files: [Repository.chart + "/examples/eclipse-che.yaml"]),
        HelmCase(
            "values of early versions of the Go puller's chart", set: ["configMap.kipImage=quay.io/eclipse/x:next"],
            json: ["priorityClassName={}"]),
        HelmCase(
            "values of all versions of the Go puller's chart", set: goValuesOfAllVersions, files: [goValues]),
        HelmCase("everything", set: everything),
        HelmCase("everything on OpenShift", set: everything + ["openshift=true"]),
        HelmCase(
            "links and tokens",
            set: [
                "serviceMonitor.enabled=true", "serviceMonitor.tokenSecret.name=prometheus-token",
                "prometheusRule.enabled=true", "prometheusRule.watchdog=true",
                "prometheusRule.runbookURL=https://wiki.example.com/puller/",
                "externalURL=https://images.example.com/",
            ]),
        HelmCase(
            "defaults taken away",
            set: [
                "serviceMonitor.enabled=true", "serviceMonitor.tokenSecret=null", "grafanaDashboard.enabled=true",
                "grafanaDashboard.labels=null", "resources=null", "containerSecurityContext=null",
                "configMap.runtimeSocket=null", "podLabels=null", "extraNamespaces=null", "rbac.readers=null",
                "configMap.daemonsetAnnotations=null", "configMap.nodeSelector=null", "configMap.affinity=null",
                "configMap.tolerations=null", "configMap.imagePullSecrets=null",
                "operator.enabled=true", "operator.namespaces=null",
            ]),
        HelmCase("not OpenShift", set: ["openshift=false"]),
        HelmCase("objects", set: ["operator.enabled=true"]),
        HelmCase(
            "objects of all namespaces",
            set: ["operator.enabled=true", "operator.namespaces={*}", "operator.installCRD=false"]),
        HelmCase("restricted mode", set: ["configMap.runtimeSocket=none"]),
        HelmCase("a claim that exists", set: ["persistence.enabled=true", "persistence.existingClaim=mine"]),
        HelmCase(
            "all keys of the ConfigMap",
            set: [
                "configMap.pullMaxParallel=100", "configMap.rollMaxParallel=3", "configMap.pullTimeoutSeconds=600",
                "configMap.retryInitialSeconds=1", "configMap.retryMaxSeconds=60",
                "configMap.retryPermanentSeconds=300", "configMap.reportIntervalSeconds=5",
                "configMap.runtimeSocket=/run/crio/crio.sock", "configMap.historyRetentionDays=7",
                "configMap.imageGcHighPercent=80", "configMap.alertAfterSeconds=60",
                "configMap.alertWebhookUrl=https://alerts.example.com/api/v2/alerts",
                "configMap.nodeReadyTaint=image-puller/not-ready=true:NoSchedule",
                "configMap.nodeReadyTimeoutSeconds=300", "configMap.protectPrivateImages=true",
            ]),
        HelmCase(
            "images by digest and by number",
            set: ["coordinatorImage.digest=sha256:\(String(repeating: "a", count: 64))", "agentImage.tag=1.5"]),
        // A YAML reader takes a bare `y` or `1` for something else than a name.
        HelmCase(
            "names that YAML reads otherwise", set: ["image.tag=7"],
            json: [#"deploymentName="y""#, #"configMap.name="1""#, #"serviceAccount.name="null""#]),
        HelmCase(
            "scheduling as YAML",
            json: [
                #"configMap.tolerations=[{"key":"gpu","operator":"Exists"}]"#,
                #"configMap.nodeSelector={"disk":"ssd"}"#, #"configMap.affinity={}"#,
                #"configMap.daemonsetAnnotations={"team":"platform"}"#, #"tolerations=[{"operator":"Exists"}]"#,
                #"configMap.cachingCpuRequest=0.05"#, #"configMap.cachingIntervalHours="2""#,
            ]),
        HelmCase(
            "a security context of the user's",
            json: [#"containerSecurityContext={"runAsUser":1234,"seccompProfile":{"type":"RuntimeDefault"}}"#]),
        HelmCase(
            "who may read",
            json: [#"rbac.readers=[{"kind":"ServiceAccount","name":"prometheus","namespace":"monitoring"}]"#]),
    ]
}
