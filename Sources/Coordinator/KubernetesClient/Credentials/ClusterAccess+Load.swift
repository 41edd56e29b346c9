import FoundationEssentials

extension ClusterAccess {
    /// Finds the API server: the file that the user names, else `KUBECONFIG`, else the pod's service account, else
    /// `~/.kube/config`.
    ///
    /// - Parameters:
    ///   - kubeconfig: a path from the command line.
    ///   - context: another context than the file's current one.
    /// - Throws: ``AccessError``.
    package static func load(
        kubeconfig: String? = nil, context: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(AccessError) -> ClusterAccess {
        if let kubeconfig {
            let file = try Kubeconfig.load([kubeconfig], mustExist: true)
            return ClusterAccess(try file.settings(context: context), environment: environment)
        }
        if let list = environment["KUBECONFIG"], !list.isEmpty {
            let paths = list.split(separator: ":").map(String.init)
            let file = try Kubeconfig.load(paths, mustExist: false)
            return ClusterAccess(try file.settings(context: context), environment: environment)
        }
        if context == nil, let settings = try InCluster().settings(environment: environment) {
            return ClusterAccess(settings, environment: environment)
        }
        let home = environment["HOME"] ?? FileManager.default.homeDirectoryForCurrentUser.path
        let path = home + "/.kube/config"
        guard FileManager.default.fileExists(atPath: path) else {
            throw AccessError(
                "no API server",
                "there is no \(path), KUBECONFIG is not set, and this is no pod with a service account: "
                    + "say --kubeconfig FILE")
        }
        let file = try Kubeconfig.load([path], mustExist: true)
        return ClusterAccess(try file.settings(context: context), environment: environment)
    }
}
