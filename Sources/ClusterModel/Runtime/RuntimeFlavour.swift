/// Which container runtime a node has: the same CRI calls get other answers from each.
///
/// What differs was captured from containerd 1.6.20 (Debian), containerd 2.3.4 and CRI-O 1.36.3.
public enum RuntimeFlavour: String, Hashable, Sendable, CaseIterable, Codable {
    case containerd16 = "containerd-1.6"
    case containerd23 = "containerd-2.3"
    case crio136 = "cri-o-1.36"

    public var isContainerd: Bool { self != .crio136 }
}
