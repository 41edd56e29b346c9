import ImageSets

/// The names that image sets beside `default` can have.
package enum ImageSetName {
    /// What is wrong with one; nil: nothing.
    package static func fault(_ name: String) -> Finding? {
        guard name != ImageSet.defaultName else {
            return finding(
                "\(name) is the image set of the main ConfigMap", next: "write another name, or remove the label")
        }
        guard KubernetesName.isLabel(name) else {
            return finding(
                "\"\(Redaction.quote(name, limit: 63))\" can't be the name of an image set: 1 to 63 lower-case letters, digits "
                    + "and '-', with a letter or digit at both ends",
                next: KubernetesName.labelSuggestion(for: name).map { "write \($0)" } ?? "write another name")
        }
        return nil
    }

    /// Two objects with one name.
    ///
    /// - Parameters:
    ///   - owner: the older one, with its kind.
    ///   - isOfLabel: a label says the name; else it's the object's own.
    package static func taken(_ name: String, by owner: String, isOfLabel: Bool = true) -> Finding {
        Finding(
            severity: .error, key: isOfLabel ? "metadata.labels" : "metadata.name",
            message: "image set \(name) is that of \(owner), which is older",
            nextStep: isOfLabel ? "write another name" : "create it under another name")
    }

    private static func finding(_ message: String, next: String) -> Finding {
        Finding(severity: .error, key: "metadata.labels", message: message, nextStep: next)
    }
}

extension DaemonSetClaims.Place {
    /// Another set has it.
    package func taken(by set: String) -> Finding {
        Finding(
            severity: .error, key: ConfigurationKey.daemonSetName.rawValue,
            message: "DaemonSet \(name) in namespace \(namespace) is that of image set \(set), and keeps being so",
            nextStep: "write another name")
    }
}
