/// What a runtime's or a kubelet's message of a failed pull means.
///
/// Pure and total: any text gives an answer, in time that grows with its length and is bounded.
public struct FailureExplanation: Sendable, Hashable {
    public var reason: FailureReason
    /// What was being done; nil when the message doesn't tell.
    public var stage: FailureStage?
    /// Who can be to blame, the likely one first; empty when nobody is. Other nodes' experience decides between them.
    public var blames: [Blame]
    /// The host, with its port, that the node asked in the place of the reference's registry, where the message names it.
    public var mirrorHost: String?
    /// Seconds that the registry asks to be left alone, where the message carries them.
    public var retryAfter: Double?

    /// Whether somebody refused access: other credentials could help, also where the reason is ``FailureReason/notFound``.
    public var isRefused: Bool

    /// Reads a message.
    ///
    /// - Parameters:
    ///   - message: as the runtime, the kubelet or a tool wrote it; also what `kubectl describe` makes of it.
    ///   - grpcCode: of the CRI call (https://grpc.io/docs/guides/status-codes/), 0 when there was none.
    public init(message: String, grpcCode: Int = 0) {
        let chain = ErrorChain(message)
        let cause = RootCause(chain, grpcCode: grpcCode)
        reason = cause.reason
        isRefused = cause.isRefused
        stage = cause.stage
        mirrorHost = ImageHost.mirror(in: chain)
        retryAfter = RetryAfter.seconds(in: message)
        blames = cause.blames ?? cause.reason.blames
        // Who asks a mirror of its own is alone with what that one says.
        if mirrorHost != nil, let node = blames.firstIndex(of: .node) {
            blames.remove(at: node)
            blames.insert(.node, at: 0)
        }
    }

    /// Whether somebody has to change something before another attempt can succeed.
    public var isPermanent: Bool { reason.isPermanent }
    /// Whether the pull broke off while content came.
    public var breaksOff: Bool {
        [.network, .timeout, .registryUnavailable].contains(reason) && stage == .fetchBlob
    }

    /// What to do, by whom it lies with, in the order of ``blames``. `REGISTRY` and `REFERENCE` stand for those of the image.
    public var nextSteps: [(blame: Blame, step: String)] {
        blames.map { ($0, NextSteps.step(reason, $0)) }
    }

    /// What to do first.
    public var nextStep: String { NextSteps.step(reason, blames.first) }
}

extension FailureReason {
    /// Who can be to blame for it at all, the likely one first.
    public var blames: [Blame] { NextSteps.rows.filter { $0.reason == self }.compactMap(\.blame) }
}
