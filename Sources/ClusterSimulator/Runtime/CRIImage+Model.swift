import ClusterModel
import FoundationEssentials
import Shared
import SwiftProtobuf

extension CRIImage {
    init(_ image: RuntimeModel.Image) {
        self.init()
        id = image.id
        repoTags = image.tags
        repoDigests = image.digests
        size = UInt64(max(0, image.size))
        pinned = image.isPinned
    }
}

extension RuntimeModel.Image {
    /// What a verbose ImageStatus tells beside: JSON, of which the platform is the part that all runtimes have alike.
    var verboseInfo: String {
        let parts = platform.split(separator: "/")
        let (os, architecture) = (parts.first ?? "", parts.last ?? "")
        // An artifact's configuration is `{}`.
        guard kind != .artifact else { return #"{"imageSpec":{"architecture":"","os":"","config":{},"rootfs":{}}}"# }
        return #"{"imageSpec":{"created":"2026-01-01T00:00:00Z","architecture":"\#(architecture)","os":"\#(os)","#
            + #""config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"]},"rootfs":{"type":"layers","diff_ids":[]}}}"#
    }
}

extension CRIImageFsInfoResponse {
    /// containerd tells the snapshotter's folder; CRI-O, twice, one that has no layers in it.
    init(_ runtime: RuntimeModel, at now: Date) {
        self.init()
        let isContainerd = runtime.flavour.isContainerd
        let used = isContainerd ? runtime.usedByImages : Int64(runtime.images.count) * Self.metadataBytes
        let usage = CRIFilesystemUsage.with {
            $0.timestamp = Int64(now.timeIntervalSince1970 * 1e9)
            $0.fsID.mountpoint =
                isContainerd
                ? "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs"
                : "/var/lib/containers/storage/overlay-images"
            $0.usedBytes.value = UInt64(max(0, used))
            $0.inodesUsed.value = UInt64(max(0, used) / (isContainerd ? 500_000 : 1_500))
        }
        imageFilesystems = [usage]
        if !isContainerd { containerFilesystems = [usage] }
    }

    /// What CRI-O keeps of an image beside its layers, about: 52,892 bytes were measured with seven images.
    private static let metadataBytes: Int64 = 7_500
}
