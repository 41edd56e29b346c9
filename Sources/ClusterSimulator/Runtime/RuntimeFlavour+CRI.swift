import ClusterModel
import Shared
import SwiftProtobuf

/// What each runtime says of itself, as it was captured.
extension RuntimeFlavour {
    var version: CRIVersionResponse {
        CRIVersionResponse.with {
            $0.version = "0.1.0"
            $0.runtimeName = runtimeName
            $0.runtimeVersion =
                switch self {
                case .containerd16: "1.6.20~ds1"
                case .containerd23: "v2.3.4"
                case .crio136: "1.36.3"
                }
            $0.runtimeApiVersion = "v1"
        }
    }

    var runtimeName: String { isContainerd ? "containerd" : "cri-o" }

    /// As a node's `status.nodeInfo` has it. The kubelet leaves the distribution's part of the version out.
    var nodeInfo: String {
        switch self {
        case .containerd16: "containerd://1.6.20"
        case .containerd23: "containerd://2.3.4"
        case .crio136: "cri-o://1.36.3"
        }
    }

    /// Where it listens, when a node's scenario doesn't say otherwise.
    var socket: String { isContainerd ? "/run/containerd/containerd.sock" : "/run/crio/crio.sock" }

    var status: CRIStatusResponse {
        CRIStatusResponse.with {
            $0.status.conditions = ["RuntimeReady", "NetworkReady"].map { type in
                CRIRuntimeCondition.with {
                    $0.type = type
                    $0.status = true
                }
            }
            if self == .containerd23 { $0.status.conditions.append(Self.deprecations) }
        }
    }

    /// containerd 2 has a condition that isn't met on any node with control groups of version 1.
    private static let deprecations = CRIRuntimeCondition.with {
        $0.type = "ContainerdHasNoDeprecationWarnings"
        $0.reason = "ContainerdHasDeprecationWarnings"
        $0.message =
            "{\"io.containerd.deprecation/cgroup-v1\":\"The support for cgroup v1 is deprecated since containerd v2.2 and "
            + "will be removed by no later than May 2029. Upgrade the host to use cgroup v2.\"}"
    }

    /// containerd 1.6 doesn't know the call.
    static let configuration = CRIRuntimeConfigResponse.with { $0.linux.cgroupDriver = .cgroupfs }
}
