import FoundationEssentials
import ImageSets
import Shared

/// The `spec` of a `KubernetesImagePuller` object, read as the content of an image set's ConfigMap: the same words are judged by
/// the same rules.
///
/// Its fields are strings in the formats of the ConfigMap, since the Go operator copies them into one. Beside them there are
/// typed ones of ours.
package struct PullerObject: Sendable {
    /// Where the set's DaemonSet goes.
    package struct Place: Sendable, Hashable {
        package var namespace: String
        /// When the object doesn't say how it is called.
        package var daemonSetName: String
        /// The object's own namespace, where the DaemonSet can't be made; nil: it is made there.
        package var insteadOf: String?

        package init(namespace: String, daemonSetName: String, insteadOf: String? = nil) {
            self.namespace = namespace
            self.daemonSetName = daemonSetName
            self.insteadOf = insteadOf
        }
    }

    private let spec: [String: JSONValue]
    private var data: [String: String] = [:]
    private var findings: [Finding] = []
    /// By key of the ConfigMap: the field that says the same.
    private var fields: [String: String]

    /// - Parameters:
    ///   - annotations: the object's, without ours.
    ///   - place: where its DaemonSet goes.
    package static func content(
        spec: JSONValue?, annotations: [String: String], place: Place
    ) -> ConfigMapContent {
        var object = PullerObject(spec)
        object.read(place)
        var content = ConfigMapContent(data: object.data, annotations: annotations)
        content.object = ConfigMapContent.ObjectWords(fields: object.fields, findings: object.findings)
        return content
    }

    /// As it is read before it is in the cluster, with the name of its image set.
    ///
    /// - Parameters:
    ///   - own: the coordinator's namespace.
    ///   - isAway: the DaemonSet can't be made in the object's namespace.
    package static func content(
        namespace: String, name: String, spec: JSONValue?, annotations: [String: String], own: String,
        isAway: Bool = false
    ) -> ConfigMapContent {
        let daemonSet = PullerSetName.daemonSet(namespace: namespace, name: name, isAway: isAway)
        var content = content(
            spec: spec, annotations: annotations,
            place: Place(
                namespace: isAway ? own : namespace, daemonSetName: daemonSet, insteadOf: isAway ? namespace : nil))
        content.imageSet = PullerSetName.set(namespace: namespace, name: name, own: own)
        return content
    }

    private init(_ spec: JSONValue?) {
        self.spec = spec?.objectValue ?? [:]
        // Our own image is the main ConfigMap's affair, and its key is told by its name.
        fields = Self.strings.filter { $0.key != .agentImage }.reduce(into: [:]) {
            $0[$1.key.rawValue] = "spec.\($1.field)"
        }
    }

    /// The Go operator's fields.
    private static let strings: [(field: String, key: ConfigurationKey)] = [
        ("images", .images), ("cachingIntervalHours", .cachingIntervalHours),
        ("cachingMemoryRequest", .cachingMemoryRequest), ("cachingMemoryLimit", .cachingMemoryLimit),
        ("cachingCPURequest", .cachingCPURequest), ("cachingCPULimit", .cachingCPULimit),
        ("daemonsetName", .daemonSetName), ("nodeSelector", .nodeSelector), ("affinity", .affinity),
        ("tolerations", .tolerations), ("imagePullSecrets", .imagePullSecrets), ("imagePullerImage", .agentImage),
        ("priorityClassName", .priorityClassName),
    ]
    /// Names of what the Go operator makes. Che's operator always writes them.
    private static let idle: Set<String> = ["configMapName", "deploymentName"]
    private static let typed: Set<String> = [
        "imageList", "nodeLabels", "affinityObject", "tolerationList", "pullSecrets", "daemonSetAnnotations",
    ]

    /// So many are named.
    private static let mostUnknown = 20

    /// - Parameter field: with `spec.` before it.
    static func isTyped(_ field: String) -> Bool { typed.contains { "spec.\($0)" == field } }

    private mutating func read(_ place: Place) {
        // A field that is gone means its default, and says so: an object is its user's whole word.
        data = [
            ConfigurationKey.images.rawValue: "", ConfigurationKey.nodeSelector.rawValue: "{}",
            ConfigurationKey.affinity.rawValue: "{}", ConfigurationKey.tolerations.rawValue: "[]",
            ConfigurationKey.daemonSetName.rawValue: place.daemonSetName,
            ConfigurationKey.namespace.rawValue: place.namespace,
        ]
        for (field, key) in Self.strings {
            guard let value = spec[field], value != .null else { continue }
            guard let text = value.stringValue else {
                refuse(field, "it must be a string", next: Self.remedy(for: field, value))
                continue
            }
            if !text.trimmed.isEmpty { data[key.rawValue] = text }
        }
        readAgentImage()
        readImages()
        readNodes()
        readAffinity()
        readTolerations()
        readSecrets(place)
        if let annotations = typed("daemonSetAnnotations", "an object of strings", strings) {
            fields[ConfigurationKey.daemonSetAnnotations.rawValue] = "spec.daemonSetAnnotations"
            data[ConfigurationKey.daemonSetAnnotations.rawValue] = Self.json(.object(annotations))
        }
        let known = Set(Self.strings.map(\.field)).union(Self.idle).union(Self.typed)
        let unknown = spec.keys.filter { !known.contains($0) }.sorted()
        for field in unknown.prefix(Self.mostUnknown) {
            note(.warning, field, "unknown field; it has no effect", next: "remove it")
        }
        if unknown.count > Self.mostUnknown {
            note(
                .warning, unknown[Self.mostUnknown],
                "\(unknown.count - Self.mostUnknown) more unknown fields from here on; they have no effect",
                next: "remove them")
        }
    }

    /// Whoever writes a list or a mapping means what another field takes, or its JSON.
    private static func remedy(for field: String, _ value: JSONValue) -> String {
        guard value.arrayValue != nil || value.objectValue != nil else { return "write it between quotation marks" }
        let text = json(value)
        func isJSON<Value>(_ parse: (String) throws(ValueFault) -> Value) -> Bool {
            text.utf8.count <= 400 && (try? parse(text)) != nil
        }
        let asText = "as JSON between quotation marks: '\(Redaction.quote(text, limit: 400))'"
        switch field {
        case "images": return "write spec.imageList in its place, or a text such as name=reference;name=reference"
        case "imagePullSecrets": return "write spec.pullSecrets in its place, or a text such as secret1;secret2"
        case "nodeSelector":
            return "write spec.nodeLabels in its place"
                + (isJSON(LabelsParser.nodeSelector) ? ", or the same \(asText)" : "")
        case "affinity":
            return "write spec.affinityObject in its place"
                + (isJSON(AffinityParser.parse) ? ", or the same \(asText)" : "")
        case "tolerations":
            return "write spec.tolerationList in its place"
                + (isJSON(TolerationsParser.parse) ? ", or the same \(asText)" : "")
        default: return "write a text between quotation marks"
        }
    }

    /// One agent serves all sets of a node.
    private mutating func readAgentImage() {
        guard let text = data.removeValue(forKey: ConfigurationKey.agentImage.rawValue) else { return }
        let isGoPuller = (try? ImageReference(text.trimmed)).map(AgentImage.isGoPuller) ?? false
        note(
            .warning, "imagePullerImage",
            isGoPuller
                ? "\(Redaction.quote(text)) is the Go puller's image, which has no agent in it; it is ignored"
                : "it has no effect: the image with the agent is the same for all image sets",
            next: isGoPuller ? "remove it" : "remove it, and write KIP_IMAGE in the main ConfigMap if it is to change")
    }

    // MARK: Typed fields

    private mutating func readImages() {
        guard let list = typed("imageList", "a list", { $0.arrayValue }) else { return }
        guard list.count <= ImageListParser.mostEntries else {
            refuse(
                "imageList", "it has \(list.count) entries, and the limit is \(ImageListParser.mostEntries)",
                next: "list fewer images; nothing changes until then")
            return
        }
        let text = data[ConfigurationKey.images.rawValue] ?? ""
        var entries: [String] = text.trimmed.isEmpty ? [] : [text]
        if entries.isEmpty { fields[ConfigurationKey.images.rawValue] = "spec.imageList" }
        var unique = UniqueNames()
        unique.reserve(ImageListEntry.split(text).compactMap(\.name))
        unique.reserve(list.compactMap { $0["name"]?.stringValue })
        for (index, item) in list.enumerated() {
            guard let image = item["image"]?.stringValue,
                item["name"].map({ $0 == .null || $0.stringValue != nil }) ?? true
            else {
                refuse(
                    "imageList[\(index)]", "it must have an image, a string, and may have a name", next: "write both")
                continue
            }
            var name = item["name"]?.stringValue ?? ""
            if name.isEmpty { name = unique.take(Self.name(of: image)) }
            // What separates entries isn't part of any reference: such a one is refused, and told of.
            entries.append([name, image].map { $0.replacing(";", with: ",") }.joined(separator: "="))
        }
        data[ConfigurationKey.images.rawValue] = entries.joined(separator: ";")
    }

    private static func name(of image: String) -> String {
        let repository = (try? ImageReference(image))?.repository ?? ""
        return repository.split(separator: "/").last.flatMap { KubernetesName.labelSuggestion(for: $0) } ?? "image"
    }

    private mutating func readNodes() {
        guard let labels = typed("nodeLabels", "an object of strings", strings), !labels.isEmpty else { return }
        guard isAlone("nodeSelector", .nodeSelector, beside: "nodeLabels") else { return }
        data[ConfigurationKey.nodeSelector.rawValue] = Self.json(.object(labels))
    }

    private mutating func readAffinity() {
        guard let affinity = typed("affinityObject", "an object", { $0.objectValue }), !affinity.isEmpty,
            isAlone("affinity", .affinity, beside: "affinityObject")
        else { return }
        data[ConfigurationKey.affinity.rawValue] = Self.json(.object(affinity))
    }

    private mutating func readTolerations() {
        guard let list = typed("tolerationList", "a list", { $0.arrayValue }), !list.isEmpty,
            isAlone("tolerations", .tolerations, beside: "tolerationList")
        else { return }
        data[ConfigurationKey.tolerations.rawValue] = Self.json(.array(list))
    }

    private mutating func readSecrets(_ place: Place) {
        let key = ConfigurationKey.imagePullSecrets.rawValue
        let names = typed("pullSecrets", "a list of strings") { value in
            value.arrayValue.flatMap { list in
                let names = list.compactMap(\.stringValue)
                return names.count == list.count ? names : nil
            }
        }
        if let names, !names.isEmpty, isAlone("imagePullSecrets", .imagePullSecrets, beside: "pullSecrets") {
            data[key] = names.joined(separator: ";")
        }
        guard let namespace = place.insteadOf, data[key] != nil else { return }
        note(
            .warning, "pullSecrets",
            "the coordinator can't make DaemonSets in namespace \(namespace), so the DaemonSet is in \(place.namespace), and "
                + "pull secrets are looked for there",
            next:
                "give its service account in \(namespace) a Role such as it has in \(place.namespace), or make the secrets "
                + "in \(place.namespace)")
    }

    private func strings(_ value: JSONValue) -> [String: JSONValue]? {
        value.objectValue.flatMap { members in members.values.allSatisfy { $0.stringValue != nil } ? members : nil }
    }

    /// - Returns: nil when it is absent, or isn't what it must be, which is told.
    private mutating func typed<Value>(
        _ field: String, _ what: String, _ read: (JSONValue) -> Value?
    ) -> Value? {
        guard let value = spec[field], value != .null else { return nil }
        guard let read = read(value) else {
            refuse(field, "it must be \(what)", next: "write \(what)")
            return nil
        }
        return read
    }

    /// Two fields for one thing: nobody knows which one is meant.
    private mutating func isAlone(_ field: String, _ key: ConfigurationKey, beside typed: String) -> Bool {
        let text = spec[field]?.stringValue?.trimmed ?? ""
        guard text.isEmpty || text == "{}" || text == "[]" else {
            refuse(typed, "spec.\(field) says something, too", next: "remove one of the two")
            return false
        }
        fields[key.rawValue] = "spec.\(typed)"
        return true
    }

    // MARK: Telling

    private mutating func refuse(_ field: String, _ message: String, next: String) {
        note(.error, field, message, next: next)
    }

    private mutating func note(_ severity: Finding.Severity, _ field: String, _ message: String, next: String) {
        findings.append(
            Finding(
                severity: severity, key: "spec.\(Redaction.quote(field, limit: 60))", message: message, nextStep: next))
    }

    private static func json(_ value: JSONValue) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension ConfigMapContent {
    /// What an object says of itself, whose fields the data were made of.
    struct ObjectWords: Sendable, Equatable {
        /// By key: the field that stands for it.
        var fields: [String: String]
        /// What was found while they were read. An error rejects the edit.
        var findings: [Finding]
    }
}

extension ConfigMapContent {
    /// By key: the field that says the same, where an object's fields stand in the keys' place; nil: it is a ConfigMap.
    package var fields: [String: String]? { object?.fields }
}

extension Finding {
    /// In the words of an object's user, who knows fields and no keys.
    package func named(by fields: [String: String]) -> Finding {
        func renamed(_ text: String) -> String {
            fields.reduce(text) { $0.replacing($1.key, with: $1.value) }
        }
        var finding = self
        finding.key = fields[key] ?? key
        // What was written as a list or an object has no places in a text.
        if PullerObject.isTyped(finding.key) { finding.position = nil }
        finding.message = renamed(message)
        finding.nextStep = nextStep.map(renamed)
        return finding
    }
}
