import Glibc
import Shared

/// CRI calls with nothing around them: what the benchmarks compare the product with, and what they look at it by.
///
/// - `cri-pull SOCKET REFERENCE...` pulls one image after another. A line for each: its reference and the milliseconds
///   that it took.
/// - `cri-pull --list COUNT SOCKET` lists the images so many times, with a pause after each. A line for each: the time
///   of `CLOCK_MONOTONIC`, in seconds, at which its answer had ended, and how many images it had.
///
/// It is also built from an older commit, as that one's `cri-pull`, to measure that one's client: so it uses nothing
/// but `GRPCUnaryClient` and the messages of CRI.
@main
struct Main {
    private static let pause = Duration.milliseconds(50)

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.count == 3, arguments[0] == "--list", let count = Int(arguments[1]) {
            await list(count, GRPCUnaryClient(socketPath: arguments[2]))
        } else if arguments.count > 1, arguments[0] != "--list" {
            await pull(arguments.dropFirst(), GRPCUnaryClient(socketPath: arguments[0]))
        } else {
            complain("usage: cri-pull SOCKET REFERENCE... or cri-pull --list COUNT SOCKET")
            exit(EX_USAGE)
        }
    }

    private static func pull(_ references: ArraySlice<String>, _ client: GRPCUnaryClient) async {
        for reference in references {
            do {
                let took = try await ContinuousClock().measure {
                    var request = CRIPullImageRequest()
                    request.image.image = reference
                    let _: CRIPullImageResponse = try await client.call(
                        "/runtime.v1.ImageService/PullImage", request, timeout: .seconds(600))
                }
                print(reference, took / .milliseconds(1))
            } catch {
                complain("\(reference) can't be pulled: \(error)")
                exit(EXIT_FAILURE)
            }
        }
    }

    private static func list(_ count: Int, _ client: GRPCUnaryClient) async {
        for _ in 0..<count {
            do {
                let answer: CRIListImagesResponse = try await client.call(
                    "/runtime.v1.ImageService/ListImages", CRIListImagesRequest(), timeout: .seconds(120))
                var now = timespec()
                clock_gettime(CLOCK_MONOTONIC, &now)
                print(Double(now.tv_sec) + Double(now.tv_nsec) / 1e9, answer.images.count)
                try await Task.sleep(for: pause)
            } catch {
                complain("the images can't be listed: \(error)")
                exit(EXIT_FAILURE)
            }
        }
    }

    private static func complain(_ text: String) {
        let line = Array("cri-pull: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
