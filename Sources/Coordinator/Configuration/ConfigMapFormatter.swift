import Cluster
import Foundation
import ImageSets
import Shared

/// Writes a configuration as the data of a ConfigMap: reading that again gives the same configuration.
package enum ConfigMapFormatter {
    /// Every key, in the formats that the Go puller understands where it knows the key.
    package static func data(for configuration: Configuration) -> [String: String] {
        var data: [String: String] = [:]
        for key in ConfigurationKey.allCases { data[key.rawValue] = value(of: key, in: configuration) }
        return data
    }

    static func value(of key: ConfigurationKey, in configuration: Configuration) -> String {
        switch key {
        case .images:
            configuration.images.map { "\($0.name)=\($0.reference.written)" }.joined(separator: ";\n")
        case .cachingIntervalHours: "\(configuration.cachingIntervalHours)"
        case .cachingMemoryRequest: configuration.sleepResources.memoryRequest
        case .cachingMemoryLimit: configuration.sleepResources.memoryLimit
        case .cachingCPURequest: configuration.sleepResources.cpuRequest
        case .cachingCPULimit: configuration.sleepResources.cpuLimit
        case .daemonSetName: configuration.daemonSetName
        case .daemonSetAnnotations: json(configuration.daemonSetAnnotations)
        case .namespace: configuration.namespace
        case .nodeSelector: json(configuration.scheduling.nodeSelector)
        case .affinity: json(configuration.scheduling.affinity)
        case .tolerations: json(configuration.scheduling.tolerations)
        case .imagePullSecrets: configuration.imagePullSecrets.joined(separator: ";")
        case .agentImage: configuration.agentImage ?? ""
        case .pullMaxParallel: "\(configuration.pullMaxParallel)"
        case .rollMaxParallel: configuration.rollMaxParallel.map(String.init) ?? ""
        case .pullTimeoutSeconds: "\(configuration.pullTimeoutSeconds)"
        case .retryInitialSeconds: "\(configuration.retry.initialSeconds)"
        case .retryMaxSeconds: "\(configuration.retry.maxSeconds)"
        case .retryPermanentSeconds: "\(configuration.retry.permanentSeconds)"
        case .reportIntervalSeconds: configuration.reportIntervalSeconds.map(String.init) ?? ""
        case .runtimeSocket:
            switch configuration.runtimeSocket {
            case .automatic: ""
            case .none: "none"
            case .path(let path): path
            }
        case .historyRetentionDays: "\(configuration.historyRetentionDays)"
        case .imageGCHighPercent: "\(configuration.imageGCHighPercent)"
        case .alertAfterSeconds: "\(configuration.alertAfterSeconds)"
        case .alertWebhookURL: configuration.alertWebhookURL ?? ""
        case .protectPrivateImages: configuration.protectsPrivateImages == true ? "true" : "false"
        case .priorityClassName: configuration.priorityClassName ?? ""
        case .nodeReadyTaint: configuration.scheduling.nodeReadyGate?.taint.text ?? ""
        case .nodeReadyTimeoutSeconds:
            "\(configuration.scheduling.nodeReadyGate?.timeoutSeconds ?? NodeReadyGate.defaultTimeoutSeconds)"
        }
    }

    private static func json(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Only strings, whole numbers and containers of them are in these values: nothing that can't be encoded.
        guard let data = try? encoder.encode(value) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}

/// The ConfigMap that the coordinator creates when there's none: every key with its default, and no images.
package enum ConfigMapDefaults {
    package static func data(_ options: ConfigurationOptions) -> [String: String] {
        var configuration = Configuration()
        configuration.namespace = options.ownNamespace
        // KIP_IMAGE stays empty, so that it follows the coordinator's own image through upgrades.
        return ConfigMapFormatter.data(for: configuration)
    }
}
