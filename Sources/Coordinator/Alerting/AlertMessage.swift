import Alerts
import Cluster
import Formatting
import FoundationEssentials
import KubernetesClient
import Planning

/// An alert as Alertmanager's API v2 takes it (`POST /api/v2/alerts`).
package struct AlertMessage: Codable, Sendable, Equatable {
    var labels: [String: String]
    var annotations: [String: String]
    /// RFC 3339.
    var startsAt: String
    /// When the receiver may take it for resolved; in the past when it is.
    var endsAt: String
    /// Where people can look; left out when nobody said.
    var generatorURL: String?

    static let alertName = "ImageMissing"
    /// Names in an annotation, of nodes and of image sets.
    static let maximumNames = 20
    /// Of the runtime's message, in UTF-8.
    static let maximumMessageBytes = 500
    /// The section of docs/runbook.md.
    static let runbookSection = "imagemissing"

    init(_ alert: Alert, at now: Timestamp, origin: Origin) {
        // Labels say which alert it is: nothing that changes while it lasts may stand here.
        labels = [
            "alertname": Self.alertName, "severity": "warning", "image": alert.key.image, "reason": alert.key.reason,
            "namespace": origin.namespace, "configmap": origin.configMap,
        ]
        let count = alert.nodes.count == 1 ? "1 node" : "\(alert.nodes.count) nodes"
        let nodes = Self.list(alert.nodes)
        let isRefused = alert.key.reason == AlertKey.refused
        let state = isRefused ? "present, and refused by the kubelet" : "missing"
        annotations = [
            "summary": "\(alert.key.image) has been \(state) on \(count) for too long"
                + (isRefused ? "" : ": \(Self.explanation(of: alert.key.reason))"),
            "description": "\(alert.reference) has been \(state) since \(alert.since.rfc3339) on \(nodes)."
                + (alert.message.isEmpty
                    ? ""
                    : " The \(isRefused ? "kubelet" : "runtime") says: "
                        + alert.message.cut(toUTF8Bytes: Self.maximumMessageBytes))
                + (alert.advice.isEmpty ? "" : " \(alert.advice)."),
            "next_step": "kubectl image-puller --namespace \(origin.namespace) image \(alert.key.image)",
            "reference": alert.reference, "nodes": nodes, "node_count": "\(alert.nodes.count)",
        ]
        if !alert.sets.isEmpty { annotations["sets"] = Self.list(alert.sets) }
        if let runbook = origin.runbookURL { annotations["runbook_url"] = "\(runbook)#\(Self.runbookSection)" }
        startsAt = alert.startsAt.rfc3339
        endsAt = (alert.resolvedAt ?? now + AlertBook.expirySeconds).rfc3339
        generatorURL = origin.view(of: alert.key.image)
    }

    /// Who sends it.
    package struct Origin: Sendable, Equatable {
        package var namespace: String
        package var configMap: String
        /// Where people reach the dashboard; nil: nobody said.
        package var externalURL: WebLink?
        /// Where docs/runbook.md is published; nil: nobody said.
        package var runbookURL: WebLink?

        package init(namespace: String, configMap: String, externalURL: WebLink? = nil, runbookURL: WebLink? = nil) {
            self.namespace = namespace
            self.configMap = configMap
            self.externalURL = externalURL
            self.runbookURL = runbookURL
        }

        func view(of image: String) -> String? {
            externalURL.map { "\($0)/#/image/\(percentEncoded(image))" }
        }
    }

    private static func list(_ names: [String]) -> String {
        let text = names.prefix(maximumNames).joined(separator: ", ")
        return names.count > maximumNames ? text + " and \(names.count - maximumNames) more" : text
    }

    private static func explanation(of reason: String) -> String {
        FailureReason(rawValue: reason)?.meaning ?? "no attempt has ended yet"
    }
}
