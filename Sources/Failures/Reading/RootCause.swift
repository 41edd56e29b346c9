/// What a chain says: the innermost cause decides, the stage says who did it.
struct RootCause {
    private(set) var reason: FailureReason
    private(set) var stage: FailureStage?
    /// Possible addressees, where the cause knows better than its reason.
    private(set) var blames: [Blame]?
    /// Somebody refused access.
    private(set) var isRefused = false

    /// What was found of a cause, where.
    private struct Finding {
        var segment: Int
        var reason: FailureReason
        var kind = CauseTable.Kind.plain
        var isClass = false
        var blames: [Blame]?
    }

    init(_ chain: ErrorChain, grpcCode: Int) {
        stage = Self.stage(of: chain)
        var findings: [Finding] = []
        /// The line whose chain has ended: a server's words follow.
        var ended = -1
        for (index, segment) in chain.segments.enumerated() where segment.line != ended {
            // CRI-O tries what is no image as an artifact: the first error counts.
            if index > 0, segment.words.starts(with: ["artifact", "err"]) {
                ended = segment.line
                continue
            }
            for match in Phrases.matches(Phrases.causes, in: index, of: chain) {
                guard case .cause(let cause) = match.phrase.meaning else { continue }
                let namesFile = index > 0 && chain.segments[index - 1].words.contains(ErrorChain.name)
                findings.append(
                    Finding(
                        segment: index, reason: stage.flatMap { cause.stages[$0] } ?? cause.reason, kind: cause.kind,
                        isClass: cause.isClass || cause.needsFile && !namesFile, blames: cause.blames))
                if cause.endsChain { ended = segment.line }
            }
            if let status = Self.status(in: index, of: chain) {
                let known = Finding(
                    segment: index, reason: StatusTable.reason(status, at: stage),
                    blames: status == 403 && chain.holdsPage ? Self.blamesOfPage : nil)
                // The number says more than the words that go with it.
                findings.removeAll { $0.segment == index && ($0.isClass || $0.reason != .rateLimited) }
                findings.append(known)
            } else if let reason = Self.bareStatus(in: index, of: chain) {
                findings.removeAll { $0.segment == index }
                findings.append(
                    Finding(segment: index, reason: reason, blames: reason == .network ? [.node, .registry] : nil))
            }
        }
        let known = findings.filter { !$0.isClass }
        let admitted = Self.admitted(known, chain)
        guard let found = admitted ?? known.last ?? findings.last else {
            reason = Self.reason(chain.grpcCode) ?? Self.reason(grpcCode: grpcCode)
            if Self.isOfSocket(chain) {
                reason = .network
            } else if let usual = stage?.usualReason {
                reason = usual
            } else if reason == .unknown, chain.holdsPage {
                reason = .registryUnavailable
            } else if reason == .unknown, Self.isOfProxy(chain) {
                reason = .network
                blames = [.node, .registry]
            }
            return
        }
        if admitted != nil { stage = Self.stage(of: chain, through: found.segment) }
        reason = found.reason
        blames = found.blames
        adjust(found, findings.map(\.kind), chain)
        if reason == .unknown { reason = Self.reason(grpcCode: grpcCode) }
        isRefused = isRefused || reason == .unauthorized
    }

    /// Who is refused by a page is so for the address, not for the credentials.
    private static let blamesOfPage: [Blame] = [.registry, .node, .credentials]

    // MARK: What the surroundings say

    private mutating func adjust(_ found: Finding, _ kinds: [CauseTable.Kind], _ chain: ErrorChain) {
        switch found.kind {
        case .plain, .socket: break
        case .connection, .system:
            if kinds.contains(.socket) {
                reason = .runtimeUnavailable
            } else if found.kind == .system {
                system(found, chain)
            } else if reason == .registryUnavailable, Refusal.isElsewhere(found.segment, chain, at: stage) {
                reason = .network
            }
        case .repository:
            if ImageHost.isCached(chain) {
                reason = .registryUnavailable
                blames = [.registry, .reference]
            }
        case .refusal:
            // Docker Hub says the same of what is private and of what doesn't exist.
            let isHidden = chain.segments.contains {
                Self.contains($0.words, ["repository", "does", "not", "exist", "or"])
            }
            if chain.holdsPage {
                blames = Self.blamesOfPage
            } else if isHidden, ImageHost.registry(of: chain) == ImageHost.dockerHub {
                reason = .notFound
                isRefused = true
                blames = [.reference, .credentials]
            }
        }
        if chain.segments.contains(where: { $0.words.contains("proxyconnect") }), reason == .network {
            blames = [.node, .registry]
        }
    }

    /// An error of the kernel: of a socket, or of a file.
    private mutating func system(_ found: Finding, _ chain: ErrorChain) {
        let before = chain.segments[..<(found.segment + 1)].suffix(3)
        if before.contains(where: { Self.isOfSocket($0.words) }) {
            reason = .network
        } else if stage == .authorise {
            // A credential helper's, or of a file with credentials.
            reason = .unauthorized
            blames = [.node, .credentials]
        } else if before.contains(where: \.namesConfiguration) {
            reason = .runtimeUnavailable
        } else if let operation = before.dropLast().last?.words.first, operation == "write",
            chain.segments[found.segment].words.starts(with: ["input/output", "error"])
        {
            // A thin volume or a virtual disk that is full fails so: the file system above it has room.
            reason = .diskFull
        }
    }

    /// Go's name for an operation of a socket or a resolver.
    private static func isOfSocket(_ words: [String]) -> Bool {
        if ["dial", "lookup"].contains(words.first) { return words.dropFirst().first != "unix" }
        return words.count >= 2 && ["read", "write"].contains(words[0]) && ["tcp", "udp"].contains(words[1])
    }

    /// An operation of a socket failed, in words that aren't known.
    private static func isOfSocket(_ chain: ErrorChain) -> Bool {
        chain.segments.contains { isOfSocket($0.words) }
    }

    /// A kubelet tries one credential after another, at last none, and lists all errors: who was let in saw more than who
    /// was refused in the end.
    private static func admitted(_ findings: [Finding], _ chain: ErrorChain) -> Finding? {
        guard let last = findings.last, last.reason == .unauthorized else { return nil }
        return findings.last { one in
            guard one.reason.isOfContent else { return false }
            return chain.segments[one.segment...last.segment].contains {
                $0.isOfCall && $0.line == chain.segments[one.segment].line
                    && $0.line == chain.segments[last.segment].line
            }
        }
    }

    // MARK: Stages

    /// - Parameter last: the segment up to which is read; nil: all.
    private static func stage(of chain: ErrorChain, through last: Int? = nil) -> FailureStage? {
        var found: FailureStage?
        for index in chain.segments.indices where index <= last ?? index {
            if index > 0, chain.segments[index].words.starts(with: ["artifact", "err"]) { break }
            for match in Phrases.matches(Phrases.stages, in: index, of: chain) {
                if case .stage(let stage) = match.phrase.meaning { found = stage }
            }
        }
        let path = last == nil ? chain.addresses.last?.path ?? "" : ""
        switch found {
        case .fetchBlob?: return path.contains("/manifests/") ? .fetchManifest : found
        case nil where path.contains("/blobs/"): return .fetchBlob
        case nil where path.contains("/manifests/") || path == "/v2/": return .resolve
        case nil where path.contains("token"): return .authorise
        default: return found
        }
    }

    // MARK: Statuses

    /// The HTTP status that a segment tells, alone or with the words before it.
    private static func status(in index: Int, of chain: ErrorChain) -> Int? {
        let words = chain.segments[index].words
        var found: Int?
        for (position, word) in words.enumerated() {
            guard let code = Int(word), (400...599).contains(code), word.utf8.count == 3 else { continue }
            let name = StatusTable.phrases[code]?.split(separator: " ").map(String.init) ?? []
            let follows = words.dropFirst(position + 1)
            let isNamed = !name.isEmpty && follows.starts(with: name)
            let before = words[..<position].suffix(8)
            let former = position == 0 && index > 0 ? chain.segments[index - 1].words : []
            let isAnnounced = (before + former).contains { ["status", "statuscode", "code", "http"].contains($0) }
            if isNamed || isAnnounced { found = code }
        }
        return found
    }

    /// A status's words alone, as the error of a request.
    private static func bareStatus(in index: Int, of chain: ErrorChain) -> FailureReason? {
        guard index > 0, isRequest(chain.segments[index - 1].words) else { return nil }
        return StatusTable.reasonOfWords(chain.segments[index].words.joined(separator: " "))
    }

    /// A request's error in words that neither Go nor a registry has: a proxy refused to connect in its own.
    private static func isOfProxy(_ chain: ErrorChain) -> Bool {
        chain.segments.indices.dropFirst().contains { isRequest(chain.segments[$0 - 1].words) }
    }

    private static func isRequest(_ words: [String]) -> Bool {
        words.last == ErrorChain.name && ["get", "head", "post"].contains(words.suffix(2).first)
    }

    // MARK: gRPC

    /// What the name of a status code alone can tell.
    private static func reason(_ name: String?) -> FailureReason? {
        let codes = [
            "canceled": 1, "cancelled": 1, "invalidargument": 3, "deadlineexceeded": 4, "notfound": 5,
            "permissiondenied": 7, "resourceexhausted": 8, "unimplemented": 12, "unavailable": 14,
            "unauthenticated": 16,
        ]
        return name.flatMap { codes[$0] ?? Int($0) }.map(reason(grpcCode:)).flatMap { $0 == .unknown ? nil : $0 }
    }

    /// What a status code alone can tell: https://grpc.io/docs/guides/status-codes/. Who cancels without our order has
    /// lost patience.
    private static func reason(grpcCode: Int) -> FailureReason {
        switch grpcCode {
        case 1, 4: .timeout
        case 3: .invalidReference
        case 5: .notFound
        case 7, 16: .unauthorized
        case 8: .rateLimited
        case 12, 14: .runtimeUnavailable
        default: .unknown
        }
    }

    static func contains(_ words: [String], _ phrase: [String]) -> Bool {
        words.indices.contains { words[$0...].starts(with: phrase) }
    }
}

extension FailureReason {
    /// Of what was read of an image.
    fileprivate var isOfContent: Bool {
        switch self {
        case .noMatchingPlatform, .unsupportedImage, .policyRejected, .corruptContent, .diskFull, .nodeStorage: true
        default: false
        }
    }
}
