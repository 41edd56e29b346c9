import Shared

/// A registry: what it has, how quickly it answers, and what is wrong with it.
public struct RegistryModel: Sendable {
    /// How it meets a request.
    public enum Availability: Hashable, Sendable {
        case available
        /// Nobody listens on its port.
        case refusing
        /// Packets vanish: the client gives up after ``RegistryModel/connectTimeout``.
        case silent
        /// Its certificate is of an authority that no node trusts.
        case untrusted
        /// It answers every request with this status: 500, 502, 503.
        case erring(status: Int)
        /// Its token server answers with this status, so that nobody gets as far as to ask for an image.
        case withoutTokens(status: Int)
    }

    /// What has happened at the registry so far.
    public struct Counters: Hashable, Sendable {
        /// Pulls that reached it, or tried to.
        public var requests = 0
        /// Of these, the ones that it (or its absence) turned down.
        public var failed = 0
        /// Of those, the ones with 429.
        public var refused = 0
        public var completed = 0
        /// Requests for manifests, which one pull makes several of.
        public var manifestRequests = 0
        /// Pulls being served now.
        public var running = 0
        /// The most that were ever served at once.
        public var peakRunning = 0

        public init() {}
    }

    /// As it stands in references: host with optional port.
    public let host: String
    /// From a request to its answer, at a node with latency factor 1.
    public var latency: Seconds
    /// Bytes a second, shared by all pulls.
    public var bandwidth: Double
    public var availability = Availability.available
    /// A pull beyond so many at once is refused with 429.
    public var maximumPulls: Int?
    /// What a refusal asks for.
    public var retryAfter: Seconds?
    /// Who may pull; nil: everybody.
    public var credential: Credential?
    /// Beyond so many pulls at once the registry as a whole gets slower (its disks seek, its memory thrashes):
    /// with twice as many, half of ``bandwidth`` is left.
    public var congestedAbove: Int?
    /// It resets each connection after a number of bytes from this range; nil: none.
    public var resetsAfter: ClosedRange<Int64>?
    /// Whether runtimes ask it without TLS. Loopback registries are, unless this says otherwise.
    public var isPlain: Bool
    public internal(set) var counters = Counters()

    /// By normalised reference, with a tag or a digest.
    private var images: [String: ImageDescriptor] = [:]
    private var failuresLeft: [String: Int] = [:]

    /// containerd's dial timeout.
    public static let connectTimeout: Seconds = 30

    /// - Parameters:
    ///   - latency: from a request to its answer.
    ///   - bandwidth: bytes a second; without limit when left out.
    public init(host: String, latency: Seconds = 0.05, bandwidth: Double = .infinity) {
        self.host = host
        self.latency = latency
        isPlain = Self.isPlain(host)
        // Infinite capacity would make fair shares undefined; this is more than any network carries.
        self.bandwidth = min(bandwidth, 1e15)
    }

    /// Where the host's name leads: what stands in messages about connections.
    public var address: String { Self.address(of: host) }

    static func address(of host: String) -> String {
        let parts = host.split(separator: ":", maxSplits: 1)
        let port = parts.count > 1 ? String(parts[1]) : "443"
        let name = parts.first.map(String.init) ?? host
        if name.allSatisfy({ $0.isNumber || $0 == "." }) { return "\(name):\(port)" }
        return "10.96.\(StableHash.hash(name) % 200 + 1).\(StableHash.hash(host) % 250 + 2):\(port)"
    }

    static func isPlain(_ host: String) -> Bool { host.hasPrefix("127.") || host.hasPrefix("localhost") }

    /// Bytes a second for so many pulls at once.
    func bandwidth(serving pulls: Int) -> Double {
        guard let congestedAbove, pulls > congestedAbove, congestedAbove > 0 else { return bandwidth }
        return bandwidth * Double(congestedAbove) / Double(pulls)
    }
}

// MARK: Contents

extension RegistryModel {
    /// Offers an image under a reference's tag, and under its digest. A tag that was there moves.
    public mutating func publish(_ image: ImageDescriptor, as reference: ImageReference) {
        images[reference.normalised] = image
        images["\(reference.name)@\(image.digest)"] = image
    }

    /// Takes a tag or digest away.
    public mutating func withdraw(_ reference: ImageReference) {
        images[reference.normalised] = nil
    }

    public func image(_ reference: ImageReference) -> ImageDescriptor? { images[reference.normalised] }

    /// The next `count` requests for the reference are answered with 503, from whatever node they come.
    public mutating func fail(_ reference: ImageReference, attempts count: Int) {
        failuresLeft[reference.normalised] = count
    }

    /// All normalised references, sorted.
    public var references: [String] { images.keys.sorted() }
}

// MARK: Requests

extension RegistryModel {
    /// Answers a request for an image's manifest, and counts it. Whoever is admitted holds a place until
    /// ``leave(completed:)``.
    mutating func enter(
        _ reference: ImageReference, credential given: Credential?, platform: String, flavour: RuntimeFlavour
    ) -> Result<ImageDescriptor, PullTrouble> {
        counters.requests += 1
        let answer = answer(reference, credential: given, platform: platform)
        counters.manifestRequests += Self.manifestRequests(answer, hasCredential: given != nil, flavour: flavour)
        switch answer {
        case .success:
            counters.running += 1
            counters.peakRunning = max(counters.peakRunning, counters.running)
        case .failure(let trouble):
            counters.failed += 1
            if trouble.cause == .rateLimited { counters.refused += 1 }
        }
        return answer
    }

    mutating func leave(completed: Bool) {
        counters.running -= 1
        if completed { counters.completed += 1 }
    }

    private mutating func answer(
        _ reference: ImageReference, credential given: Credential?, platform: String
    ) -> Result<ImageDescriptor, PullTrouble> {
        switch availability {
        case .refusing: return .failure(.connectionRefused)
        case .silent: return .failure(.connectionTimedOut)
        case .untrusted: return .failure(.untrusted)
        case .erring(let status): return .failure(PullTrouble(status: status))
        case .withoutTokens(let status): return .failure(.tokenServerError(status: status))
        case .available: break
        }
        if let maximumPulls, counters.running >= maximumPulls {
            return .failure(.rateLimited(retryAfter: retryAfter))
        }
        if let credential, credential != given { return .failure(.unauthorized) }
        if let left = failuresLeft[reference.normalised], left > 0 {
            failuresLeft[reference.normalised] = left - 1
            return .failure(.serverError(status: 503))
        }
        guard let image = images[reference.normalised] else { return .failure(.notFound) }
        guard image.kind != .index || image.platforms.contains(platform) else {
            return .failure(.noMatchingPlatform(digest: image.digest))
        }
        return .success(image)
    }

    /// How often a runtime asks for manifests until it has its answer (measured; containerd heeds no `Retry-After`).
    private static func manifestRequests(
        _ answer: Result<ImageDescriptor, PullTrouble>, hasCredential: Bool, flavour: RuntimeFlavour
    ) -> Int {
        switch (answer, flavour) {
        case (.success(let image), .crio136): image.kind == .index ? 2 : 1
        case (.success(let image), _): image.kind == .index ? 3 : 2
        case (.failure(.connectionRefused), _), (.failure(.connectionTimedOut), _), (.failure(.untrusted), _): 0
        case (.failure(.rateLimited), .crio136): 10
        case (.failure, .crio136): 2
        case (.failure(.rateLimited), .containerd16): 6
        case (.failure(.rateLimited), .containerd23): 5
        case (.failure(.unauthorized), .containerd16): hasCredential ? 6 : 1
        case (.failure(.unauthorized), .containerd23): hasCredential ? 5 : 1
        case (.failure, _): 1
        }
    }
}
