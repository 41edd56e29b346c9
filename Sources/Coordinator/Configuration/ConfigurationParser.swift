import Formatting
import ImageSets
import Manifests

/// Turns a ConfigMap into a configuration, or says why not: a pure function of what the user wrote, of the last accepted
/// configuration and of how the coordinator was installed.
///
/// Whatever the input, it neither crashes nor drops anything in silence, and no mistake releases an image that is cached.
package struct ConfigurationParser: Sendable {
    /// The API server and etcd take 1.5 MiB at most, and a DaemonSet carries its template in each ControllerRevision too.
    static let maximumTemplateBytes = DaemonSetManifest.maximumTemplateBytes

    package var options = ConfigurationOptions()

    package init(options: ConfigurationOptions = ConfigurationOptions()) {
        self.options = options
    }

    /// Judges an edit.
    ///
    /// - Parameters:
    ///   - last: the configuration in force; nil before the first.
    ///   - templateBytes: the size of the pod template that a configuration leads to, as JSON.
    package func decide(
        _ content: ConfigMapContent, last: Configuration?, templateBytes: (Configuration) -> Int
    ) -> ConfigurationDecision {
        let decision = judge(content, last: last, templateBytes: templateBytes)
        var findings = Finding.bounded(decision.findings)
        if let fields = content.object?.fields { findings = findings.map { $0.named(by: fields) } }
        return decision.configuration.map { .accepted($0, findings) } ?? .rejected(findings)
    }

    private func judge(
        _ content: ConfigMapContent, last: Configuration?, templateBytes: (Configuration) -> Int
    ) -> ConfigurationDecision {
        let reading = read(content, last: last)
        guard !reading.isRejected else { return .rejected(reading.findings) }
        if let excess = Self.excess(of: templateBytes(reading.configuration), reading.configuration) {
            return .rejected([excess] + reading.findings)
        }
        return .accepted(reading.configuration, reading.findings)
    }

    /// - Parameter bytes: of the pod template that a configuration leads to.
    /// - Returns: why it can't be; nil: it's small enough.
    static func excess(of bytes: Int, _ configuration: Configuration) -> Finding? {
        guard bytes > maximumTemplateBytes else { return nil }
        let count = configuration.images.count
        return Finding(
            severity: .error, key: ConfigurationKey.images.rawValue,
            message: "the pod template would have \(bytes) bytes with \(counted(count, "image")), and the limit is "
                + "\(maximumTemplateBytes)",
            nextStep:
                "list fewer images, or shorten what NODE_SELECTOR, AFFINITY, TOLERATIONS and IMAGE_PULL_SECRETS say")
    }

    /// Reads every key, and goes on after a mistake so that the user hears of all of them at once.
    func read(_ content: ConfigMapContent, last: Configuration?) -> ConfigurationReading {
        var reading = ConfigurationReading(content: content, options: options)
        reading.readImages(last: last?.images ?? [])
        reading.readResources()
        reading.readPlace()
        reading.readScheduling()
        reading.readPrefetch()
        reading.readNodeReadyGate()
        reading.readAgent()
        reading.readNumbers()
        reading.readAlerts()
        reading.readUnknown()
        if let last { reading.readVanished(since: last) }
        return reading
    }
}
