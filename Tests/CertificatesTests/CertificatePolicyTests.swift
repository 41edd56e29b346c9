import FoundationEssentials
import Synchronization
import Testing

@testable import Certificates
@testable import TestBasics

/// Certificates that are only names: `ca-1`, and `leaf-2 by ca-1`.
final class NamedCertificates: CertificateMaking {
    private let number = Mutex(0)

    private func next() -> Int {
        number.withLock {
            $0 += 1
            return $0
        }
    }

    func authority(_ validity: Range<Date>) -> IssuedCertificate {
        IssuedCertificate(
            certificate: "ca-\(next())", key: "", notBefore: validity.lowerBound, notAfter: validity.upperBound)
    }

    func serving(
        _ names: Set<String>, by authority: IssuedCertificate, _ validity: Range<Date>
    ) -> IssuedCertificate {
        IssuedCertificate(
            certificate: "leaf-\(next()) by \(authority.certificate)", key: "", notBefore: validity.lowerBound,
            notAfter: validity.upperBound, names: names)
    }
}

/// A coordinator, its Secret and its ConfigMap, over years of virtual time.
private struct Years {
    let policy: CertificatePolicy
    var random: Seeded
    var now = Date(timeIntervalSince1970: 1_800_000_000)
    /// The Secret.
    var kept = CertificateState()
    var served: IssuedCertificate? {
        didSet {
            guard served?.certificate != oldValue?.certificate else { return }
            issuer = served?.certificate.split(separator: " ").last.map(String.init) ?? ""
        }
    }
    /// Who signed what is served, by the names that ``NamedCertificates`` gives.
    var issuer = ""
    /// What agents could read, and since when.
    var published: [(since: Date, bundle: String, authorities: Set<String>)] = []
    var actions: [CertificatePolicy.Action] = []
    var names: Set<String> = ["a"]
    private let maker = NamedCertificates()

    init(seed: UInt64, policy: CertificatePolicy) {
        self.policy = policy
        random = Seeded(state: seed)
    }

    mutating func publish() {
        let bundle = kept.bundle
        guard published.last?.bundle != bundle else { return }
        published.append((now, bundle, Set(bundle.split(separator: "\n").map(String.init))))
    }

    /// The coordinator looks after its certificates; anything that needs the cluster may fail.
    mutating func look(failing: Bool) throws {
        // What was read at the start is served at once, if it can be.
        if served == nil, let serving = kept.serving, serving.isValid(at: now) { served = serving }
        for _ in 0..<8 {
            let action = policy.next(kept, names: names, now: now)
            if case .wait = action { break }
            if failing, Int.random(in: 0..<2, using: &random) == 0 { return }
            actions.append(action)
            if action == .publish {
                publish()
                kept.nextPublished = now
            } else {
                try kept.carryOut(action, policy, maker: maker, names: names, now: now)
                // Nobody can trust anything that was before.
                if action == .makeAuthority { published = [] }
            }
            served = kept.serving
        }
        publish()
    }

    /// Called millions of times: only what is wrong is worth the words.
    func check(_ seed: UInt64) {
        guard let served else { return }
        if !served.isValid(at: now) { Issue.record("seed \(seed): \(served) is served at \(now)") }
        let begin = now - policy.delivery
        // Bundles that some agent may have now: the last one, and those that were replaced not long ago.
        for index in published.indices.reversed() {
            if index + 1 < published.count, published[index + 1].since < begin { break }
            guard !published[index].authorities.contains(issuer) else { continue }
            Issue.record(
                "seed \(seed): \(served.certificate) is served, an agent may trust only \(published[index].bundle)")
        }
    }
}

@Suite("When certificates change") struct CertificatePolicyTests {
    private static let day = 86_400.0

    /// Restarts, failures, and outages of up to five days.
    @Test("Whatever happens, agents trust what is served, and it hasn't expired", arguments: UInt64(1)...200)
    func histories(seed: UInt64) throws {
        var years = Years(seed: seed, policy: CertificatePolicy())
        try years.look(failing: false)
        var outage = 0.0
        let end = years.now + 4 * 365 * Self.day
        while years.now < end {
            let steps: [Double] = [30, 60, 300, 601, 3600, Self.day]
            let step =
                (steps.randomElement(using: &years.random) ?? 60) * Double.random(in: 0.5...1.5, using: &years.random)
            years.now += step
            years.check(seed)
            switch Int.random(in: 0..<40, using: &years.random) {
            case 0 where outage <= 0: outage = Double.random(in: 0...5, using: &years.random) * Self.day
            case 1: years.served = years.kept.serving  // a restart
            case 2: years.names.formSymmetricDifference(["b"])
            default: break
            }
            outage -= step
            if outage <= 0 { try years.look(failing: Int.random(in: 0..<4, using: &years.random) == 0) }
            years.check(seed)
        }
        #expect(years.actions.filter { $0 == .makeAuthority }.count == 1, "seed \(seed): nobody was ever cut off")
        let promotions = years.actions.filter { $0 == .promote }.count
        #expect((4...7).contains(promotions), "seed \(seed): \(promotions) rotations of the authority")
    }

    /// A coordinator that was away for months begins anew when it must, and serves nothing that has expired.
    @Test("After a long absence everything is renewed", arguments: UInt64(1)...50)
    func absences(seed: UInt64) throws {
        var years = Years(seed: seed, policy: CertificatePolicy())
        for _ in 0..<30 {
            years.served = nil
            years.now += Double.random(in: 0...500, using: &years.random) * Self.day
            try years.look(failing: false)
            years.check(seed)
            let served = try #require(years.served)
            #expect(served.notAfter.timeIntervalSince(years.now) > 1)
        }
    }

    @Test("The order of a rotation")
    func rotation() throws {
        let policy = CertificatePolicy()
        var years = Years(seed: 1, policy: policy)
        try years.look(failing: false)
        #expect(years.actions == [.makeAuthority])
        let first = try #require(years.kept.authority)
        years.now = first.notAfter - policy.authorityLifetime / 3 + 1
        try years.look(failing: false)
        #expect(years.actions.suffix(3).contains(.prepareNext) && years.actions.contains(.publish))
        #expect(years.kept.authority == first, "nothing is signed by the next one yet")
        let next = try #require(years.kept.next)
        #expect(years.kept.bundle == "\(first.certificate)\n\(next.certificate)\n")
        years.now += policy.delivery
        try years.look(failing: false)
        #expect(years.kept.authority == next && years.kept.next == nil)
        #expect(years.kept.serving?.certificate.hasSuffix(next.certificate) == true)
        #expect(years.kept.former.map(\.certificate) == [first.certificate], "still trusted")
        years.now = try #require(years.kept.former.first).until
        try years.look(failing: false)
        #expect(years.kept.former.isEmpty)
    }

    @Test("Certificates begin a day before they are made, and none outlives its authority")
    func validity() throws {
        let policy = CertificatePolicy()
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let authority = NamedCertificates().authority(policy.authorityValidity(now))
        #expect(authority.notBefore == now - Self.day)
        let late = authority.notAfter - 3600
        #expect(policy.servingValidity(late, by: authority) == late - Self.day..<authority.notAfter)
        #expect(policy.servingValidity(now, by: authority).upperBound == now + 30 * Self.day)
    }

    @Test("A clock that was set back makes the next authority wait again")
    func setBack() throws {
        let policy = CertificatePolicy()
        var state = CertificateState()
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let maker = NamedCertificates()
        try state.carryOut(.makeAuthority, policy, maker: maker, names: [], now: now)
        try state.carryOut(.prepareNext, policy, maker: maker, names: [], now: now)
        state.nextPublished = now + 3600
        #expect(policy.next(state, names: [], now: now) == .publish)
    }
}
