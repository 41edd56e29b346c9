/// The keys of the ConfigMap that mean something.
package enum ConfigurationKey: String, Sendable, CaseIterable {
    // Those of the Go puller, with its formats.
    case images = "IMAGES"
    case cachingIntervalHours = "CACHING_INTERVAL_HOURS"
    case cachingMemoryRequest = "CACHING_MEMORY_REQUEST"
    case cachingMemoryLimit = "CACHING_MEMORY_LIMIT"
    case cachingCPURequest = "CACHING_CPU_REQUEST"
    case cachingCPULimit = "CACHING_CPU_LIMIT"
    case daemonSetName = "DAEMONSET_NAME"
    case daemonSetAnnotations = "DAEMONSET_ANNOTATIONS"
    case namespace = "NAMESPACE"
    case nodeSelector = "NODE_SELECTOR"
    case affinity = "AFFINITY"
    case tolerations = "TOLERATIONS"
    case imagePullSecrets = "IMAGE_PULL_SECRETS"
    case agentImage = "KIP_IMAGE"
    // Ours.
    case pullMaxParallel = "PULL_MAX_PARALLEL"
    case rollMaxParallel = "ROLL_MAX_PARALLEL"
    case pullTimeoutSeconds = "PULL_TIMEOUT_SECONDS"
    case retryInitialSeconds = "RETRY_INITIAL_SECONDS"
    case retryMaxSeconds = "RETRY_MAX_SECONDS"
    case retryPermanentSeconds = "RETRY_PERMANENT_SECONDS"
    case reportIntervalSeconds = "REPORT_INTERVAL_SECONDS"
    case runtimeSocket = "RUNTIME_SOCKET"
    case historyRetentionDays = "HISTORY_RETENTION_DAYS"
    case imageGCHighPercent = "IMAGE_GC_HIGH_PERCENT"
    case alertAfterSeconds = "ALERT_AFTER_SECONDS"
    case alertWebhookURL = "ALERT_WEBHOOK_URL"
    case protectPrivateImages = "PROTECT_PRIVATE_IMAGES"
    case nodeReadyTaint = "NODE_READY_TAINT"
    case nodeReadyTimeoutSeconds = "NODE_READY_TIMEOUT_SECONDS"
    case priorityClassName = "PRIORITY_CLASS_NAME"
}

extension ConfigurationKey {
    /// What a whole number of this key may be; nil for keys that are no number.
    ///
    /// Zero is never allowed: an interval, a deadline or a cap of zero is a loop without pause or a standstill.
    /// The upper ends keep seconds within a day or so, where more is a slip of the keyboard.
    var range: ClosedRange<Int>? {
        switch self {
        case .cachingIntervalHours: 1...8760
        case .pullMaxParallel, .rollMaxParallel: 1...100_000
        case .pullTimeoutSeconds, .retryInitialSeconds, .retryMaxSeconds, .retryPermanentSeconds,
            .nodeReadyTimeoutSeconds:
            1...86_400
        case .reportIntervalSeconds: 1...3600
        case .historyRetentionDays: 1...3650
        case .imageGCHighPercent: 1...100
        case .alertAfterSeconds: 1...2_592_000
        default: nil
        }
    }

    /// Those that say where pods run, or how: without them pods go away that hold images.
    static let ofPlace: Set<Self> = [
        .runtimeSocket, .nodeSelector, .affinity, .tolerations, .namespace, .daemonSetName, .nodeReadyTaint,
    ]

    /// Those that concern the cluster, one registry or one agent for all image sets: the main ConfigMap says what they are.
    static let ofCluster: Set<Self> = [
        .agentImage, .pullMaxParallel, .rollMaxParallel, .pullTimeoutSeconds, .retryInitialSeconds, .retryMaxSeconds,
        .retryPermanentSeconds, .reportIntervalSeconds, .runtimeSocket, .historyRetentionDays, .imageGCHighPercent,
        .alertAfterSeconds, .alertWebhookURL, .nodeReadyTaint, .nodeReadyTimeoutSeconds,
    ]

    /// Environment variables that versions of the Go puller read, and that have no meaning here.
    static let formerKeys: [String: String] = [
        "DEPLOYMENT_NAME": "it names the Go puller's Deployment, and the coordinator finds its own",
        "NODE_TOLERATION": "the Go puller replaced it by TOLERATIONS, and so do we",
        "IMPERSONATE_USERS": "the Go puller's multi-cluster mode is not supported",
        "MULTICLUSTER": "the Go puller's multi-cluster mode is not supported",
        "OIDC_PROVIDER": "the Go puller's multi-cluster mode is not supported",
        "OPENSHIFT_PROXY_URL": "the Go puller's multi-cluster mode is not supported",
        "SERVICE_ACCOUNT_ID": "the Go puller's multi-cluster mode is not supported",
        "SERVICE_ACCOUNT_SECRET": "the Go puller's multi-cluster mode is not supported",
    ]
}
