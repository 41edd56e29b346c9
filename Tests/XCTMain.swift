import Testing

/// The entry point of all tests. With one of its own the build needs no index of the sources to look for tests of XCTest,
/// of which there are none.
@main struct TestMain {
    static func main() async {
        // `swift test` starts the program once more for XCTest.
        guard CommandLine.arguments.contains("--testing-library") else { return }
        await Testing.__swiftPMEntryPoint() as Never
    }
}
