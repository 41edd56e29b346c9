import Synchronization

/// What the coordinator made of the ConfigMap: the answer of `GET /api/v1/configuration`.
struct ConfigurationStatus: Codable, Sendable, Hashable {
    /// The number of the revision in force; 0 before the first.
    var revision = 0
    /// RFC 3339; nil before the first.
    var acceptedAt: String?
    /// Whether the ConfigMap as it stands now is the revision in force.
    var isAccepted = false
    /// `namespace/name` of the ConfigMap.
    var configMap = ""
    /// `metadata.resourceVersion` of the newest ConfigMap that was judged; nil before the first. What it asks is in force
    /// by the time that it stands here, unless it was rejected.
    var resourceVersion: String?
    /// What was found in the ConfigMap as it stands now, and where the nodes can't do what the revision in force asks.
    var findings: [Remark] = []

    struct Remark: Codable, Sendable, Hashable {
        /// `error`, `warning` or `info`.
        var severity: String
        var key: String
        var message: String
    }
}

/// Where the keeper of the ConfigMap posts its status for those who ask.
final class ConfigurationBoard: Sendable {
    private struct Posted {
        var status: ConfigurationStatus
        var fit: [ConfigurationStatus.Remark] = []
    }

    private let posted: Mutex<Posted>

    init(configMap: String) { posted = Mutex(Posted(status: ConfigurationStatus(configMap: configMap))) }

    /// With what the cluster makes of the revision in force.
    var status: ConfigurationStatus {
        posted.withLock { posted in
            var status = posted.status
            status.findings += posted.fit
            return status
        }
    }

    func post(_ status: ConfigurationStatus) { posted.withLock { $0.status = status } }

    func post(fit: [ConfigurationStatus.Remark]) { posted.withLock { $0.fit = fit } }
}
