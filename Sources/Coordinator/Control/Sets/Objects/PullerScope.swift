/// Whose `KubernetesImagePuller` objects are image sets.
package enum PullerScope: Sendable, Hashable {
    case nobodys
    case namespaces([String])
    case all

    /// What is watched: nil is all namespaces.
    var watched: [String?] {
        switch self {
        case .nobodys: []
        case .namespaces(let names): names
        case .all: [nil]
        }
    }
}

/// How long is waited for `KubernetesImagePuller` objects.
package struct PullerTimes: Sendable, Hashable {
    /// Seconds that what they say stays in force when they go with their definition.
    var patience = 900.0
    /// Between two looks for a definition that isn't installed.
    var search = Duration.seconds(30)

    package init() {}
}
