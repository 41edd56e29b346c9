import FuzzTargets
import Glibc

/// `fuzz [--seconds 600] [--seed 1] [TARGET …]`: reads made-up inputs, each target for so long.
///
/// The input that is being read stands in fuzz-TARGET.input of the working folder's .build: when the program ends by a trap, that
/// is the one.
@main
enum Main {
    static func main() {
        var (seconds, seed, names): (Double, UInt64, [String]) = (600, 1, [])
        var rest = CommandLine.arguments.dropFirst()
        while let word = rest.popFirst() {
            switch word {
            case "--seconds": seconds = rest.popFirst().flatMap { Double($0) } ?? seconds
            case "--seed": seed = rest.popFirst().flatMap { UInt64($0) } ?? seed
            default: names.append(word)
            }
        }
        let known = FuzzTarget.all.map(\.name)
        if let unknown = names.first(where: { !known.contains($0) }) {
            print("there is no \(unknown), only \(known.joined(separator: " "))")
            exit(64)
        }
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
}
