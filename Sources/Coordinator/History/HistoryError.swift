import GRDB

/// What keeps history from being written or read, where, and what to do about it.
package struct HistoryError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case diskFull, corrupted, newerSchema, foreignFile, readOnly, notPermitted, noDirectory
        case networkFileSystem, inUse, inputOutput, other
    }

    package var kind: Kind
    /// The database's file.
    package var path: String
    /// What the system said.
    package var detail: String

    package init(kind: Kind, path: String, detail: String) {
        self.kind = kind
        self.path = path
        self.detail = detail
    }

    package var description: String {
        "history at \(path): \(summary) (\(detail)). \(nextStep)"
    }

    private var summary: String {
        switch kind {
        case .diskFull: "the disk is full"
        case .corrupted: "the file is corrupted"
        case .newerSchema: "the file was written by a newer version"
        case .foreignFile: "the file is another program's database"
        case .readOnly: "the file or its file system is read-only"
        case .notPermitted: "access is not permitted"
        case .noDirectory: "its folder does not exist"
        case .networkFileSystem: "it lies on a network file system, which SQLite's write-ahead log can't use safely"
        case .inUse: "another process uses it"
        case .inputOutput: "reading or writing failed"
        case .other: "the database refused"
        }
    }

    private var nextStep: String {
        switch kind {
        case .diskFull: "Free space or enlarge the volume; writing goes on by itself."
        case .corrupted: "The file is set aside beside its place and a new one is begun; restore a backup if needed."
        case .newerSchema: "Run that version again, or give another path; the file is left as it is."
        case .foreignFile: "Give another path; the file is left as it is."
        case .readOnly: "Mount the volume writable."
        case .notPermitted: "Give the coordinator's user the right to write there (fsGroup of the pod)."
        case .noDirectory: "Mount a volume there or create the folder."
        case .networkFileSystem: "Use a block volume or a local one (emptyDir, a ReadWriteOnce disk)."
        case .inUse: "Stop the other coordinator, or give each one a path of its own."
        case .inputOutput: "Look at the volume and the kernel's log; writing is tried again."
        case .other: "Look at the message; writing is tried again."
        }
    }
}

extension HistoryError {
    /// What an error of the database means.
    package init(_ error: any Error, path: String) {
        if let error = error as? HistoryError {
            self = error
        } else if let error = error as? DatabaseError {
            self.init(kind: Kind(error), path: path, detail: "\(error.extendedResultCode): \(error.message ?? "")")
        } else {
            self.init(kind: .other, path: path, detail: String(describing: error))
        }
    }

    /// What a failed system call on the database's files means.
    package init(errno code: Int32, path: String, call: String) {
        self.init(kind: Kind(errno: code), path: path, detail: "\(call): \(SystemCall.message(code))")
    }
}

extension HistoryError.Kind {
    init(_ error: DatabaseError) {
        switch error.extendedResultCode {
        // With no room for the shared-memory file SQLite says this instead of SQLITE_FULL.
        case .SQLITE_IOERR_SHMSIZE: self = .diskFull
        default:
            switch error.resultCode {
            case .SQLITE_FULL: self = .diskFull
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupted
            case .SQLITE_READONLY: self = .readOnly
            case .SQLITE_PERM, .SQLITE_AUTH: self = .notPermitted
            case .SQLITE_BUSY, .SQLITE_LOCKED: self = .inUse
            case .SQLITE_IOERR, .SQLITE_CANTOPEN: self = .inputOutput
            default: self = .other
            }
        }
    }

    init(errno code: Int32) {
        switch code {
        case SystemCall.noSpace, SystemCall.quotaExceeded: self = .diskFull
        case SystemCall.readOnlyFileSystem: self = .readOnly
        case SystemCall.accessDenied, SystemCall.notPermitted: self = .notPermitted
        case SystemCall.noEntry, SystemCall.notADirectory: self = .noDirectory
        case SystemCall.wouldBlock: self = .inUse
        case SystemCall.inputOutput: self = .inputOutput
        default: self = .other
        }
    }

    /// Whether the whole transaction is lost and the next one will likely be too, so that there is no use in trying
    /// each write on its own.
    var isOfStorage: Bool {
        self != .other
    }
}
