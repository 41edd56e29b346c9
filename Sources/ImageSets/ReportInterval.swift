/// How often agents look and speak when `REPORT_INTERVAL_SECONDS` isn't set.
///
/// News goes at once, whatever the interval. Reports that say that nothing changed are the bulk of the coordinator's work in
/// a large cluster, so that they are rarer there.
public enum ReportInterval {
    /// Between two questions to the runtime, in seconds.
    public static let pollSeconds = 10

    /// Up to so many nodes an agent says every 10 s that nothing changed.
    static let smallFleet = 1_000
    /// From so many nodes on it does every 30 s.
    static let largeFleet = 20_000
    static let heartbeatSeconds = 10...30

    /// Between two reports that say nothing, in seconds.
    public static func heartbeatSeconds(nodes: Int) -> Int {
        let (shortest, longest) = (heartbeatSeconds.lowerBound, heartbeatSeconds.upperBound)
        let further = min(max(nodes, smallFleet), largeFleet) - smallFleet
        return shortest + further * (longest - shortest) / (largeFleet - smallFleet)
    }

    /// Whether a fleet of so many nodes has outgrown an interval, or it the fleet. A twentieth more or less is no reason to tell
    /// every agent.
    public static func fits(_ seconds: Int, nodes: Int) -> Bool {
        let nodes = min(max(nodes, 0), largeFleet * 2)
        let margin = nodes / 20
        return (heartbeatSeconds(nodes: nodes - margin)...heartbeatSeconds(nodes: nodes + margin)).contains(seconds)
    }
}

extension Configuration {
    /// Between an agent's questions to its runtime, in seconds.
    public var pollSeconds: Int { reportIntervalSeconds ?? ReportInterval.pollSeconds }

    /// Between an agent's reports that say that nothing changed, in seconds, in a fleet of so many nodes.
    public func heartbeatSeconds(nodes: Int) -> Int {
        reportIntervalSeconds ?? ReportInterval.heartbeatSeconds(nodes: nodes)
    }
}
