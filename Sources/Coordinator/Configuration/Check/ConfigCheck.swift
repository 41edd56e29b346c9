import Cluster
import Formatting
import ImageSets
import Shared

/// What a ConfigMap file means for a cluster, key by key, and what is wrong with it.
package struct ConfigCheck: Sendable, Equatable {
    struct Key: Sendable, Equatable, Encodable {
        var key: String
        /// Nil for a default.
        var line: Int?
        /// As it takes effect: redacted, in one line.
        var value: String
        var isDefault: Bool
        /// False when the findings say that it can't be used.
        var isValid: Bool
        var meaning: String

        private enum CodingKeys: String, CodingKey {
            case key, line, value, meaning
            case isDefault = "default"
            case isValid = "valid"
        }
    }

    struct Image: Sendable, Equatable, Encodable {
        var name: String
        var line: Int?
        var reference: String
        var normalised: String
        /// The tag can move to another image.
        var isMutable: Bool

        private enum CodingKeys: String, CodingKey {
            case name, line, reference, normalised
            case isMutable = "mutable"
        }
    }

    struct LocatedFinding: Sendable, Equatable {
        var line: Int?
        var finding: Finding
    }

    var file: String
    var name: String?
    var namespace: String
    /// Whether the coordinator would let it take effect, apart from what the errors name.
    var isAccepted: Bool
    /// Whether the API server would take the file.
    var isApplicable: Bool
    var keys: [Key]
    var images: [Image]
    var findings: [LocatedFinding]
    /// Where the document begins, from 1.
    var line: Int
    /// Earlier documents of the same ConfigMap, which this one replaces.
    var replaced: [ConfigCheck]
    /// The image set; nil: that of the main ConfigMap.
    var imageSet: String?
    /// The file's other image sets.
    var sets: [ConfigCheck] = []

    /// Whether there's nothing that needs to be put right, in the documents that are replaced too: they take effect first.
    var isGoodAlone: Bool {
        isAccepted && !findings.contains { $0.finding.severity == .error } && replaced.allSatisfy(\.isGood)
    }

    /// The same, in the file's other image sets, too.
    package var isGood: Bool { isGoodAlone && sets.allSatisfy(\.isGood) }

    /// - Parameters:
    ///   - file: the file's name, for the heading.
    ///   - namespace: where the coordinator runs; nil to take what the file says.
    ///   - warnsOfMutableTags: whether references that can come to mean another image are warned of.
    package init(_ manifest: Manifest, file: String, namespace: String?, warnsOfMutableTags: Bool = false) {
        var known = SetsInFile()
        self.init(manifest, file: file, namespace: namespace, warnsOfMutableTags: warnsOfMutableTags, &known)
        sets = manifest.beside.map {
            ConfigCheck($0, file: file, namespace: namespace, warnsOfMutableTags: warnsOfMutableTags, &known)
        }
    }

    /// - Parameter known: what the file's earlier image sets have.
    private init(
        _ manifest: Manifest, file: String, namespace: String?, warnsOfMutableTags: Bool, _ known: inout SetsInFile
    ) {
        let written = manifest.content.data[ConfigurationKey.namespace.rawValue]?.trimmed ?? ""
        var options = ConfigurationOptions()
        options.isOffline = true
        options.imageSet = manifest.content.imageSet
        imageSet = manifest.content.imageSet
        if let own = namespace ?? manifest.namespace {
            options.ownNamespace = own
        } else if KubernetesName.isLabel(written) {
            options.ownNamespace = written
        }
        let reading = ConfigurationParser(options: options).read(manifest.content, last: nil)
        let faulty = reading.faultyKeys.union(manifest.findings.map(\.key))

        self.file = file
        line = manifest.line
        replaced = manifest.replaced.map {
            ConfigCheck($0, file: file, namespace: namespace, warnsOfMutableTags: warnsOfMutableTags)
        }
        self.name = manifest.name
        self.namespace = options.ownNamespace
        isApplicable = manifest.findings.isEmpty
        let clashes = known.add(manifest, reading.configuration)
        isAccepted = !reading.isRejected && manifest.findings.isEmpty && clashes.isEmpty
        let entries = ImageListEntry.split(manifest.content.data[ConfigurationKey.images.rawValue] ?? "")
        keys = ConfigurationKey.allCases.map { key in
            let isDefault = reading.text(key) == nil
            let isValid = !faulty.contains(key.rawValue)
            var value = KeyMeaning.value(of: key, in: reading.configuration)
            if key == .images {
                let used = reading.configuration.images.count
                if used != entries.count { value = "\(used) of \(counted(entries.count, "entry", plural: "entries"))" }
            } else if !isValid {
                value = Redaction.quote(reading.text(key) ?? "", limit: 40)
            }
            return Key(
                key: key.rawValue, line: isDefault && isValid ? nil : manifest.keyLines[key.rawValue], value: value,
                isDefault: isDefault, isValid: isValid,
                meaning: isValid ? KeyMeaning.meaning(of: key, in: reading.configuration) : "not valid, see below")
        }
        let lines = manifest.entryLines[ConfigurationKey.images.rawValue] ?? []
        images = reading.configuration.images.map { image in
            let index = entries.firstIndex { $0.name == image.name }
            return Image(
                name: image.name, line: index.flatMap { lines.indices.contains($0) ? lines[$0] : nil },
                reference: image.reference.written, normalised: image.reference.normalised,
                isMutable: image.reference.isMutable)
        }
        let order = Finding.Severity.allCases
        let tags = warnsOfMutableTags ? Self.mutableTags(reading.configuration.images, entries) : []
        let short = Self.shortNames(reading.configuration.images)
        findings = (manifest.findings + clashes + manifest.remarks + reading.findings + tags + short)
            .map { LocatedFinding(line: manifest.line(of: $0), finding: $0) }
            .enumerated().sorted { left, right in
                let (a, b) = (left.element, right.element)
                let (x, y) = (
                    order.firstIndex(of: a.finding.severity) ?? 0, order.firstIndex(of: b.finding.severity) ?? 0
                )
                return (x, a.line ?? 0, left.offset) < (y, b.line ?? 0, right.offset)
            }
            .map(\.element)
    }

    /// What the image sets of a file have that no two can have.
    private struct SetsInFile {
        var configMaps: [String: String] = [:]
        var claims = DaemonSetClaims()

        mutating func add(_ manifest: Manifest, _ configuration: Configuration) -> [Finding] {
            let set = manifest.content.imageSet
            let configMap = manifest.name ?? "without a name"
            var clashes: [Finding] = []
            if let set {
                clashes += [ImageSetName.fault(set)].compactMap(\.self)
                if let other = configMaps[set] { clashes.append(ImageSetName.taken(set, by: "ConfigMap \(other)")) }
            }
            guard clashes.isEmpty else { return clashes }
            configMaps[set ?? ImageSet.defaultName] = configMap
            let place = DaemonSetClaims.Place(configuration)
            if let owner = claims.owner(of: place, otherThan: set ?? ImageSet.defaultName) {
                return [place.taken(by: owner)]
            }
            claims.claim(place, for: set ?? ImageSet.defaultName)
            return []
        }
    }

    private static func shortNames(_ images: [ImageEntry]) -> [Finding] {
        let short = images.filter(\.reference.isShort)
        guard !short.isEmpty else { return [] }
        let names = short.prefix(3).map { Redaction.quote($0.reference.written, limit: 100) }.joined(separator: ", ")
        return [
            Finding(
                severity: .info, key: ConfigurationKey.images.rawValue,
                message: "\(names)\(short.count > 3 ? ", ..." : ""): written without a registry, which means docker.io "
                    + "on every node; a node's runtime can read such a name otherwise in pods, or refuse it (CRI-O)",
                nextStep: "write whole names, in the list and in the pods that use the images")
        ]
    }

    private static func mutableTags(_ images: [ImageEntry], _ entries: [ImageListEntry]) -> [Finding] {
        images.filter(\.reference.isMutable).map { image in
            let reference = Redaction.quote(image.reference.written, limit: 200)
            return Finding(
                severity: .warning, key: ConfigurationKey.images.rawValue,
                entry: entries.first { $0.name == image.name }?.quoted,
                message: "\(reference) can come to mean another image: nodes that pull at different times may differ",
                nextStep: "write the digest behind it, as in NAME=\(reference)@sha256:...")
        }
    }
}
