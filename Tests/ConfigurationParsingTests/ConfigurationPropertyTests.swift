import Cluster
import ImageSets
import Shared
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing
@testable import TestBasics

@Suite("Properties of the ConfigMap's parser")
struct ConfigurationPropertyTests {
    static let names = [
        "web", "api", "db", "cache", "a", "image-puller-agent", "Web", "x_y", "", "a b", "#web", "new-1",
    ]
    static let references = [
        "nginx", "nginx:1.25", "redis:7", "registry.example.com:5000/team/app:1",
        "busybox@sha256:" + String(repeating: "b", count: 64),
        "", "UPPER", "a b", "nginx:", "u:p@h/x", "nginx:1 api=redis", "nginx,api=redis", "x@sha256:1", "é", "nginx:1=2",
    ]
    static let separators = [";", ";", ";", ";\n", " ; ", ",", "\n", " ", ";;", ""]

    static func randomList(_ random: inout Seeded) -> String {
        var list = ""
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            // Mostly good, so that edits are accepted as often as not.
            let isGood = Int.random(in: 0..<10, using: &random) < 7
            list += (isGood ? names.prefix(5).randomElement(using: &random) : names.randomElement(using: &random)) ?? ""
            list += Int.random(in: 0..<20, using: &random) == 0 ? "" : "="
            list +=
                (isGood ? references.prefix(5).randomElement(using: &random) : references.randomElement(using: &random))
                ?? ""
            list += separators.randomElement(using: &random) ?? ";"
        }
        return list
    }

    /// What a user says by a list that is beyond doubt: all its entries can be told.
    static func leavesOut(_ entry: ImageEntry, _ list: String, names: Set<String>) -> Bool {
        let texts = list.split(separator: ";").map(\.trimmed).filter { !$0.isEmpty }
        var isDoubtful = false
        var isNamed = false
        for text in texts {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(\.trimmed)
            guard let first = parts.first, let second = parts.last else { continue }
            let isReference = (try? ImageReference(second)) != nil && !second.contains(",")
            if parts.count == 1 || (parts.count == 2 && first.isEmpty) {
                if !isReference || names.contains(text) { isDoubtful = true }
                // Its name is its repository's.
                let last = (try? ImageReference(second))?.repository.split(separator: "/").last
                if isReference, last.flatMap({ KubernetesName.labelSuggestion(for: $0) }) == entry.name { return true }
            } else if parts.count != 2 || first.wholeMatch(of: #/[a-z0-9]([-a-z0-9]*[a-z0-9])?/#) == nil
                || second.contains(where: { $0.isWhitespace || $0 == "," })
            {
                isDoubtful = true
            } else if isReference, !first.hasPrefix("image-puller-"), first == entry.name {
                return true  // it means something else now
            } else if first == entry.name {
                isNamed = true
            }
        }
        return !isDoubtful && !isNamed
    }

    @Test("No sequence of edits makes an accepted image vanish unless the user leaves it out", arguments: 1...40)
    func nothingVanishes(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var last: Configuration?
        var steps: [String] = []
        for _ in 0..<100 {
            let list = Self.randomList(&random)
            let isAllowed = Int.random(in: 0..<10, using: &random) == 0
            var data = ["IMAGES": list]
            if Int.random(in: 0..<8, using: &random) == 0 { data["IMAGES"] = nil }
            if Int.random(in: 0..<8, using: &random) == 0 { data["CACHING_MEMORY_LIMIT"] = "abc" }
            steps.append("\(data["IMAGES"] ?? "nil") \(isAllowed)")
            let decision = decide(data, annotations: isAllowed ? ["image-puller/allow-empty": "true"] : [:], last: last)
            guard let configuration = decision.configuration else {
                #expect(decision.findings.contains { $0.severity == .error }, "rejected without a reason: \(list)")
                continue
            }
            let isEmpty = (data["IMAGES"] ?? "").allSatisfy { $0 == ";" || $0.isWhitespace }
            let names = Set(last?.images.map(\.name) ?? [])
            for entry in last?.images ?? [] {
                let now = configuration.images.filter { $0.reference.normalised == entry.reference.normalised }
                if now.isEmpty {
                    let isMeant = isEmpty ? isAllowed : Self.leavesOut(entry, list, names: names)
                    #expect(isMeant, "seed \(seed): \(entry) vanished by \(steps.suffix(3))")
                    continue
                }
                // Its container stays, whatever it is called.
                let before = last?.images.filter { $0.reference.normalised == entry.reference.normalised } ?? []
                let kept = Set(now.map(\.container)).intersection(before.map(\.container))
                #expect(kept.count == min(now.count, before.count), "seed \(seed): \(entry) by \(steps.suffix(3))")
            }
            // Those that stay keep their order.
            let stayed = (last?.images ?? []).filter { old in
                configuration.images.contains {
                    $0.container == old.container && $0.reference.normalised == old.reference.normalised
                }
            }.map(\.container)
            let order = configuration.images.map(\.container).filter(stayed.contains)
            #expect(order == stayed, "seed \(seed)")
            #expect(
                Set(configuration.images.map(\.container)).count == configuration.images.count,
                "seed \(seed): a name twice")
            #expect(
                Set(configuration.images.map(\.name)).count == configuration.images.count, "seed \(seed): a name twice")
            last = configuration
        }
    }

    @Test("The same edit again changes nothing", arguments: 1...20)
    func idempotent(seed: UInt64) {
        var random = Seeded(state: seed &* 977)
        var last: Configuration?
        for _ in 0..<100 {
            let data = ["IMAGES": Self.randomList(&random)]
            guard let configuration = decide(data, last: last).configuration else { continue }
            #expect(decide(data, last: configuration).configuration == configuration, "seed \(seed): \(data)")
            last = configuration
        }
    }

    @Test("Random bytes are refused or understood, never crashed on", arguments: 1...20)
    func randomBytes(seed: UInt64) {
        var random = Seeded(state: seed &* 31)
        let alphabet = Array("{}[]\",:=;@/\\ \n\t0129abcuEeKMi-+._#$'\u{0}\u{7F}é漢🙂\u{301}")
        for _ in 0..<150 {
            var data: [String: String] = [:]
            for key in ConfigurationKey.allCases where Bool.random(using: &random) {
                let length = Int.random(in: 0...40, using: &random)
                if Bool.random(using: &random) {
                    let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                    data[key.rawValue] = String(decoding: bytes, as: UTF8.self)
                } else {
                    data[key.rawValue] = String((0..<length).compactMap { _ in alphabet.randomElement(using: &random) })
                }
            }
            let decision = decide(data)
            for finding in decision.findings {
                #expect(!finding.description.contains("\n"), "seed \(seed): a finding is one line")
            }
            #expect(decision.isRejected == (decision.configuration == nil))
        }
    }

    @Test(
        "Good values that are spoilt by a change of one character never crash, and reject or accept with a word",
        arguments: 1...20)
    func mutatedValues(seed: UInt64) throws {
        var random = Seeded(state: seed &* 7919)
        let good = ConfigMapFormatter.data(for: Self.randomConfiguration(&random))
        for _ in 0..<100 {
            var data = good
            guard let key = good.keys.sorted().randomElement(using: &random), let value = good[key], !value.isEmpty
            else { continue }
            var characters = Array(value)
            let index = Int.random(in: 0..<characters.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: characters.remove(at: index)
            case 1: characters.insert(Array("{}\",;=a0 \u{1}").randomElement(using: &random) ?? " ", at: index)
            default: characters[index] = Array("[]'\\:@A9\n").randomElement(using: &random) ?? " "
            }
            data[key] = String(characters)
            let decision = decide(data)
            if decision.isRejected { #expect(decision.findings.contains { $0.severity == .error }) }
        }
    }

    static func randomConfiguration(_ random: inout Seeded) -> Configuration {
        var configuration = Configuration()
        func number(_ key: ConfigurationKey) -> Int { Int.random(in: key.range ?? 1...1, using: &random) }
        let images = names.prefix(5).shuffled(using: &random).prefix(Int.random(in: 1...5, using: &random))
        configuration.images = images.compactMap { name in
            guard let text = references.prefix(5).randomElement(using: &random),
                let reference = try? ImageReference(text)
            else {
                return nil
            }
            return ImageEntry(name: name, reference: reference)
        }
        configuration.cachingIntervalHours = number(.cachingIntervalHours)
        configuration.sleepResources.memoryRequest = ["10Mi", "1e7", ".5Mi"].randomElement(using: &random) ?? "1Mi"
        configuration.sleepResources.memoryLimit = ["1Gi", "20M"].randomElement(using: &random) ?? "1Gi"
        configuration.sleepResources.cpuRequest = ["1m", ".05"].randomElement(using: &random) ?? "1m"
        configuration.daemonSetName = "puller-\(Int.random(in: 0...9, using: &random))"
        if Bool.random(using: &random) {
            configuration.daemonSetAnnotations = ["a/b": "quote \" back \\ slash / é 🙂 \u{1}"]
        }
        if Bool.random(using: &random) { configuration.scheduling.nodeSelector = ["disk": "ssd", "x.io/y": ""] }
        if Bool.random(using: &random) {
            configuration.scheduling.tolerations = [
                Toleration(operator: .exists),
                Toleration(key: "k", value: "v", effect: .noExecute, tolerationSeconds: 3),
            ]
        }
        if Bool.random(using: &random) {
            configuration.scheduling.nodeReadyGate = NodeReadyGate(
                taint: Taint(
                    key: "x.io/y", value: Bool.random(using: &random) ? "z" : nil,
                    effect: TaintEffect.allCases.randomElement(using: &random) ?? .noSchedule),
                timeoutSeconds: number(.nodeReadyTimeoutSeconds))
        }
        if Bool.random(using: &random) {
            var node = NodeAffinity()
            node.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(nodeSelectorTerms: [
                NodeSelectorTerm(matchExpressions: [.init(key: "a", operator: .in, values: ["b"])])
            ])
            configuration.scheduling.affinity.nodeAffinity = node
            configuration.scheduling.affinity.podAntiAffinity = [
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    ["weight": 3, "podAffinityTerm": ["topologyKey": "zone", "namespaces": ["a", "b"]]]
                ]
            ]
        }
        if Bool.random(using: &random) { configuration.imagePullSecrets = ["one", "two.three"] }
        configuration.agentImage = "registry.example.com/image-puller:\(Int.random(in: 1...9, using: &random))"
        configuration.pullMaxParallel = number(.pullMaxParallel)
        if Bool.random(using: &random) { configuration.rollMaxParallel = number(.rollMaxParallel) }
        configuration.pullTimeoutSeconds = number(.pullTimeoutSeconds)
        configuration.retry.maxSeconds = number(.retryMaxSeconds)
        configuration.retry.initialSeconds = Int.random(in: 1...configuration.retry.maxSeconds, using: &random)
        configuration.retry.permanentSeconds = number(.retryPermanentSeconds)
        if Bool.random(using: &random) { configuration.reportIntervalSeconds = number(.reportIntervalSeconds) }
        configuration.runtimeSocket =
            [RuntimeSocket.automatic, .none, .path("/run/crio/crio.sock")].randomElement(using: &random) ?? .automatic
        configuration.historyRetentionDays = number(.historyRetentionDays)
        configuration.imageGCHighPercent = number(.imageGCHighPercent)
        configuration.alertAfterSeconds = number(.alertAfterSeconds)
        if Bool.random(using: &random) { configuration.alertWebhookURL = "https://am.example.com:9093/x?y=z" }
        return configuration
    }

    @Test("A configuration written as a ConfigMap reads as itself", arguments: 1...60)
    func roundTrip(seed: UInt64) {
        var random = Seeded(state: seed &* 104_729)
        let configuration = Self.randomConfiguration(&random)
        let decision = decide(ConfigMapFormatter.data(for: configuration))
        #expect(decision.configuration == configuration, "seed \(seed): \(decision.texts)")
    }

    @Test("The ConfigMap that is created when there's none is good, and has every key")
    func defaults() {
        var options = standardOptions
        options.ownNamespace = "cache"
        let data = ConfigMapDefaults.data(options)
        #expect(Set(data.keys) == Set(ConfigurationKey.allCases.map(\.rawValue)))
        let decision = decide(data, options: options)
        var expected = Configuration()
        expected.namespace = "cache"
        expected.agentImage = options.defaultAgentImage
        #expect(decision.configuration == expected)
        #expect(
            decision.texts == [
                "IMAGES: the list is empty, so nothing is cached. Next step: write entries: name=reference;name=reference."
            ])
    }
}
