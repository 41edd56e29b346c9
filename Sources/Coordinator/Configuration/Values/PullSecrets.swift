/// `IMAGE_PULL_SECRETS`: names of secrets between semicolons.
enum PullSecrets {
    static func parse(_ text: String) throws(ValueFault) -> [String] {
        var names: [String] = []
        var known: Set<String> = []
        let entries = text.split(separator: ";").map(\.trimmed).filter { !$0.isEmpty }
        for (index, name) in entries.enumerated() {
            guard KubernetesName.isSubdomain(name) else {
                let isCommaList = name.contains(",") || name.contains(where: \.isWhitespace)
                throw ValueFault(
                    isCommaList
                        ? "secrets are separated by ';', not by ',' or white space"
                        : "a secret's name is made of lower-case letters, digits, '-' and '.'",
                    next: "write the names like this: secret1;secret2",
                    entry: .init(number: index + 1, text: Redaction.quote(name)))
            }
            if known.insert(name).inserted { names.append(name) }
        }
        return names
    }
}
