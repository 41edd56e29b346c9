import Cluster
import Formatting
import ImageSets
import Shared

/// What each key's value does in a cluster, in a line.
enum KeyMeaning {
    /// The value in one short line.
    static func value(of key: ConfigurationKey, in configuration: Configuration) -> String {
        switch key {
        case .images: return counted(configuration.images.count, "entry", plural: "entries")
        case .rollMaxParallel where configuration.rollMaxParallel == nil: return "10 %, at least 3"
        case .runtimeSocket where configuration.runtimeSocket == .automatic: return "automatic"
        case .reportIntervalSeconds where configuration.reportIntervalSeconds == nil: return "by the number of nodes"
        case .agentImage where configuration.agentImage == nil: return "the coordinator's own"
        case .alertWebhookURL: return configuration.alertWebhookURL.map(WebhookURL.redacted) ?? "none"
        case .imagePullSecrets where configuration.imagePullSecrets.isEmpty: return "none"
        case .priorityClassName where configuration.priorityClassName == nil: return "none"
        case .nodeReadyTaint where configuration.scheduling.nodeReadyGate == nil: return "none"
        case .daemonSetAnnotations, .nodeSelector, .affinity, .tolerations:
            return Redaction.quote(ConfigMapFormatter.value(of: key, in: configuration), limit: 40)
        default: return Redaction.quote(ConfigMapFormatter.value(of: key, in: configuration), limit: 60)
        }
    }

    static func meaning(of key: ConfigurationKey, in configuration: Configuration) -> String {
        let count = configuration.images.count
        let resources = configuration.sleepResources
        switch key {
        case .images:
            return count == 0 ? "nothing is cached" : "cached on every target node and held there, listed below"
        case .cachingIntervalHours:
            let every =
                configuration.cachingIntervalHours == 1
                ? "every hour" : "every \(configuration.cachingIntervalHours) hours"
            return "\(every) the DaemonSet is checked, and tags are looked up again"
        case .cachingMemoryRequest:
            let each = (try? Quantity(resources.memoryRequest)) ?? .zero
            return
                "memory set aside for each sleep container: \((each * count).asMemory) a node for \(counted(count, "image"))"
        case .cachingMemoryLimit: return "a sleep container that uses more memory is killed"
        case .cachingCPURequest:
            let each = (try? Quantity(resources.cpuRequest)) ?? .zero
            return
                "CPU set aside for each sleep container: \((each * count).asCPU) a node for \(counted(count, "image"))"
        case .cachingCPULimit: return "a sleep container that wants more CPU is slowed down"
        case .daemonSetName: return "name of the DaemonSet, which has one pod on each target node"
        case .daemonSetAnnotations:
            let annotations = configuration.daemonSetAnnotations.count
            return annotations == 0
                ? "the DaemonSet gets no more annotations" : "\(counted(annotations, "annotation")) for the DaemonSet"
        case .namespace: return "where the DaemonSet and its pods are"
        case .nodeSelector: return selected(by: configuration.scheduling.nodeSelector)
        case .affinity: return affinity(configuration.scheduling.affinity)
        case .tolerations: return tolerated(configuration.scheduling.tolerations)
        case .imagePullSecrets:
            let secrets = configuration.imagePullSecrets.count
            return secrets == 0
                ? "images are pulled without credentials of ours"
                : "\(counted(secrets, "secret")) with credentials for registries"
        case .protectPrivateImages:
            return configuration.protectsPrivateImages == true
                ? "kubelets pull what needs a secret, and then ask every pod for credentials"
                : "what agents pull is open to every pod on the node"
        case .agentImage: return "where the agent and sleep come from"
        case .priorityClassName:
            return configuration.priorityClassName == nil
                ? "the DaemonSet's pods have the priority that the cluster gives them"
                : "the PriorityClass of the DaemonSet's pods"
        case .nodeReadyTaint:
            guard let gate = configuration.scheduling.nodeReadyGate else { return "no node waits for its images" }
            return "nodes that join with \(gate.taint.text) lose it once every image is present; needs nodes: patch"
        case .nodeReadyTimeoutSeconds:
            guard let gate = configuration.scheduling.nodeReadyGate else { return "without NODE_READY_TAINT no effect" }
            return "or \(span(gate.timeoutSeconds)) after they became ready, whatever is missing"
        default: return timing(of: key, in: configuration)
        }
    }

    private static func timing(of key: ConfigurationKey, in configuration: Configuration) -> String {
        switch key {
        case .pullMaxParallel: return "at most so many pulls at once against one registry"
        case .rollMaxParallel: return "at most so many of the nodes' pods are replaced at once"
        case .pullTimeoutSeconds: return "an attempt is given up after \(span(configuration.pullTimeoutSeconds))"
        case .retryInitialSeconds:
            return
                "a failed pull is tried again within \(span(configuration.retry.initialSeconds)), then later and later"
        case .retryMaxSeconds: return "but never more than \(span(configuration.retry.maxSeconds)) later"
        case .retryPermanentSeconds:
            return "a pull that can't succeed is tried every \(span(configuration.retry.permanentSeconds))"
        case .reportIntervalSeconds:
            guard let seconds = configuration.reportIntervalSeconds else {
                let (shortest, longest) = (
                    configuration.heartbeatSeconds(nodes: 0), configuration.heartbeatSeconds(nodes: .max)
                )
                return "agents look every \(span(configuration.pollSeconds)), and report news at once, else every "
                    + "\(shortest) to \(span(longest)); silent for three times that means unknown"
            }
            return "agents look and report every \(span(seconds)); silent for \(span(seconds * 3)) means unknown"
        case .runtimeSocket:
            switch configuration.runtimeSocket {
            case .automatic: return "agents look for containerd's or CRI-O's"
            case .none: return "restricted mode: no agents, kubelets pull, no cap on pulls"
            case .path: return "agents use this socket of the host"
            }
        case .historyRetentionDays: return "history is kept for \(counted(configuration.historyRetentionDays, "day"))"
        case .imageGCHighPercent: return "no pull is started that would fill a disk more than this percentage"
        case .alertAfterSeconds:
            return "a node that misses an image for \(span(configuration.alertAfterSeconds)) raises an alert"
        case .alertWebhookURL:
            return configuration.alertWebhookURL == nil
                ? "alerts are pushed to nobody" : "alerts are pushed to this Alertmanager"
        default: return ""
        }
    }

    /// A time in the largest unit that says it exactly.
    static func span(_ seconds: Int) -> String {
        for (unit, name) in [(86_400, "day"), (3600, "hour"), (60, "minute")] where seconds % unit == 0 {
            return counted(seconds / unit, name)
        }
        return counted(seconds, "second")
    }

    private static func selected(by selector: [String: String]) -> String {
        let labels = selector.filter { $0.key != "kubernetes.io/os" }.sorted { $0.key < $1.key }
        guard !labels.isEmpty else { return "every Linux node" }
        return "Linux nodes with " + Redaction.quote(labels.map { "\($0.key)=\($0.value)" }.joined(separator: ", "))
    }

    private static func affinity(_ affinity: Affinity) -> String {
        guard !affinity.isEmpty else { return "no further condition" }
        var parts: [String] = []
        if let selector = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution {
            let terms = selector.nodeSelectorTerms.map { term in
                ((term.matchExpressions ?? []) + (term.matchFields ?? [])).map(requirement).joined(separator: " and ")
            }
            parts.append("of those, nodes where " + terms.joined(separator: ", or "))
        }
        if affinity.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.isEmpty == false {
            parts.append("preferences don't count for a DaemonSet")
        }
        if affinity.podAffinity != nil || affinity.podAntiAffinity != nil { parts.append("pod affinity is passed on") }
        return Redaction.quote(parts.joined(separator: "; "), limit: 160)
    }

    private static func requirement(_ requirement: NodeSelectorRequirement) -> String {
        let values = requirement.values ?? []
        let list = values.count == 1 ? values[0] : "(\(values.joined(separator: ", ")))"
        return switch requirement.operator {
        case .in: "\(requirement.key) is \(values.count == 1 ? "" : "one of ")\(list)"
        case .notIn: "\(requirement.key) is not \(values.count == 1 ? "" : "one of ")\(list)"
        case .exists: "\(requirement.key) is set"
        case .doesNotExist: "\(requirement.key) is not set"
        case .greaterThan: "\(requirement.key) > \(list)"
        case .lessThan: "\(requirement.key) < \(list)"
        }
    }

    private static func tolerated(_ tolerations: [Toleration]) -> String {
        guard !tolerations.isEmpty else { return "only the taints that every DaemonSet tolerates" }
        let all = tolerations.map { toleration in
            guard let key = toleration.key else {
                return "any" + (toleration.effect.map { ":\($0.rawValue)" } ?? "")
            }
            let value = toleration.operator == .exists ? "" : "=\(toleration.value ?? "")"
            return key + value + (toleration.effect.map { ":\($0.rawValue)" } ?? "")
        }
        return "also nodes with taints " + Redaction.quote(all.joined(separator: ", "))
    }
}
