import FoundationEssentials

/// All that is kept of the coordinator's certificates: the content of its Secret.
struct CertificateState: Sendable, Hashable {
    /// An authority that signs nothing any more. Its key is gone.
    struct Former: Sendable, Hashable {
        var certificate: String
        /// When the last certificate that it signed expires.
        var until: Date
    }

    /// Signs what is served.
    var authority: IssuedCertificate?
    /// Will sign it once all agents know it.
    var next: IssuedCertificate?
    /// Since when every agent could have heard of ``next``; nil when it isn't published yet.
    var nextPublished: Date?
    var former: [Former] = []
    /// What the listener shows; signed by ``authority``.
    var serving: IssuedCertificate?

    /// What agents are given to trust, in PEM: the present authority, the coming one, and those whose certificates
    /// may still be around.
    var bundle: String {
        ([authority?.certificate, next?.certificate].compactMap { $0 } + former.map(\.certificate))
            .map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }.joined()
    }

    /// Does what the policy said, up to everything that needs the cluster.
    ///
    /// - Throws: when no certificate could be made; nothing has changed then.
    mutating func carryOut(
        _ action: CertificatePolicy.Action, _ policy: CertificatePolicy, maker: some CertificateMaking,
        names: Set<String>, now: Date
    ) throws {
        var state = self
        switch action {
        case .makeAuthority:
            // Whatever was signed before can't be trusted by anybody any more.
            state = CertificateState()
            state.authority = try maker.authority(policy.authorityValidity(now))
        case .prepareNext:
            state.next = try maker.authority(policy.authorityValidity(now))
            state.nextPublished = nil
        case .promote:
            if let authority, let serving {
                let until = min(authority.notAfter, serving.notAfter)
                if until > now { state.former.append(Former(certificate: authority.certificate, until: until)) }
            }
            state.authority = next
            state.next = nil
            state.nextPublished = nil
            state.serving = nil
        case .issue: break
        case .retire: state.former.removeAll { $0.until <= now }
        case .publish, .wait: return
        }
        // In the same step, so that nothing is ever kept that can't be served.
        let needsServing: Bool
        switch action {
        case .makeAuthority, .promote, .issue: needsServing = true
        default: needsServing = false
        }
        if needsServing, let authority = state.authority {
            state.serving = try maker.serving(names, by: authority, policy.servingValidity(now, by: authority))
        }
        self = state
    }
}

/// Makes keys and certificates.
package protocol CertificateMaking: Sendable {
    func authority(_ validity: Range<Date>) throws -> IssuedCertificate
    func serving(
        _ names: Set<String>, by authority: IssuedCertificate, _ validity: Range<Date>
    ) throws -> IssuedCertificate
}
