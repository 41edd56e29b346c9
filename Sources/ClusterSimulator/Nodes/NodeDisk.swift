import ClusterModel
import Glibc
import Synchronization

/// A node's disk as its programs see it: all nodes of a simulation lie on one machine, whose own disk is none of theirs.
/// So an agent is given a file that says the size of its node's, in the place of a path to ask.
final class NodeDisk: Sendable {
    /// Where the agent reads what to measure.
    static let variable = "IMAGE_PULLER_IMAGE_ROOT"

    let path: String
    private let shown = Mutex("")

    init(path: String) { self.path = path }

    /// What pulls under way have set aside is free until they are done.
    func show(_ runtime: RuntimeModel) {
        let free = max(0, runtime.diskCapacity - runtime.usedByOthers - runtime.usedByImages)
        let text = "\(max(0, runtime.diskCapacity)) \(free)\n"
        shown.withLock { shown in
            guard text != shown, replace(with: text) else { return }
            shown = text
        }
    }

    /// In one step: nobody reads half of it.
    private func replace(with text: String) -> Bool {
        let new = path + ".new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { return false }
        let bytes = Array(text.utf8)
        let isWritten = write(file, bytes, bytes.count) == bytes.count
        close(file)
        return isWritten && rename(new, path) == 0
    }
}
