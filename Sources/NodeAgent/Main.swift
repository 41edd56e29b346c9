import Glibc

/// The program that runs on every node: it observes the container runtime, pulls what it is told to, and reports.
@main
struct Main {
    static func main() {
        exit(Command.run(CommandLine.arguments))
    }
}
