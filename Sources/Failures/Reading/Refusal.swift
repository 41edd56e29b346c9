/// Who refused a connection.
enum Refusal {
    /// Whether it wasn't the registry that the reference names, nor its token server: then the way to it is cut, by a proxy
    /// that is down, a resolver that is down, or a firewall.
    static func isElsewhere(_ segment: Int, _ chain: ErrorChain, at stage: FailureStage?) -> Bool {
        let words = chain.segments[...segment].map(\.words)
        guard words.suffix(1).first?.contains("refused") == true else { return false }
        if words.contains(where: { $0.first == "proxyconnect" || $0.first == "lookup" }) { return true }
        if words.contains(where: { RootCause.contains($0, ["dial", "tcp"]) && $0.contains("lookup") }) { return true }
        guard stage == .authorise, let host = chain.addresses.last?.host, let registry = ImageHost.registry(of: chain)
        else { return false }
        return !ImageHost.isSameSite(host, registry)
    }
}
