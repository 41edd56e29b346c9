import Cluster
import Formatting
import ImageSets
import Shared

extension ConfigurationReading {
    mutating func readResources() {
        let memory = limits(.cachingMemoryRequest, .cachingMemoryLimit, isMemory: true)
        let cpu = limits(.cachingCPURequest, .cachingCPULimit, isMemory: false)
        configuration.sleepResources.memoryRequest = memory.request
        configuration.sleepResources.memoryLimit = memory.limit
        configuration.sleepResources.cpuRequest = cpu.request
        configuration.sleepResources.cpuLimit = cpu.limit
        guard let limit = try? Quantity(memory.limit), limit < SleepResources.smallestSafeMemoryLimit else { return }
        guard limit > .zero, text(.cachingMemoryLimit) != nil else { return }
        note(
            .warning, .cachingMemoryLimit,
            limit < .mebibytes(1)
                ? "\(memory.limit) is less than one mebibyte" : "CRI-O refuses containers with a limit under 12Mi",
            next: limit < .mebibytes(1) ? "write a quantity such as 20Mi" : "write 12Mi or more where nodes run CRI-O")
    }

    /// A request and its limit, each as written, or by default.
    private mutating func limits(
        _ requestKey: ConfigurationKey, _ limitKey: ConfigurationKey, isMemory: Bool
    ) -> (request: String, limit: String) {
        let defaults = ContainerResources()
        let standard =
            isMemory
            ? (request: defaults.memoryRequest, limit: defaults.memoryLimit)
            : (request: defaults.cpuRequest, limit: defaults.cpuLimit)
        let parse = { (text: String) throws(ValueFault) in
            _ = try SleepResources.quantity(text, isMemory: isMemory)
            return text
        }
        let count = findings.count
        let request = value(requestKey, parse) ?? standard.request
        let limit = value(limitKey, parse) ?? standard.limit
        guard findings.count == count, let low = try? Quantity(request), let high = try? Quantity(limit), low > high
        else { return (request, limit) }
        let isRequestWritten = text(requestKey) != nil
        reject(
            isRequestWritten ? requestKey : limitKey,
            ValueFault(
                "the request \(request)\(isRequestWritten ? "" : " (the default)") is more than the limit "
                    + "\(limit)\(text(limitKey) == nil ? " (the default)" : "")",
                next: isRequestWritten
                    ? "lower it, or raise \(limitKey.rawValue)" : "raise it, or lower \(requestKey.rawValue)"))
        return standard
    }

    mutating func readPlace() {
        set(\.daemonSetName, .daemonSetName) { text throws(ValueFault) in
            // It becomes a label's value of each pod too, which is shorter than a name may be.
            guard KubernetesName.isSubdomain(text), text.utf8.count <= 63 else {
                throw ValueFault(
                    "\"\(Redaction.quote(text, limit: 80))\" can't be the DaemonSet's name: 1 to 63 lower-case letters, "
                        + "digits, '-' and '.', with a letter or digit at both ends",
                    next: KubernetesName.labelSuggestion(for: text).map { "write \($0)" } ?? "write another name")
            }
            return text
        }
        if configuration.daemonSetName.utf8.count > 63 {
            reject(
                .daemonSetName,
                ValueFault(
                    "not set, and \(configuration.daemonSetName) has more than 63 characters",
                    next: "write a shorter name"))
        }
        setJSON(\.daemonSetAnnotations, .daemonSetAnnotations, LabelsParser.annotations)

        let own = options.ownNamespace
        let isOfChart = content.isOfChart
        configuration.namespace = own
        let granted = options.extraNamespaces
        set(\.namespace, .namespace) { text throws(ValueFault) in
            guard KubernetesName.isLabel(text) else {
                throw ValueFault(
                    "\"\(Redaction.quote(text, limit: 80))\" can't be a namespace: 1 to 63 lower-case letters, digits and "
                        + "'-', with a letter or digit at both ends",
                    next: "write \(own)")
            }
            guard text == own || granted.contains(text) else {
                throw ValueFault(
                    "the coordinator runs in \(own) and has no right to create the DaemonSet in \(text)",
                    next: "write \(own), or "
                        + (isOfChart
                            ? "add \(text) to the chart's extraNamespaces"
                            : "give the coordinator the argument --extra-namespace=\(text), and its service account in "
                                + "\(text) a Role such as it has in \(own)"))
            }
            return text
        }
        if text(.namespace) == nil, own != Configuration().namespace {
            note(.info, .namespace, "not set, so the DaemonSet is created in the coordinator's own namespace, \(own)")
        }
    }

    mutating func readScheduling() {
        setJSON(\.scheduling.nodeSelector, .nodeSelector, LabelsParser.nodeSelector)
        setJSON(\.scheduling.affinity, .affinity, AffinityParser.parse)
        setJSON(\.scheduling.tolerations, .tolerations, TolerationsParser.parse)
        set(\.priorityClassName, .priorityClassName) { text throws(ValueFault) in
            guard KubernetesName.isSubdomain(text) else {
                throw ValueFault(
                    "\"\(Redaction.quote(text, limit: 80))\" can't be the name of a PriorityClass: lower-case letters, digits, "
                        + "'-' and '.', with a letter or digit at both ends",
                    next: "write one that `kubectl get priorityclasses` lists")
            }
            return text
        }
        let terms = configuration.scheduling.affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        let isEmptyTerm = { (term: NodeSelectorTerm) in
            (term.matchExpressions ?? []).isEmpty && (term.matchFields ?? []).isEmpty
        }
        if let terms = terms?.nodeSelectorTerms, terms.contains(where: isEmptyTerm) {
            let all = terms.allSatisfy(isEmptyTerm)
            note(
                .warning, .affinity,
                "a term without matchExpressions and matchFields matches no node"
                    + (all ? ", so no node is a target" : ""),
                next: "remove the empty term, or say what it should match")
        }
    }

    mutating func readAgent() {
        set(\.imagePullSecrets, .imagePullSecrets, PullSecrets.parse)
        readProtection()
        configuration.agentImage = options.defaultAgentImage
        if let reference = value(.agentImage, AgentImage.parse) {
            if reference.written != options.defaultAgentImage, AgentImage.isGoPuller(reference) {
                let instead =
                    options.defaultAgentImage.map { "\($0) is used instead" } ?? "the coordinator's own is used"
                note(
                    .warning, .agentImage,
                    "\(reference) is the Go puller's image, which has no agent in it; it is ignored, and \(instead)",
                    next: "remove the key, or name an image of Image Puller")
            } else {
                configuration.agentImage = reference.written
            }
        } else if options.defaultAgentImage == nil, !options.isOffline, options.imageSet == nil,
            text(.agentImage) == nil
        {
            note(
                .warning, .agentImage, "not set, and the coordinator doesn't know its own image: no agent can run",
                next: "write the image of Image Puller that you installed")
        }
        set(\.runtimeSocket, .runtimeSocket, RuntimeSocketValue.parse)
        if let warning = RuntimeSocketValue.warning(about: configuration.runtimeSocket) {
            note(.warning, .runtimeSocket, warning.message, next: warning.next)
        }
    }

    private mutating func readProtection() {
        let isProtecting = value(.protectPrivateImages) { text throws(ValueFault) in
            guard text == "true" || text == "false" else {
                throw ValueFault(
                    "\"\(Redaction.quote(text, limit: 40))\" is neither true nor false", next: "write \"true\"")
            }
            return text == "true"
        }
        configuration.protectsPrivateImages = isProtecting == true ? true : nil
    }

    mutating func readNumbers() {
        set(\.cachingIntervalHours, .cachingIntervalHours)
        set(\.pullMaxParallel, .pullMaxParallel)
        let range = ConfigurationKey.rollMaxParallel.range ?? 1...1
        set(\.rollMaxParallel, .rollMaxParallel) { text throws(ValueFault) in try WholeNumber.parse(text, range: range)
        }
        set(\.pullTimeoutSeconds, .pullTimeoutSeconds)
        set(\.retry.initialSeconds, .retryInitialSeconds)
        set(\.retry.maxSeconds, .retryMaxSeconds)
        set(\.retry.permanentSeconds, .retryPermanentSeconds)
        let intervals = ConfigurationKey.reportIntervalSeconds.range ?? 1...1
        set(\.reportIntervalSeconds, .reportIntervalSeconds) { text throws(ValueFault) in
            try WholeNumber.parse(text, range: intervals)
        }
        set(\.historyRetentionDays, .historyRetentionDays)
        set(\.imageGCHighPercent, .imageGCHighPercent)
        let isReadable = faultyKeys.isDisjoint(with: ["RETRY_INITIAL_SECONDS", "RETRY_MAX_SECONDS"])
        guard isReadable, configuration.retry.initialSeconds > configuration.retry.maxSeconds else { return }
        let isInitialWritten = text(.retryInitialSeconds) != nil
        reject(
            isInitialWritten ? .retryInitialSeconds : .retryMaxSeconds,
            ValueFault(
                "the first delay, \(configuration.retry.initialSeconds) seconds, is longer than the longest, "
                    + "RETRY_MAX_SECONDS, which is \(configuration.retry.maxSeconds)",
                next: isInitialWritten
                    ? "lower it, or raise RETRY_MAX_SECONDS" : "raise it, or lower RETRY_INITIAL_SECONDS"))
    }

    mutating func readAlerts() {
        set(\.alertAfterSeconds, .alertAfterSeconds)
        set(\.alertWebhookURL, .alertWebhookURL, WebhookURL.parse)
        if let url = configuration.alertWebhookURL, WebhookURL.hasCredentials(url) {
            note(
                .warning, .alertWebhookURL, "the URL holds a user's name or password, and a ConfigMap is no secret",
                next: "let the Alertmanager be reached without, inside the cluster")
        }
    }

    /// Keys that mean nothing, and those that can't be read.
}
