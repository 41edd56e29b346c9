import ArgumentParser
import Formatting
import Foundation
import History
import Shared

/// `coordinator backup FILE`: a copy of history, made while the coordinator serves.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Save a copy of the history's database; the coordinator goes on meanwhile.",
        discussion: """
            The copy is consistent, and whole when the command ends with status 0. To restore it, put it at --history \
            before the coordinator starts.

            From a pod, whose own files can't be written: kubectl exec POD -- coordinator backup - > FILE

            Exit status: 0 when the copy is whole; 2 when FILE can't be written or exists already; 3 when the \
            coordinator gave none; 64 for wrong options.
            """)

    @Argument(
        help: ArgumentHelp(
            "Where to write it; there must be no such file yet. - is standard output.", valueName: "file"))
    var file: String

    @OptionGroup var server: ServerOptions

    func validate() throws {
        if file == "-", Terminal.isTerminal {
            throw ValidationError(
                "The copy isn't for a terminal: send it elsewhere, as in coordinator backup - > FILE.")
        }
    }

    func run() async throws {
        let target: any CopyTarget
        do {
            target = file == "-" ? OutputTarget() : try NewFile(file)
        } catch {
            StandardError.complain("\(error)")
            throw ConfigCheckCommand.unreadable
        }
        let stream = try await server.open("GET", "/api/v1/backup")
        let expected = stream.headers["content-length"].flatMap { Int($0) }
        var size = 0
        do {
            for try await part in stream.body {
                try target.write(part)
                size += part.count
            }
            if let expected, expected != size {
                throw ServerError(message: "only \(size) of \(expected) bytes came: the coordinator ended meanwhile")
            }
            try target.publish()
        } catch let error as HTTPError {
            throw ServerError(message: "the copy broke off: \(error.message)")
        } catch let error as NewFile.Fault {
            StandardError.complain("\(error)")
            throw ConfigCheckCommand.unreadable
        }
        StandardError.write("saved \(SpanText.bytes(Int64(size))) to \(file == "-" ? "standard output" : file)\n")
    }
}

/// Where a copy goes.
private protocol CopyTarget {
    func write(_ bytes: [UInt8]) throws(NewFile.Fault)
    /// The copy is whole.
    func publish() throws(NewFile.Fault)
}

extension NewFile: CopyTarget {}

/// Standard output; who reads it learns from the exit status whether the copy is whole.
private struct OutputTarget: CopyTarget {
    func write(_ bytes: [UInt8]) throws(NewFile.Fault) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(bytes))
        } catch {
            throw NewFile.Fault(description: "standard output can't be written: \(SystemCall.message(errno))")
        }
    }

    func publish() {}
}
