import FuzzTargets
import Glibc
import Synchronization

/// `fuzz [--seconds 600] [--seed 1] [TARGET …]`: reads made-up inputs, each target for so long.
///
/// The input that is being read stands in fuzz-TARGET.input of the working folder's .build: when the program ends by a trap, that
/// is the one.
///
/// `fuzz --list` names the targets, `fuzz --memory KIND` measures what one report of a kind takes (all kinds without one), or one `node`, and
/// `fuzz --guided TARGET FOLDER SECONDS`, in a build with libFuzzer, looks for inputs that reach new code.
@main
enum Main {
    static func main() {
        var (seconds, seed, names): (Double, UInt64, [String]) = (600, 1, [])
        var rest = CommandLine.arguments.dropFirst()
        while let word = rest.popFirst() {
            switch word {
            case "--seconds": seconds = rest.popFirst().flatMap { Double($0) } ?? seconds
            case "--seed": seed = rest.popFirst().flatMap { UInt64($0) } ?? seed
            case "--list": return print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
            case "--memory": return measure(Array(rest))
            case "--guided": return guide(Array(rest))
            default: names.append(word)
            }
        }
        let known = FuzzTarget.all.map(\.name)
        if let unknown = names.first(where: { !known.contains($0) }) { refuse(unknown, known) }
        for target in FuzzTarget.all where names.isEmpty || names.contains(target.name) {
            let file = open(".build/fuzz-\(target.name).input", O_RDWR | O_CREAT | O_TRUNC, 0o644)
            let end = ContinuousClock.now + .seconds(seconds)
            let (inputs, right) = target.run(
                seed: seed,
                before: { input in
                    guard file >= 0 else { return }
                    _ = ftruncate(file, off_t(input.count))
                    _ = pwrite(file, input, input.count, 0)
                }, until: { $0 & 63 == 0 && ContinuousClock.now >= end })
            close(file)
            print("\(target.name): \(inputs) inputs in \(Int(seconds)) s, \(right) of them right")
        }
    }

    private static func refuse(_ name: String, _ known: [String]) -> Never {
        print("there is no \(name), only \(known.joined(separator: " "))")
        exit(64)
    }

    /// A line for each kind: its name, the body's bytes, the memory at most, and whether such a report is taken.
    private static func measure(_ kinds: [String]) {
        for kind in kinds.isEmpty ? ReportMemory.kinds : kinds {
            if kind == "node" {
                print("node 0 \(ReportMemory.measureNode()) true")
                continue
            }
            guard let result = ReportMemory.measure(kind) else { refuse(kind, ReportMemory.kinds) }
            print("\(kind) \(result.body) \(result.peak) \(result.isTaken)")
        }
    }

    private static func guide(_ words: [String]) {
        #if LIBFUZZER
            guard words.count == 3, let target = FuzzTarget.all.first(where: { $0.name == words[0] }) else {
                refuse(words.joined(separator: " "), FuzzTarget.all.map(\.name))
            }
            for (number, seed) in target.seeds.enumerated() {
                let file = open("\(words[1])/seed-\(number)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
                _ = write(file, seed, seed.count)
                close(file)
            }
            guidedTarget.withLock { $0 = target }
            let options = [
                CommandLine.arguments[0], words[1], "-max_total_time=\(words[2])", "-max_len=16384", "-timeout=10",
                "-artifact_prefix=.build/fuzzing/found/\(target.name)-", "-print_final_stats=1",
            ]
            var count = CInt(options.count)
            let copies = options.map { strdup($0) } + [nil]
            var pointer = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: copies.count)
            for (index, copy) in copies.enumerated() { (pointer + index).initialize(to: copy) }
            exit(
                runLibFuzzer(&count, &pointer) { start, length in
                    guidedTarget.withLock(\.self)?.take(Array(UnsafeRawBufferPointer(start: start, count: length)))
                    return 0
                })
        #else
            print("this build has no libFuzzer: scripts/fuzz makes one that has")
            exit(69)
        #endif
    }
}

#if LIBFUZZER
    private let guidedTarget = Mutex<FuzzTarget?>(nil)

    /// libFuzzer as a library (llvm.org/docs/LibFuzzer.html).
    @_silgen_name("LLVMFuzzerRunDriver")
    private func runLibFuzzer(
        _ count: UnsafeMutablePointer<CInt>,
        _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
        _ read: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
    ) -> CInt
#endif
