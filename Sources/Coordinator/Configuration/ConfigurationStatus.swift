import Synchronization

/// What the coordinator made of the ConfigMap: the answer of `GET /api/v1/configuration`.
package struct ConfigurationStatus: Codable, Sendable, Hashable {
    /// The number of the revision in force; 0 before the first.
    package var revision = 0
    /// The image set's name; nil: `default`.
    package var imageSet: String?
    /// RFC 3339; nil before the first.
    package var acceptedAt: String?
    /// Whether the ConfigMap as it stands now is the revision in force.
    package var isAccepted = false
    /// `namespace/name` of the ConfigMap, or of the object that stands in its place.
    package var configMap = ""
    /// What that object is: `KubernetesImagePuller`; nil: a ConfigMap.
    package var kind: String?
    /// `metadata.resourceVersion` of the newest ConfigMap that was judged; nil before the first. What it asks is in force
    /// by the time that it stands here, unless it was rejected.
    package var resourceVersion: String?
    /// What was found in the ConfigMap as it stands now, and where the nodes can't do what the revision in force asks.
    package var findings: [Remark] = []
    /// Those of the image sets beside `default`, the oldest first; nil: there are none.
    package var sets: [ConfigurationStatus]?

    /// Under which history keeps its revisions.
    package var historyName: String { kind.map { "\($0)/\(configMap)" } ?? configMap }

    package struct Remark: Codable, Sendable, Hashable {
        /// `error`, `warning` or `info`.
        package var severity: String
        var key: String
        package var message: String
    }
}

/// Where the keeper of the ConfigMap posts its status for those who ask.
package final class ConfigurationBoard: Sendable {
    private struct Posted {
        var status: ConfigurationStatus
        var fit: [ConfigurationStatus.Remark] = []
        var object: [ConfigurationStatus.Remark] = []
        var sets: [ConfigurationBoard] = []
        var fields: [String: String]?
    }

    private let posted: Mutex<Posted>

    /// - Parameters:
    ///   - imageSet: nil: `default`.
    ///   - kind: nil: a ConfigMap.
    package init(configMap: String, imageSet: String? = nil, kind: String? = nil) {
        posted = Mutex(Posted(status: ConfigurationStatus(imageSet: imageSet, configMap: configMap, kind: kind)))
    }

    /// With what the cluster makes of the revision in force.
    package var status: ConfigurationStatus {
        posted.withLock { posted in
            var status = posted.status
            status.findings += posted.object + posted.fit
            if !posted.sets.isEmpty { status.sets = posted.sets.map(\.status) }
            return status
        }
    }

    package func post(_ status: ConfigurationStatus) { posted.withLock { $0.status = status } }

    /// The boards of the other sets, the oldest first.
    package func post(sets: [ConfigurationBoard]) { posted.withLock { $0.sets = sets } }

    /// What is to be said of the object itself, whatever stands in it.
    package func post(object: [ConfigurationStatus.Remark]) { posted.withLock { $0.object = object } }

    package func post(fit: [ConfigurationStatus.Remark]) { posted.withLock { $0.fit = fit } }

    /// By key: the field of the object that stands in its place; nil: keys are told by their names.
    package func post(fields: [String: String]?) { posted.withLock { $0.fields = fields } }

    /// A finding in the words of whoever wrote the configuration.
    package func named(_ finding: Finding) -> Finding {
        posted.withLock(\.fields).map(finding.named) ?? finding
    }
}

extension ConfigurationStatus.Remark {
    package init(_ finding: Finding) {
        self.init(severity: finding.severity.rawValue, key: finding.key, message: finding.description)
    }
}
