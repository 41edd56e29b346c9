/// Debian's Alertmanager on a loopback port, which tells nobody.
public struct Alertmanager: Sendable {
    public let daemon: Daemon
    public let url: String

    /// - Parameter port: nil: a free one.
    public static func start(_ machine: RealMachine, port: Int? = nil) async throws -> Alertmanager {
        let port = try port ?? LoopbackPort.find()
        let folder = machine.directory + "/alertmanager-\(UInt32.random(in: 0..<UInt32.max))"
        try TextFile.write(
            folder + "/config.yml",
            """
            route: {receiver: nobody, group_wait: 1s, group_interval: 1s}
            receivers: [{name: nobody}]
            """)
        let daemon = try machine.daemon(
            "/usr/bin/prometheus-alertmanager",
            [
                "--config.file=\(folder)/config.yml", "--storage.path=\(folder)/data",
                "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
            ], environment: ["PATH": "/usr/bin:/bin"])
        try await LoopbackPort.wait(for: port, of: daemon)
        return Alertmanager(daemon: daemon, url: "http://127.0.0.1:\(port)")
    }
}

/// Debian's Prometheus on a loopback port.
public struct Prometheus: Sendable {
    public let daemon: Daemon
    public let url: String
    private let targets: String

    /// Scrapes and evaluates every second.
    ///
    /// - Parameters:
    ///   - rules: the content of a file of rules.
    ///   - alertmanager: its address, as host and port.
    public static func start(_ machine: RealMachine, rules: String, alertmanager: String) async throws -> Prometheus {
        let port = try LoopbackPort.find()
        let folder = machine.directory + "/prometheus-\(UInt32.random(in: 0..<UInt32.max))"
        try TextFile.write(folder + "/rules.yaml", rules)
        try TextFile.write(folder + "/targets.json", "[]")
        try TextFile.write(
            folder + "/config.yml",
            """
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: [\(folder)/rules.yaml]
            alerting: {alertmanagers: [{static_configs: [{targets: ['\(alertmanager)']}]}]}
            scrape_configs:
              - job_name: kubernetes-image-puller
                file_sd_configs: [{files: [\(folder)/targets.json], refresh_interval: 1s}]
                # The same series after a restart on another port.
                relabel_configs: [{target_label: instance, replacement: coordinator}]
            """)
        let daemon = try machine.daemon(
            "/usr/bin/prometheus",
            [
                "--config.file=\(folder)/config.yml", "--storage.tsdb.path=\(folder)/data",
                "--web.listen-address=127.0.0.1:\(port)", "--rules.alert.resend-delay=1s",
            ], environment: ["PATH": "/usr/bin:/bin"])
        try await LoopbackPort.wait(for: port, of: daemon)
        return Prometheus(daemon: daemon, url: "http://127.0.0.1:\(port)", targets: folder + "/targets.json")
    }

    /// From now on it scrapes this address, given as host and port.
    public func scrape(_ address: String) throws { try TextFile.write(targets, "[{\"targets\": [\"\(address)\"]}]") }
}

extension LoopbackPort {
    /// Waits until a daemon listens.
    static func wait(for port: Int, of daemon: Daemon) async throws {
        for _ in 0..<600 {
            if let status = daemon.exitStatus() {
                throw RealRuntimeError("\(daemon.name) ended with status \(status): \(daemon.output())")
            }
            if isTaken(port) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw RealRuntimeError("\(daemon.name) doesn't listen: \(daemon.output())")
    }
}
