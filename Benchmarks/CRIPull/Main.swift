import Glibc
import Shared

/// `cri-pull SOCKET REFERENCE...`: pulls one image after another through CRI, with nothing around it: what the
/// benchmarks compare the product with. A line for each image: its reference and the milliseconds that it took.
@main
struct Main {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        guard let socket = arguments.first, arguments.count > 1 else {
            complain("usage: cri-pull SOCKET REFERENCE...")
            exit(EX_USAGE)
        }
        let client = GRPCUnaryClient(socketPath: socket)
        for reference in arguments.dropFirst() {
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

    private static func complain(_ text: String) {
        let line = Array("cri-pull: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
