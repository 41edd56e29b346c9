import Cluster
import ImageSets
import Shared

/// What an edit changed: one entry of the list, or the value of one key.
package struct ConfigurationChange: Codable, Sendable, Hashable {
    /// The key of the ConfigMap.
    package var key: String
    /// The entry's name, when the key is `IMAGES`.
    package var entry: String?
    /// Before and after, in one line, without passwords; nil: there was none, or there is none any more.
    package var from: String?
    package var to: String?

    /// - Parameter old: what was in force before; nil: nothing.
    /// - Returns: entries in the order of the lists, then keys in the order of the documentation.
    package static func between(_ old: Configuration?, _ new: Configuration) -> [ConfigurationChange] {
        let before = Dictionary(
            (old?.images ?? []).map { ($0.name, $0.reference.written) }, uniquingKeysWith: { first, _ in first })
        let after = Set(new.images.map(\.name))
        func quoted(_ reference: String) -> String { Redaction.quote(reference, limit: 200) }
        var changes = new.images.compactMap { image -> ConfigurationChange? in
            let former = before[image.name]
            guard former != image.reference.written else { return nil }
            return ConfigurationChange(
                key: ConfigurationKey.images.rawValue, entry: image.name, from: former.map(quoted),
                to: quoted(image.reference.written))
        }
        changes += (old?.images ?? []).filter { !after.contains($0.name) }.map {
            ConfigurationChange(
                key: ConfigurationKey.images.rawValue, entry: $0.name, from: quoted($0.reference.written), to: nil)
        }
        // The first revision has everything new; what matters of it is the list.
        guard let old else { return changes }
        for key in ConfigurationKey.allCases where key != .images {
            let (from, to) = (
                ConfigMapFormatter.value(of: key, in: old), ConfigMapFormatter.value(of: key, in: new)
            )
            guard from != to else { continue }
            changes.append(
                ConfigurationChange(
                    key: key.rawValue, entry: nil, from: KeyMeaning.value(of: key, in: old),
                    to: KeyMeaning.value(of: key, in: new)))
        }
        return changes
    }

    /// `web: nginx:1.26 -> nginx:1.27`, `+ web: nginx:1.27`, `PULL_MAX_PARALLEL: 250 -> 20`.
    package var text: String {
        let name = entry ?? key
        return switch (from, to) {
        case (nil, let to?): "+ \(name): \(to)"
        case (let from?, nil): "- \(name): \(from)"
        case (let from, let to): "\(name): \(from ?? "") -> \(to ?? "")"
        }
    }
}
