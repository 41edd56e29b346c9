import FoundationEssentials

/// The file by which clients find the simulated API.
enum Kubeconfig {
    static func write(server: String, to path: String) throws {
        let text = """
            apiVersion: v1
            kind: Config
            current-context: simulator
            clusters:
            - name: simulator
              cluster:
                server: \(server)
            contexts:
            - name: simulator
              context:
                cluster: simulator
                user: simulator
            users:
            - name: simulator
              user: {}

            """
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    }
}
