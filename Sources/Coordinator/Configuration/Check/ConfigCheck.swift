import Cluster
import Formatting
import ImageSets
import Manifests
import Shared

/// What a ConfigMap or a `KubernetesImagePuller` object in a file means for a cluster, key by key or field by field, and what
/// is wrong with it.
package struct ConfigCheck: Sendable, Equatable {
    struct Key: Sendable, Equatable, Encodable {
        /// Of an object: the field.
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
    var kind: Manifest.Kind
    var name: String?
    /// The coordinator's.
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
    /// Earlier documents of the same object, which this one replaces.
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
        let own = self.namespace
        sets = manifest.beside.map {
            // An object need not be in the coordinator's namespace, and so doesn't tell it.
            ConfigCheck(
                $0, file: file, namespace: $0.kind == .puller ? own : namespace, warnsOfMutableTags: warnsOfMutableTags,
                &known)
        }
    }

    /// - Parameter known: what the file's earlier image sets have.
    private init(
        _ manifest: Manifest, file: String, namespace: String?, warnsOfMutableTags: Bool, _ known: inout SetsInFile
    ) {
        let written = manifest.content.data[ConfigurationKey.namespace.rawValue]?.trimmed ?? ""
        var options = ConfigurationOptions()
        options.isOffline = true
        if let own = namespace ?? manifest.namespace {
            options.ownNamespace = own
        } else if KubernetesName.isLabel(written) {
            options.ownNamespace = written
        }
        let content = manifest.content(own: options.ownNamespace)
        options.imageSet = content.imageSet
        // Whether the coordinator may make a DaemonSet there, the cluster knows.
        if content.fields != nil, let place = manifest.namespace { options.extraNamespaces.insert(place) }
        let reading = ConfigurationParser(options: options).read(content, last: nil)
        let named = { (finding: Finding) in content.fields.map(finding.named) ?? finding }
        let bytes =
            reading.isRejected ? 0 : DaemonSetManifest.templateBytes(of: reading.configuration, options: .elsewhere)
        let excess = ConfigurationParser.excess(of: bytes, reading.configuration)
        let found = ([excess].compactMap(\.self) + reading.findings).map(named)
        let faulty = reading.faultyKeys.union(manifest.findings.map(\.key))
            .union(content.fields == nil ? [] : found.filter { $0.severity == .error && $0.entry == nil }.map(\.key))

        self.file = file
        kind = manifest.kind
        imageSet = content.imageSet
        line = manifest.line
        replaced = manifest.replaced.map {
            ConfigCheck($0, file: file, namespace: namespace, warnsOfMutableTags: warnsOfMutableTags)
        }
        self.name = manifest.name
        self.namespace = options.ownNamespace
        isApplicable = manifest.findings.isEmpty
        let clashes = known.add(manifest, content, reading.configuration).map(named)
        isAccepted = !reading.isRejected && excess == nil && manifest.findings.isEmpty && clashes.isEmpty
        let entries = ImageListEntry.split(content.data[ConfigurationKey.images.rawValue] ?? "")
        let shown = ConfigurationKey.allCases.filter { content.fields?.keys.contains($0.rawValue) ?? true }
        keys = shown.map { key in
            let word = content.fields?[key.rawValue] ?? key.rawValue
            // What an object doesn't say is said for it.
            let isDefault = reading.text(key) == nil || content.fields != nil && manifest.keyLines[word] == nil
            let isValid = !faulty.contains(key.rawValue) && !faulty.contains(word)
            var value = KeyMeaning.value(of: key, in: reading.configuration)
            if key == .images {
                let used = reading.configuration.images.count
                if used != entries.count { value = "\(used) of \(counted(entries.count, "entry", plural: "entries"))" }
            } else if !isValid {
                value = Redaction.quote(reading.text(key) ?? "", limit: 40)
            }
            return Key(
                key: word, line: isDefault && isValid ? nil : manifest.keyLines[word], value: value,
                isDefault: isDefault, isValid: isValid,
                meaning: isValid ? KeyMeaning.meaning(of: key, in: reading.configuration) : "not valid, see below")
        }
        let images = ConfigurationKey.images.rawValue
        let lines = manifest.entryLines[content.fields?[images] ?? images] ?? []
        let places = Dictionary(
            entries.enumerated().compactMap { index, entry in entry.name.map { ($0, index) } },
            uniquingKeysWith: { first, _ in first })
        self.images = reading.configuration.images.map { image in
            let index = places[image.name]
            return Image(
                name: image.name, line: index.flatMap { lines.indices.contains($0) ? lines[$0] : nil },
                reference: image.reference.written, normalised: image.reference.normalised,
                isMutable: image.reference.isMutable)
        }
        let order = Finding.Severity.allCases
        let tags = warnsOfMutableTags ? Self.mutableTags(reading.configuration.images, entries) : []
        let short = Self.shortNames(reading.configuration.images)
        findings = (manifest.findings + clashes + manifest.remarks + found + (tags + short).map(named))
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
        var owners: [String: String] = [:]
        var claims = DaemonSetClaims()

        mutating func add(
            _ manifest: Manifest, _ content: ConfigMapContent, _ configuration: Configuration
        ) -> [Finding] {
            let set = content.imageSet
            let isOfLabel = manifest.kind == .configMap
            var clashes: [Finding] = []
            if let set {
                if isOfLabel { clashes += [ImageSetName.fault(set)].compactMap(\.self) }
                if let other = owners[set] {
                    clashes.append(ImageSetName.taken(set, by: other, isOfLabel: isOfLabel))
                }
            }
            guard clashes.isEmpty else { return clashes }
            owners[set ?? ImageSet.defaultName] = "\(manifest.kind.rawValue) \(manifest.name ?? "without a name")"
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
        let written = Dictionary(
            entries.compactMap { entry in entry.name.map { ($0, entry) } }, uniquingKeysWith: { first, _ in first })
        return images.filter(\.reference.isMutable).map { image in
            let reference = Redaction.quote(image.reference.written, limit: 200)
            return Finding(
                severity: .warning, key: ConfigurationKey.images.rawValue,
                entry: written[image.name]?.quoted,
                message: "\(reference) can come to mean another image: nodes that pull at different times may differ",
                nextStep: "write the digest behind it, as in NAME=\(reference)@sha256:...")
        }
    }
}
