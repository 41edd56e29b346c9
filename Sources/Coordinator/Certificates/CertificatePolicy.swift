import FoundationEssentials

/// When which certificate is made, published, used and dropped: a value, without any clock or key.
///
/// An agent trusts the bundle that the kubelet delivered to it last, so a new authority signs nothing before every
/// agent has had the time to hear of it, and an old one stays in the bundle until all that it signed has expired.
package struct CertificatePolicy: Sendable, Hashable {
    /// In seconds, as all durations here.
    package var servingLifetime: Double = 30 * 86_400
    package var authorityLifetime: Double = 365 * 86_400
    /// The share of a lifetime after which there's a successor.
    var renewal = 2.0 / 3
    /// Certificates begin so long before they are made, for nodes whose clocks are behind.
    var backdating: Double = 86_400
    /// How long a ConfigMap takes to every agent: kubelets look about every minute, and cache for as long.
    package var delivery: Double = 600

    package init(
        servingLifetime: Double = 30 * 86_400, authorityLifetime: Double = 365 * 86_400, renewal: Double = 2.0 / 3,
        backdating: Double = 86_400, delivery: Double = 600
    ) {
        self.servingLifetime = servingLifetime
        self.authorityLifetime = authorityLifetime
        self.renewal = renewal
        self.backdating = backdating
        self.delivery = delivery
    }

    enum Action: Sendable, Hashable {
        /// There's no authority that could be used: begin anew.
        case makeAuthority
        /// Make the authority that comes next.
        case prepareNext
        /// Put the next authority into the bundle, and note the time.
        case publish
        /// The next authority takes over, and the certificate is made anew.
        case promote
        /// Make the certificate anew, by the present authority.
        case issue
        /// Drop former authorities whose certificates have expired.
        case retire
        /// Nothing to do before.
        case wait(until: Date)
    }

    func authorityValidity(_ now: Date) -> Range<Date> { now - backdating..<now + authorityLifetime }

    /// No certificate outlives its authority.
    func servingValidity(_ now: Date, by authority: IssuedCertificate) -> Range<Date> {
        now - backdating..<max(now, min(now + servingLifetime, authority.notAfter))
    }

    /// What to do first. To be asked again after it was done.
    func next(_ state: CertificateState, names: Set<String>, now: Date) -> Action {
        guard let authority = state.authority, authority.isValid(at: now) else {
            // After a long sleep the one that was to follow may be all there is.
            if let next = state.next, next.isValid(at: now) { return .promote }
            return .makeAuthority
        }
        if let next = state.next, next.isValid(at: now) {
            // A time to come is one of a clock that was set back since: nobody knows how long ago it was.
            guard let published = state.nextPublished, published <= now else { return .publish }
            if published + delivery <= now { return .promote }
        } else if renewalDate(authority) <= now || state.next != nil {
            return .prepareNext
        }
        guard let serving = state.serving, serving.isValid(at: now), serving.names == names else { return .issue }
        if isDue(serving, authority, now) { return .issue }
        if state.former.contains(where: { $0.until <= now }) { return .retire }
        return .wait(until: max(now, deadline(state, authority, serving)))
    }

    private func renewalDate(_ certificate: IssuedCertificate) -> Date {
        let made = certificate.notBefore + backdating
        return made + max(0, certificate.notAfter.timeIntervalSince(made)) * renewal
    }

    /// Near the end of an authority that has no successor, a new certificate would end with it all the same.
    private func isDue(_ serving: IssuedCertificate, _ authority: IssuedCertificate, _ now: Date) -> Bool {
        renewalDate(serving) <= now && servingValidity(now, by: authority).upperBound > serving.notAfter + 1
    }

    private func deadline(
        _ state: CertificateState, _ authority: IssuedCertificate, _ serving: IssuedCertificate
    ) -> Date {
        var moments = [authority.notAfter, serving.notAfter]
        if state.next == nil { moments.append(renewalDate(authority)) }
        if let published = state.nextPublished { moments.append(published + delivery) }
        let renewal = renewalDate(serving)
        if servingValidity(renewal, by: authority).upperBound > serving.notAfter + 1 { moments.append(renewal) }
        moments += state.former.map(\.until)
        return moments.min() ?? serving.notAfter
    }
}
