import Cluster
import ImageSets

/// A ConfigMap while it is read, and what has been found so far.
struct ConfigurationReading: Sendable {
    private(set) var content: ConfigMapContent
    let options: ConfigurationOptions
    /// What the readable keys say; defaults for the others.
    var configuration = Configuration()
    private(set) var findings: [Finding] = []
    /// A key, or the image list as a whole, can't be used: the edit must not take effect.
    private(set) var isRejected = false
    /// The keys that are at fault for that.
    private(set) var faultyKeys: Set<String> = []
    /// How many there are without effect.
    var unknownKeys = 0

    init(content: ConfigMapContent, options: ConfigurationOptions) {
        self.content = content
        self.options = options
        if let set = options.imageSet { leaveOutClusterKeys(of: set) }
        findings += content.object?.findings ?? []
        isRejected = findings.contains { $0.severity == .error }
    }

    /// Of a set beside `default`: keys that are the main ConfigMap's affair are as if they weren't written.
    private mutating func leaveOutClusterKeys(of set: String) {
        configuration.daemonSetName = "\(configuration.daemonSetName)-\(set)"
        for key in ConfigurationKey.allCases where ConfigurationKey.ofCluster.contains(key) {
            guard content.data[key.rawValue] != nil else { continue }
            if text(key) != nil {
                note(
                    .warning, key, "it has no effect in image set \(set): it is the same for all image sets",
                    next: "remove it here, and write it in the main ConfigMap if it is to change")
            }
            content.data[key.rawValue] = nil
        }
    }

    /// The text of a key without surrounding white space; nil when it's absent or empty, which both mean the default.
    func text(_ key: ConfigurationKey) -> String? {
        guard let text = content.data[key.rawValue]?.trimmed, !text.isEmpty else { return nil }
        return text
    }

    /// The value of a key, or nil for its default.
    mutating func value<Value>(
        _ key: ConfigurationKey, _ parse: (String) throws(ValueFault) -> Value
    ) -> Value? {
        guard let text = text(key) else { return nil }
        do {
            return try parse(text)
        } catch {
            reject(key, Placeholder.fault(in: text) ?? error)
            return nil
        }
    }

    /// Puts a key's value in its place, where the user wrote one.
    mutating func set<Value>(
        _ path: WritableKeyPath<Configuration, Value>, _ key: ConfigurationKey,
        _ parse: (String) throws(ValueFault) -> Value
    ) {
        if let value = value(key, parse) { configuration[keyPath: path] = value }
    }

    /// Puts a key's value in its place that is written as JSON. What is YAML instead is refused with its JSON.
    mutating func setJSON<Value>(
        _ path: WritableKeyPath<Configuration, Value>, _ key: ConfigurationKey,
        _ parse: (String) throws(ValueFault) -> Value
    ) {
        set(path, key) { text throws(ValueFault) in
            do throws(ValueFault) {
                return try parse(text)
            } catch {
                // Of what is JSON already the fault says better what to do.
                guard (try? JSONReader.read(text)) == nil, let json = YAMLAsJSON.text(of: text),
                    (try? parse(json)) != nil
                else { throw error }
                throw ValueFault(
                    error.message, next: "write it as JSON: \(Redaction.quote(json, limit: 1000))",
                    position: error.position)
            }
        }
    }

    mutating func set(_ path: WritableKeyPath<Configuration, Int>, _ key: ConfigurationKey) {
        guard let range = key.range else { return }
        set(path, key) { text throws(ValueFault) in try WholeNumber.parse(text, range: range) }
    }

    mutating func reject(_ key: ConfigurationKey, _ fault: ValueFault) {
        isRejected = true
        faultyKeys.insert(key.rawValue)
        findings.append(
            Finding(
                severity: .error, key: key.rawValue, entry: fault.entry, position: fault.position,
                message: fault.message, nextStep: fault.nextStep))
    }

    mutating func note(_ severity: Finding.Severity, _ key: ConfigurationKey, _ message: String, next: String? = nil) {
        add([Finding(severity: severity, key: key.rawValue, message: message, nextStep: next)])
    }

    mutating func add(_ more: [Finding]) { findings += more }
}
