/// `NODE_SELECTOR` and `DAEMONSET_ANNOTATIONS`: objects whose names are label or annotation keys.
enum LabelsParser {
    /// All annotations of an object together; Source: `TotalAnnotationSizeLimitB` of Kubernetes' validation.
    static let maximumAnnotationBytes = 256 * 1024

    static func nodeSelector(_ text: String) throws(ValueFault) -> [String: String] {
        guard let root = try JSONCursor.root(text) else { return [:] }
        var labels: [String: String] = [:]
        for (key, value, cursor) in try root.strings() {
            try checkKey(key, at: cursor, what: "label's")
            guard KubernetesName.isLabelValue(value) else {
                throw cursor.fault(
                    "\"\(Redaction.quote(value, limit: 70))\" can't be a label's value",
                    next: "write up to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends")
            }
            if key == "kubernetes.io/os" || key == "beta.kubernetes.io/os", value != "linux" {
                throw cursor.fault("images are cached on Linux nodes only", next: "remove it, or write \"linux\"")
            }
            labels[key] = value
        }
        return labels
    }

    static func annotations(_ text: String) throws(ValueFault) -> [String: String] {
        guard let root = try JSONCursor.root(text) else { return [:] }
        var annotations: [String: String] = [:]
        var bytes = 0
        for (key, value, cursor) in try root.strings() {
            try checkKey(key, at: cursor, what: "annotation's")
            guard !key.hasPrefix(ConfigMapContent.ownPrefix) else {
                throw cursor.fault(
                    "annotations that begin with \(ConfigMapContent.ownPrefix) are the coordinator's own",
                    next: "choose another name")
            }
            bytes += key.utf8.count + value.utf8.count
            annotations[key] = value
        }
        guard bytes <= maximumAnnotationBytes else {
            throw root.fault(
                "the annotations have \(bytes) bytes, and Kubernetes allows \(maximumAnnotationBytes)",
                next: "shorten them")
        }
        return annotations
    }

    static func checkKey(_ key: String, at cursor: JSONCursor, what: String) throws(ValueFault) {
        guard !KubernetesName.isQualified(key) else { return }
        throw ValueFault(
            "\"\(Redaction.quote(key, limit: 70))\" can't be \(what == "label's" ? "a" : "an") \(what) key",
            next: "write letters, digits, '-', '_' and '.', with an optional domain and '/' before, "
                + "such as example.com/disk",
            position: cursor.node.position)
    }
}

extension JSONCursor {
    /// The root of a key's JSON value; nil when that is `null`, which Kubernetes and the Go puller read as nothing.
    static func root(_ text: String) throws(ValueFault) -> JSONCursor? {
        let root = JSONCursor(try JSONReader.read(text))
        return root.isNull ? nil : root
    }
}
