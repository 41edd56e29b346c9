import Subprocess
import SystemPackage

/// Ends the agents when the simulator itself is ended the hard way.
///
/// A shell reads from us which process groups are alive. When its input ends without a farewell, we are dead: it
/// ends the groups and removes the folder. (`PR_SET_PDEATHSIG` is no help: it fires with the thread that started the
/// child, and the runtime's threads come and go.)
final class ProcessGuard: Sendable {
    private static let script = """
        groups='' folder=''
        while read -r verb value; do
            case $verb in
            add) groups="$groups $value" ;;
            remove)
                rest=''
                for group in $groups; do [ "$group" = "$value" ] || rest="$rest $group"; done
                groups=$rest ;;
            folder) folder=$value ;;
            farewell) exit 0 ;;
            esac
        done
        for group in $groups; do kill -TERM "-$group" 2>/dev/null; done
        [ -z "$groups" ] || sleep 3
        for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
        [ -z "$folder" ] || rm -rf -- "$folder"
        """

    private let lines: AsyncStream<String>.Continuation
    private let task: Task<Void, Never>

    /// - Parameter folder: removed when we die; nil: nothing is.
    init(folder: String?) {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        lines = continuation
        task = Task { await Self.run(stream) }
        if let folder { continuation.yield("folder \(folder)\n") }
    }

    func add(_ group: Int32) { lines.yield("add \(group)\n") }
    func remove(_ group: Int32) { lines.yield("remove \(group)\n") }

    /// Everything is in order: the guard ends without doing anything.
    func dismiss() async {
        lines.yield("farewell\n")
        lines.finish()
        await task.value
    }

    private static func run(_ lines: AsyncStream<String>) async {
        var options = PlatformOptions()
        options.createSession = true
        // Without a guard everything works but the hard end.
        _ = try? await Subprocess.run(
            .path("/bin/sh"), arguments: ["-c", script], platformOptions: options, input: .inputWriter,
            output: .discarded, error: .discarded
        ) { execution in
            for await line in lines { _ = try? await execution.standardInputWriter.write(line) }
            try? await execution.standardInputWriter.finish()
        }
    }
}
