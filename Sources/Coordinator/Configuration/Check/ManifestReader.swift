import Yams

/// Finds ConfigMaps and `KubernetesImagePuller` objects in a YAML or JSON text (which YAML includes): alone, in a List, or among
/// other documents.
package struct ManifestReader {
    private let lines: [Substring]
    /// ConfigMaps.
    private var found: [Manifest] = []
    private var objects: [Manifest] = []
    /// What else there is, for the error.
    private var others: [String] = []

    /// - Parameter name: which one, where there are several.
    package static func read(_ text: String, name: String? = nil) throws(ManifestFileError) -> Manifest {
        var reader = ManifestReader(text)
        guard !text.trimmed.isEmpty else {
            throw ManifestFileError(message: "the file is empty", nextStep: "write a ConfigMap manifest")
        }
        if let fault = reader.helmTemplate { throw fault }
        for document in try documents(readable(text)) { reader.visit(document) }
        return try reader.choose(name: name)
    }

    /// kubectl reads a text that begins with a brace as JSON, where TABs are white space. In YAML a line of TABs alone, or
    /// one before the first brace, is a mistake.
    private static func readable(_ text: String) -> String {
        guard text.trimmed.first == "{" else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let indentation = line.prefix { $0 == " " || $0 == "\t" }
            return indentation.contains("\t")
                ? String(repeating: " ", count: indentation.count) + line[indentation.endIndex...] : String(line)
        }.joined(separator: "\n")
    }

    private init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    private static func documents(_ text: String) throws(ManifestFileError) -> [Yams.Node] {
        var documents: [Yams.Node] = []
        do {
            let parser = try Parser(yaml: text)
            while let root = try parser.nextRoot() { documents.append(root) }
            return documents
        } catch {
            throw unreadable(error, text)
        }
    }

    private static func unreadable(_ error: any Error, _ text: String) -> ManifestFileError {
        var fault = ManifestFileError(message: "the file is neither YAML nor JSON", nextStep: "put the file right")
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            fault.line = mark.line
            fault.message = "the file can't be read as YAML: \(problem)"
        case YamlError.duplicatedKeysInMapping(let duplicates, let context):
            fault.line = context.mark.line
            let names = duplicates.map { "\"\(Redaction.quote($0))\"" }.sorted().joined(separator: ", ")
            fault.message = "\(names) stands twice in the mapping that begins here"
            fault.nextStep = "remove one of the two"
        case YamlError.reader(let problem, _, _, _):
            fault.message = "the file can't be read as YAML: \(problem)"
        default: break
        }
        return fault
    }

    /// Templates often read as YAML of a strange meaning, so they are told by their words.
    private var helmTemplate: ManifestFileError? {
        let words = ["{{ .", "{{- ", "{{.", "{{ include ", "{{ if ", "{{ range "]
        let line = lines.firstIndex { line in
            !line.trimmed.hasPrefix("#") && words.contains { line.contains($0) }
        }
        return line.map {
            ManifestFileError(
                line: $0 + 1, message: "the file is a Helm template",
                nextStep: "render it first: helm template CHART | coordinator config check -")
        }
    }

    private mutating func visit(_ node: Yams.Node) {
        guard let mapping = node.mapping else {
            if node.null == nil { others.append("\(Self.kind(of: node)) (line \(node.mark?.line ?? 1))") }
            return
        }
        guard let kind = mapping["kind"]?.string else {
            others.append("a mapping without a kind (line \(node.mark?.line ?? 1))")
            return
        }
        if kind == "ConfigMap" {
            found.append(manifest(mapping, line: node.mark?.line ?? 1))
        } else if kind == Manifest.Kind.puller.rawValue, mapping["apiVersion"]?.string == Self.objectVersion {
            objects.append(object(mapping, line: node.mark?.line ?? 1))
        } else if kind == "List" || kind == "ConfigMapList" || kind == "KubernetesImagePullerList" {
            for item in mapping["items"]?.array() ?? [] { visit(item) }
        } else {
            others.append("\(Redaction.quote(kind, limit: 60)) (line \(node.mark?.line ?? 1))")
        }
    }

    private func choose(name: String?) throws(ManifestFileError) -> Manifest {
        if let name {
            for some in [found, objects] {
                if let manifest = Self.last(of: some.filter { $0.name == name }) { return manifest }
            }
            let all = found + objects
            let names = all.map { $0.name ?? "one without a name" }.joined(separator: ", ")
            throw ManifestFileError(
                message: "the file has \(nothing) named \(name)" + (all.isEmpty ? "" : ", but \(names)"),
                nextStep: "name one that it has")
        }
        let known = Set(ConfigurationKey.allCases.map(\.rawValue))
        let sets = Self.sets(in: found.filter { $0.content.imageSet != nil } + objects)
        let unlabelled = found.filter { $0.content.imageSet == nil }
        let ours =
            found.count == 1 && objects.isEmpty
                || unlabelled.count == 1 && sets.contains { $0.kind == .configMap }
            ? unlabelled : unlabelled.filter { !known.isDisjoint(with: $0.content.data.keys) }
        if var manifest = Set(ours.map { [$0.namespace, $0.name] }).count == 1 ? Self.last(of: ours) : nil {
            manifest.beside = sets
            return manifest
        }
        if ours.isEmpty, var first = sets.first {
            first.beside = Array(sets.dropFirst())
            return first
        }
        if found.isEmpty {
            let isTemplate = others.contains { $0.hasPrefix("Template ") }
            throw ManifestFileError(
                message: "the file has \(nothing)"
                    + (others.isEmpty ? "" : ", but " + others.prefix(8).joined(separator: ", ")),
                nextStep: isTemplate
                    ? "process the template first: oc process --local -f FILE -o yaml | coordinator config check -"
                    : "give the file of the ConfigMap or the object")
        }
        let names = (ours.isEmpty ? found : ours).map { "\($0.name ?? "one without a name") (line \($0.line))" }
        throw ManifestFileError(
            message: ours.isEmpty
                ? "none of the ConfigMaps has a key of Image Puller: \(names.joined(separator: ", "))"
                : "several ConfigMaps have keys of Image Puller: \(names.joined(separator: ", "))",
            nextStep: "choose one with --name")
    }

    private var nothing: String { "no ConfigMap and no KubernetesImagePuller (\(Self.objectVersion))" }

    /// Of each of those, the last, in the order of the file.
    private static func sets(in found: [Manifest]) -> [Manifest] {
        var names: [[String?]] = []
        let sets = found.sorted { $0.line < $1.line }
        for manifest in sets where !names.contains(manifest.identity) { names.append(manifest.identity) }
        return names.compactMap { name in last(of: sets.filter { $0.identity == name }) }
    }

    /// Of several documents of one object the last is what stays in the cluster, after the others took effect in turn.
    private static func last(of manifests: [Manifest]) -> Manifest? {
        guard var last = manifests.last else { return nil }
        let earlier = manifests.dropLast().filter { $0.name == last.name && $0.namespace == last.namespace }
        last.replaced = Array(earlier)
        guard !earlier.isEmpty else { return last }
        let lines = earlier.map { "\($0.line)" }.joined(separator: ", ")
        last.remarks.append(
            Finding(
                severity: .warning, key: "metadata.name",
                message:
                    "the file has this \(last.kind.rawValue) \(earlier.count + 1) times (also at line \(lines)): they "
                    + "take effect one after the other, and this one, the last, is what counts",
                nextStep: "keep one of them"))
        return last
    }

    static func kind(of node: Yams.Node) -> String {
        switch node {
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .alias: return "an alias"
        case .scalar:
            switch node.tag.description {
            case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float": return "a number"
            case "tag:yaml.org,2002:bool": return "a truth value"
            case "tag:yaml.org,2002:null": return "nothing"
            case "tag:yaml.org,2002:timestamp": return "a date"
            default: return "a text"
            }
        }
    }
}

extension Manifest {
    fileprivate var identity: [String?] { [kind.rawValue, namespace, name] }
}

extension ManifestReader {
    private static let objectVersion = "che.eclipse.org/v1alpha1"
    /// Fields of an object that are lists in a text, as are the keys in whose place they stand.
    private static let lists: Set<String> = [
        ConfigurationKey.images.rawValue, ConfigurationKey.imagePullSecrets.rawValue, "spec.images",
        "spec.imagePullSecrets",
    ]

    /// Name, place and annotations.
    private func head(_ mapping: Yams.Node.Mapping, line: Int) -> Manifest {
        let metadata = mapping["metadata"]?.mapping
        var manifest = Manifest(
            name: metadata?["name"]?.string, namespace: metadata?["namespace"]?.string, line: line,
            content: ConfigMapContent(labels: labels(metadata)))
        for (key, value) in metadata?["annotations"]?.mapping ?? [:] {
            guard let name = key.string else { continue }
            manifest.content.annotations[name] = scalar(value, "annotation \(name)", &manifest)
            manifest.keyLines["annotation \(name)"] = key.mark?.line
        }
        return manifest
    }

    private func object(_ mapping: Yams.Node.Mapping, line: Int) -> Manifest {
        var manifest = head(mapping, line: line)
        manifest.kind = .puller
        manifest.keyLines["metadata.name"] = mapping["metadata"]?.mapping?["name"]?.mark?.line ?? line
        if !KubernetesName.isSubdomain(manifest.name ?? "") {
            manifest.findings.append(
                Finding(
                    severity: .error, key: "metadata.name",
                    message: manifest.name.map {
                        "\"\(Redaction.quote($0, limit: 100))\" can't be an object's name: lower-case letters, digits, '-' and "
                            + "'.', with a letter or digit at both ends"
                    } ?? "the object has no name",
                    nextStep: manifest.name.flatMap(KubernetesName.labelSuggestion).map { "write \($0)" } ?? "write one"
                ))
        }
        guard let node = mapping["spec"], node.null == nil else { return manifest }
        guard let fields = node.mapping, let spec = YAMLAsJSON.value(of: node) else {
            manifest.keyLines["spec"] = node.mark?.line
            manifest.findings.append(
                Finding(
                    severity: .error, key: "spec",
                    message: node.mapping == nil
                        ? "expected a mapping, found \(Self.kind(of: node))"
                        : "it is too deep, or says too much by aliases",
                    nextStep: "write FIELD: \"value\" lines under spec"))
            return manifest
        }
        manifest.spec = spec
        let pairs = Array(fields)
        for (index, pair) in pairs.enumerated() {
            guard let name = pair.key.string else { continue }
            let keyLine = pair.key.mark?.line ?? line
            manifest.keyLines["spec.\(name)"] = keyLine
            let next = index + 1 < pairs.count ? pairs[index + 1].key.mark?.line : nil
            locate("spec.\(name)", pair.value, keyLine: keyLine, nextKeyLine: next, in: &manifest)
        }
        let list = fields["imageList"]?.array() ?? []
        for (index, item) in list.enumerated() { manifest.keyLines["spec.imageList[\(index)]"] = item.mark?.line }
        // Of both fields one list is made.
        let lines = list.filter { $0.mapping?["image"]?.string != nil }.map { $0.mark?.line }
        manifest.entryLines["spec.images", default: []] += lines
        manifest.entryLines["spec.imageList"] = lines
        return manifest
    }

    private func manifest(_ mapping: Yams.Node.Mapping, line: Int) -> Manifest {
        var manifest = head(mapping, line: line)
        for (key, _) in mapping["binaryData"]?.mapping ?? [:] {
            guard let name = key.string else { continue }
            manifest.content.binaryKeys.insert(name)
            manifest.keyLines[name] = key.mark?.line
        }
        guard let node = mapping["data"] else { return manifest }
        guard let data = node.mapping else {
            if node.null == nil {
                manifest.keyLines["data"] = node.mark?.line
                manifest.findings.append(
                    Finding(
                        severity: .error, key: "data", message: "expected a mapping, found \(Self.kind(of: node))",
                        nextStep: "write KEY: \"value\" lines under data"))
            }
            return manifest
        }
        let pairs = Array(data)
        for (index, pair) in pairs.enumerated() {
            guard let name = pair.key.string else { continue }
            manifest.keyLines[name] = pair.key.mark?.line
            manifest.content.data[name] = scalar(pair.value, name, &manifest)
            let next = index + 1 < pairs.count ? pairs[index + 1].key.mark?.line : nil
            locate(name, pair.value, keyLine: pair.key.mark?.line ?? line, nextKeyLine: next, in: &manifest)
        }
        return manifest
    }

    private func labels(_ metadata: Yams.Node.Mapping?) -> [String: String] {
        var labels: [String: String] = [:]
        for (key, value) in metadata?["labels"]?.mapping ?? [:] {
            if let name = key.string, let text = value.string { labels[name] = text }
        }
        return labels
    }

    /// A value as the API server reads it: a text, or refused. Nothing at all is an empty text.
    private func scalar(_ node: Yams.Node, _ key: String, _ manifest: inout Manifest) -> String? {
        let kind = Self.kind(of: node)
        if kind == "nothing" { return "" }
        if kind != "a text" {
            let isScalar = node.scalar != nil
            manifest.findings.append(
                Finding(
                    severity: .error, key: key,
                    message: "the API server takes texts only, and this is \(kind)",
                    nextStep: isScalar
                        ? "write it in quotes: \"\(Redaction.quote(node.scalar?.string ?? "", limit: 40))\""
                        : YAMLAsJSON.text(of: node).map { "write it as JSON: '\(Redaction.quote($0, limit: 1000))'" }
                            ?? "write it as JSON in single quotes"))
        }
        return node.scalar?.string
    }

    /// Notes which lines a value's text and its entries stand on.
    private func locate(_ key: String, _ node: Yams.Node, keyLine: Int, nextKeyLine: Int?, in manifest: inout Manifest)
    {
        guard let scalar = node.scalar else { return }
        let valueLine = scalar.mark?.line ?? keyLine
        switch scalar.style {
        case .literal: manifest.textLines[key] = valueLine + 1
        case .folded: break
        default: if !scalar.string.contains("\n") { manifest.textLines[key] = valueLine }
        }
        guard Self.lists.contains(key) else { return }
        let entries = scalar.string.split(separator: ";").map(\.trimmed).filter { !$0.isEmpty }
        var line = keyLine - 1
        var rest = lines.indices.contains(line) ? lines[line].dropFirst(0) : ""
        let end = min((nextKeyLine ?? lines.count + 1) - 1, lines.count)
        manifest.entryLines[key] = entries.map { entry -> Int? in
            // A folded entry may go over several lines: its first word says where it begins.
            let word = entry.prefix { !$0.isWhitespace }
            var (searchLine, searchRest) = (line, rest)
            while searchLine < max(end, keyLine), lines.indices.contains(searchLine) {
                if let match = searchRest.firstRange(of: word) {
                    line = searchLine
                    rest = searchRest[match.upperBound...]
                    return searchLine + 1
                }
                searchLine += 1
                searchRest = lines.indices.contains(searchLine) ? lines[searchLine] : ""
            }
            return nil
        }
    }
}
