import Cluster
import Formatting
import ImageSets

/// What is written under no known name, and what isn't written any more.
extension ConfigurationReading {
    mutating func readUnknown() {
        let known = ConfigurationKey.allCases.map(\.rawValue) + (content.isPrefetch ? PrefetchOrder.keys : [])
        for key in content.binaryKeys.sorted() {
            if let known = ConfigurationKey(rawValue: key) {
                reject(known, ValueFault("it stands in binaryData, which isn't read", next: "move it to data"))
            } else {
                addUnknown(key, "unknown key in binaryData; it has no effect", next: "remove it")
            }
        }
        for key in content.data.keys.sorted() where !known.contains(key) {
            if let reason = ConfigurationKey.formerKeys[key] {
                addUnknown(key, "it has no effect: \(reason)", next: "remove it", severity: .info)
            } else if let nearest = nearest(to: key, in: known) {
                if let meant = ConfigurationKey(rawValue: nearest), isMissed(meant, under: key) { continue }
                addUnknown(key, "unknown key; it has no effect", next: "did you mean \(nearest)?")
            } else {
                addUnknown(
                    key, "unknown key; it has no effect", next: "remove it, or see the documentation for the keys")
            }
        }
        let ours = ConfigMapContent.userAnnotations
        for annotation in content.annotations.keys.sorted() where !ours.contains(annotation) {
            guard let nearest = NearestName.to(annotation, in: ours) else { continue }
            addUnknown(
                "annotation \(Redaction.quote(annotation))", "it has no effect", next: "did you mean \(nearest)?")
        }
        for annotation in ours.sorted() {
            guard let value = content.annotations[annotation], value != "true", value != "false" else { continue }
            addUnknown(
                "annotation \(annotation)", "\"\(Redaction.quote(value, limit: 40))\" has no effect",
                next: "write \"true\"")
        }
        addOtherUnknown()
    }

    /// Comparing takes long: of many unknown keys, of which not all are told, only those are compared with all names that look like
    /// one whose absence rejects the edit.
    private func nearest(to key: String, in known: [String]) -> String? {
        let missing = ConfigurationKey.ofPlace.map(\.rawValue).filter {
            content.data[$0] == nil && !faultyKeys.contains($0)
        }
        guard unknownKeys < Self.mostUnknown || NearestName.to(key, in: missing) != nil else { return nil }
        return NearestName.to(key, in: known)
    }

    /// Whether a misspelt key is one without which pods run elsewhere or otherwise. Then it rejects the edit.
    private mutating func isMissed(_ meant: ConfigurationKey, under key: String) -> Bool {
        let value = content.data[key]?.trimmed ?? ""
        let standard = ConfigMapFormatter.value(of: meant, in: Configuration())
        guard ConfigurationKey.ofPlace.contains(meant), content.data[meant.rawValue] == nil, !value.isEmpty,
            value != standard
        else { return false }
        reject(
            meant,
            ValueFault(
                "it is missing, and \(Redaction.quote(key, limit: 100)) is an unknown key that looks like it; without it "
                    + "pods would run elsewhere or otherwise than you mean",
                next: "rename \(Redaction.quote(key, limit: 100)) to \(meant.rawValue), or remove it"))
        return true
    }

    /// A key that is gone from the ConfigMap means its default, and pods would go that hold images: that takes a word.
    mutating func readVanished(since last: Configuration) {
        guard content.annotations[ConfigMapContent.allowResetAnnotation] != "true" else { return }
        for key in ConfigurationKey.allCases where ConfigurationKey.ofPlace.contains(key) {
            guard content.data[key.rawValue] == nil, !faultyKeys.contains(key.rawValue) else { continue }
            // The names of nodes are in another key.
            if content.isPrefetch, key == .affinity { continue }
            let former = ConfigMapFormatter.value(of: key, in: last)
            guard former != ConfigMapFormatter.value(of: key, in: configuration) else { continue }
            reject(
                key,
                ValueFault(
                    "the key is gone, and \(Redaction.quote(former, limit: 100)) was in force: pods would run elsewhere or "
                        + "otherwise, and those that are there would go",
                    next: "write it again, write its default, or set the annotation "
                        + "\(ConfigMapContent.allowResetAnnotation): \"true\" if you mean it"))
        }
    }

    private mutating func addUnknown(
        _ key: String, _ message: String, next: String, severity: Finding.Severity = .warning
    ) {
        unknownKeys += 1
        guard unknownKeys <= Self.mostUnknown else { return }
        add([Finding(severity: severity, key: Redaction.quote(key, limit: 100), message: message, nextStep: next)])
    }

    /// So many are named: a ConfigMap can have a hundred thousand.
    private static let mostUnknown = 20

    private mutating func addOtherUnknown() {
        guard unknownKeys > Self.mostUnknown else { return }
        add([
            Finding(
                severity: .warning, key: "data",
                message: "\(unknownKeys - Self.mostUnknown) more unknown keys and annotations; they have no effect",
                nextStep: "remove them")
        ])
    }
}
