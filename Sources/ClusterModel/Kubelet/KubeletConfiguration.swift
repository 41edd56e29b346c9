/// How a kubelet behaves. The defaults are Kubernetes' own, or measured on 1.36.
public struct KubeletConfiguration: Hashable, Sendable {
    /// One pull at a time for the whole node: the kubelet's default (`serializeImagePulls`).
    public var serializesPulls = true
    /// How long after a failed pull the next one starts: measured attempts were at about
    /// 0, 16, 43, 97, 187, 350 and 650 s. The last gap repeats.
    public var pullBackOff: [Seconds] = [16, 27, 54, 90, 163, 300]
    /// Each gap is off by at most this fraction.
    public var pullBackOffJitter = 0.04
    /// How long after a pass a pod with containers whose image isn't there (`Never`) gets the next one: the kubelet's
    /// `backOffPeriod`, 10 s, and up to a half more. Measured: 0.1 to 15 s after its arrival the image was used.
    public var neverInterval: ClosedRange<Seconds> = 10...15
    /// How often the kubelet lists the runtime's containers (the generic PLEG's `relistPeriod`). A pod's next pass waits
    /// for a listing newer than its last one, and a container's start brings another pass: measured, an update of the
    /// pod had its container running after 0.12 to 0.31 s, and after 0.5 to 2 s when another had just started.
    public var relistPeriod: Seconds = 1
    /// From the decision to a running container.
    public var startDelay: ClosedRange<Seconds> = 0.1...0.3
    /// Between the restarts of a container that ends: none, then 10 s, doubling, up to 5 minutes.
    public var crashBackOff: [Seconds] = [0, 10, 20, 40, 80, 160, 300]
    /// After so long in `ErrImagePull` the reason reads `ImagePullBackOff`.
    public var backOffShownAfter: Seconds = 2
    /// Since 1.35; see ``ImagePullRecords``.
    public var keepsPullRecords = true

    public init() {}

    func pullGap(afterFailures failures: Int) -> Seconds {
        pullBackOff.isEmpty ? 0 : pullBackOff[min(failures, pullBackOff.count) - 1]
    }

    func crashGap(afterRestarts restarts: Int) -> Seconds {
        crashBackOff.isEmpty ? 0 : crashBackOff[min(restarts, crashBackOff.count - 1)]
    }
}
