import Foundation
import GRDB
import Testing

@testable import History
@testable import HistoryFixtures

/// What becomes of history when its file can't be used; the coordinator goes on in each case.
@Suite struct HistoryFailureTests {
    @Test func garbageIsSetAside() async throws {
        let folder = try HistoryFolder()
        let garbage = Data((0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        try garbage.write(to: URL(fileURLWithPath: folder.database))
        let store = folder.store()
        #expect(await store.open().failure == nil)
        #expect(await store.record(transitions: [transition("a", "nginx", .present, at: 1)]))
        let aside = folder.database + ".corrupt-20231114T221320Z"
        #expect(await store.health.setAside == [aside])
        #expect(await store.health.errors == 1)
        #expect(try Data(contentsOf: URL(fileURLWithPath: aside)) == garbage)
        #expect(await store.takeGap())
        #expect(await store.takeGap() == false)
        await store.close()

        // A second one in the same second gets a name of its own.
        try garbage.write(to: URL(fileURLWithPath: folder.database))
        let next = folder.store()
        await next.open()
        #expect(await next.health.setAside == [aside + "-2"])
        await next.close()
        #expect(try Data(contentsOf: URL(fileURLWithPath: aside)) == garbage)
    }

    @Test(arguments: [50, 4096 * 3, 4096 * 10 + 17])
    func truncatedFilesAreSetAside(_ size: UInt64) async throws {
        let folder = try HistoryFolder()
        let first = folder.store()
        let id = await first.open().databaseID
        for round in 0..<50 as Range<Int64> {
            await first.record(transitions: [transition("node-\(round)", "nginx", .present, at: round)])
        }
        await first.close()
        let handle = try #require(FileHandle(forWritingAtPath: folder.database))
        try handle.truncate(atOffset: size)
        try handle.close()

        let store = folder.store()
        #expect(await store.open().failure == nil)
        #expect(await store.health.databaseID != id)
        let aside = try #require(await store.health.setAside.first)
        #expect(try Data(contentsOf: URL(fileURLWithPath: aside)).count == Int(size))
        #expect(try await store.currentCells() == [])
        await store.close()
    }

    @Test func corruptionThatShowsLaterIsSetAside() async throws {
        let folder = try HistoryFolder()
        let first = folder.store()
        for round in 0..<40 as Range<Int64> {
            await first.record(
                transitions: (0..<50).map { transition("node-\($0)", "image-\(round)", .present, at: round) })
        }
        await first.close()
        // All but the first pages, which hold the schema and the names.
        let handle = try #require(FileHandle(forWritingAtPath: folder.database))
        let size = try handle.seekToEnd()
        // Without it the process would end here, and all other tests with it.
        try #require(size > 4096 * 40, "\(size) bytes: the log isn't in the database")
        try handle.seek(toOffset: 4096 * 40)
        try handle.write(contentsOf: Data(repeating: 0xA5, count: Int(size) - 4096 * 40))
        try handle.close()

        let store = folder.store()
        await store.startRun(at: 100)
        _ = try? await store.currentCells()
        _ = try? await store.transitions(TransitionQuery(limit: 5000))
        for round in 0..<40 where await store.health.setAside.isEmpty {
            await store.record(transitions: [transition("node-1", "image-\(round)", .missing, at: 200)])
        }
        #expect(await store.health.setAside.count == 1)
        #expect(await store.heartbeat(at: 300))
        #expect(await store.health.isWriting)
        #expect(await store.takeGap())
        #expect(await store.record(transitions: [transition("node-1", "image-1", .held, at: 300)]))
        #expect(try await store.transitions().items.map(\.from) == [.none])
        #expect(try await store.count("coordinator_runs") == 1)
        let aside = try #require(await store.health.setAside.first)
        #expect(try Data(contentsOf: URL(fileURLWithPath: aside)).count >= Int(size))
        await store.close()
    }

    /// Whoever stops the coordinator and copies the file misses nothing, even when somebody asked until the end.
    @Test func aClosedFileHoldsEverything() async throws {
        for round in 0..<6 {
            let folder = try HistoryFolder()
            let store = folder.store()
            await withTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        // Until it is closed.
                        while (try? await store.currentCells()) != nil {}
                    }
                }
                for step in 0..<20 as Range<Int64> {
                    await store.record(transitions: [transition("node-\(step)", "nginx", .present, at: step)])
                }
                await store.close()
            }
            let log = try? Data(contentsOf: URL(fileURLWithPath: folder.database + "-wal"))
            #expect(log?.count ?? 0 == 0, "round \(round)")
        }
    }

    @Test func aSecondOpenerIsRefused() async throws {
        let folder = try HistoryFolder()
        let first = folder.store()
        await first.open()
        let second = folder.store()
        #expect(await second.open().failure?.kind == .inUse)
        #expect(await second.record(attempts: [attempt("a", 1)]) == false)
        #expect(await first.record(attempts: [attempt("a", 1)]))
        await first.close()
        // The first one is gone: the second takes over by itself.
        #expect(await second.record(attempts: [attempt("a", 2)]))
        #expect(await second.health.failure == nil)
        #expect(try await second.count("attempts") == 2)
        await second.close()
    }

    @Test func networkFileSystemsAreRefused() async throws {
        let folder = try HistoryFolder()
        var configuration = HistoryConfiguration(location: .file(folder.database))
        configuration.fileSystemType = { _ in "nfs4" }
        let store = HistoryStore(configuration)
        let failure = try #require(await store.open().failure)
        #expect(failure.kind == .networkFileSystem)
        #expect(failure.description.contains("\(folder.path) is nfs4"))
        #expect(try folder.names() == [])
    }

    @Test func mountsAreFound() {
        let mounts = """
            22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
            30 22 0:25 / /proc rw,nosuid - proc proc rw
            40 22 0:50 / /data rw,relatime shared:5 master:1 - ext4 /dev/vdb rw
            41 40 0:51 / /data/my\\040nfs rw,relatime - nfs4 server:/export rw
            42 40 0:52 / /data/covered rw - nfs4 server:/export rw
            43 40 0:53 / /data/covered rw - tmpfs tmpfs rw
            44 22 0:54 / /fuse rw - fuse.juicefs juice rw
            """
        let found = ["/", "/database", "/data", "/data/my nfs/x", "/data/my nfsx", "/data/covered", "/fuse/x"].map {
            NetworkFileSystem.type(of: $0, mountInfo: mounts)
        }
        #expect(found == ["ext4", "ext4", "ext4", "nfs4", "ext4", "tmpfs", "fuse.juicefs"])
        #expect(["nfs", "cifs", "fuse.juicefs", "fuse", "9p"].allSatisfy(NetworkFileSystem.refuses))
        #expect(!["ext4", "xfs", "btrfs", "overlay", "tmpfs", "fuseblk"].contains(where: NetworkFileSystem.refuses))
        #expect(NetworkFileSystem.type(of: "/proc/self/fd") == "proc")
    }

    @Test func missingFoldersAreNamed() async throws {
        let store = HistoryStore(HistoryConfiguration(location: .file("/nonexistent/history.sqlite")))
        let failure = try #require(await store.open().failure)
        #expect(failure.kind == .noDirectory)
        #expect(failure.description.contains("/nonexistent/history.sqlite"))
    }

    @Test func systemErrorsAreUnderstood() {
        let expected: [(Int32, HistoryError.Kind)] = [
            (ENOSPC, .diskFull), (EDQUOT, .diskFull), (EROFS, .readOnly), (EACCES, .notPermitted),
            (EPERM, .notPermitted), (ENOENT, .noDirectory), (ENOTDIR, .noDirectory), (EWOULDBLOCK, .inUse),
            (EIO, .inputOutput), (EMFILE, .other),
        ]
        for (code, kind) in expected { #expect(HistoryError.Kind(errno: code) == kind, "\(code)") }
        let results: [(ResultCode, HistoryError.Kind)] = [
            (.SQLITE_FULL, .diskFull), (.SQLITE_IOERR_SHMSIZE, .diskFull), (.SQLITE_CORRUPT, .corrupted),
            (.SQLITE_NOTADB, .corrupted), (.SQLITE_READONLY_DBMOVED, .readOnly), (.SQLITE_BUSY, .inUse),
            (.SQLITE_IOERR_WRITE, .inputOutput), (.SQLITE_CANTOPEN, .inputOutput), (.SQLITE_CONSTRAINT, .other),
        ]
        for (code, kind) in results {
            #expect(HistoryError.Kind(DatabaseError(resultCode: code)) == kind, "\(code)")
        }
        for kind in HistoryError.Kind.allCases {
            let text = HistoryError(kind: kind, path: "/data/h", detail: "so it is").description
            #expect(text.contains("/data/h") && text.contains("so it is") && text.hasSuffix("."), "\(text)")
        }
    }

    @Test(.enabled(if: getuid() == 0, "mounting needs root"))
    func readOnlyVolumes() async throws {
        let volume = try SmallVolume(bytes: 4 << 20)
        let first = volume.folder.store()
        await first.record(transitions: [transition("a", "nginx", .present, at: 1)])
        await first.close()
        try volume.setReadOnly(true)

        let store = volume.folder.store()
        #expect(await store.open().failure?.kind == .readOnly)
        #expect(await store.record(transitions: [transition("a", "nginx", .missing, at: 2)]) == false)
        #expect(try volume.folder.names() == ["history.sqlite", "history.sqlite.lock"])

        try volume.setReadOnly(false)
        #expect(await store.record(transitions: [transition("a", "nginx", .missing, at: 3)]))
        #expect(try await store.transitions().items.map(\.at) == [3, 1])
        await store.close()
    }

    @Test(.enabled(if: getuid() == 0, "mounting needs root"))
    func aFullDiskIsWaitedOut() async throws {
        let volume = try SmallVolume(bytes: 4 << 20)
        let store = volume.folder.store(now: { 5000 })
        await store.startRun(at: 0)
        await store.record(nodeEvents: [
            NodeEventRecord(node: "a", event: .joined(labels: [:]), at: 1),
            NodeEventRecord(node: "a", event: .heard, at: 1),
        ])
        #expect(await store.record(transitions: [transition("a", "nginx", .present, at: 1)]))
        try volume.fill(leaving: 100_000)
        var stored = 0
        while await store.record(attempts: (0..<500).map { attempt("a", Int64(stored * 500 + $0)) }) {
            stored += 1
            try #require(stored < 100)
        }
        let health = await store.health
        #expect(health.failure?.kind == .diskFull)
        #expect(health.errors == 1 && health.droppedWrites == 1)
        #expect(await store.record(transitions: [transition("a", "nginx", .missing, at: 2000)]) == false)
        #expect(await store.takeGap() == false)
        // What is there can still be read, and nothing of the write that failed is.
        #expect(try await store.currentCells().map(\.state) == [.present])
        #expect(try await store.count("attempts") == stored * 500)

        try volume.free()
        #expect(await store.heartbeat(at: 6000))
        #expect(await store.health.failure == nil)
        #expect(await store.health.setAside == [])
        #expect(await store.takeGap())
        // The time without history is not claimed to be known: it lies between two runs.
        let moment = try await store.moment(at: 4000, imageSet: "")
        #expect(moment.run == nil && moment.knownCells == [])
        #expect(try await store.moment(at: 5500, imageSet: "").run?.startedAt == 5000)
        #expect(try await store.currentNodes().map(\.isHeard) == [false])
        await store.close()
    }

    @Test(.enabled(if: getuid() == 0, "mounting needs root"))
    func aDiskThatIsFullFromTheBeginning() async throws {
        let volume = try SmallVolume(bytes: 1 << 20)
        try volume.fill(leaving: 0)
        let store = volume.folder.store()
        #expect(await store.open().failure?.kind == .diskFull)
        #expect(await store.record(attempts: [attempt("a", 1)]) == false)
        try volume.free()
        #expect(await store.record(attempts: [attempt("a", 1)]))
        #expect(await store.health.setAside == [])
        await store.close()
    }

    @Test(.enabled(if: getuid() == 0, "mounting needs root"))
    func triesAreSpacedOut() async throws {
        let volume = try SmallVolume(bytes: 1 << 20)
        try volume.fill(leaving: 0)
        var configuration = HistoryConfiguration(location: .file(volume.folder.database))
        configuration.retryInterval = .seconds(3600)
        let store = HistoryStore(configuration)
        await store.open()
        let errors = await store.health.errors
        try volume.free()
        #expect(await store.record(attempts: [attempt("a", 1)]) == false)
        #expect(try volume.folder.names().contains("history.sqlite-wal") == false)
        #expect(await store.health.errors >= errors)
    }
}

/// A file system of its own, in memory.
final class SmallVolume: Sendable {
    let folder: HistoryFolder

    init(bytes: Int) throws {
        folder = try HistoryFolder()
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(bytes)") == 0 else { throw POSIXError(.EPERM) }
    }

    deinit {
        umount2(folder.path, 2)  // MNT_DETACH: whatever is still open goes with its descriptors
    }

    func setReadOnly(_ isReadOnly: Bool) throws {
        // MS_REMOUNT, MS_RDONLY of mount(2)
        guard mount(nil, folder.path, nil, 32 | (isReadOnly ? 1 : 0), nil) == 0 else { throw POSIXError(.EBUSY) }
    }

    /// Fills the volume up to that many bytes.
    func fill(leaving: Int) throws {
        let filler = open(folder.path + "/filler", O_WRONLY | O_CREAT, 0o600)
        defer { close(filler) }
        let block = [UInt8](repeating: 1, count: 4096)
        while write(filler, block, block.count) == block.count {}
        var info = stat()
        fstat(filler, &info)
        ftruncate(filler, max(0, info.st_size - leaving))
    }

    func free() throws {
        try FileManager.default.removeItem(atPath: folder.path + "/filler")
    }
}
