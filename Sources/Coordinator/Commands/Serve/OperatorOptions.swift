import ArgumentParser

/// Whether KubernetesImagePuller objects count, and whose.
struct OperatorOptions: ParsableArguments {
    @Flag(
        name: .customLong("operator"),
        help: "KubernetesImagePuller objects (che.eclipse.org/v1alpha1) of the coordinator's namespace are image sets.")
    var isEnabled = false

    @Option(
        help: ArgumentHelp(
            "Those of this namespace too, or of all (*). May be given several times, or several separated by commas.",
            valueName: "namespace"))
    var operatorNamespaces: [String] = []

    /// Whose objects count.
    enum Scope: Equatable {
        case nobodys
        /// By namespace, the coordinator's own first.
        case namespaces([String])
        case all
    }

    /// - Parameter own: the coordinator's namespace, whose objects count in any case.
    func scope(own: String) -> Scope {
        guard isEnabled || !named.isEmpty else { return .nobodys }
        guard !named.contains("*") else { return .all }
        return .namespaces([own] + named.filter { $0 != own })
    }

    /// An empty value, as templates give, names none.
    private var named: [String] {
        var seen: Set<String> = []
        return operatorNamespaces.flatMap { $0.split(separator: ",") }.map { String($0.filter { $0 != " " }) }
            .filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    func validate() throws {
        for name in named where name != "*" && name.wholeMatch(of: /[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/) == nil {
            throw ValidationError("--operator-namespaces: \"\(name)\" is no namespace.")
        }
    }
}
