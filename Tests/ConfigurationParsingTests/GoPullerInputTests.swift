import ImageSets
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing

/// Inputs that made the Go puller exit, panic, loop or block, each measured there. Here the user reads a message, and
/// what is cached stays.
@Suite("What broke the Go puller")
struct GoPullerInputTests {
    let last: Configuration

    init() throws {
        last = try accepted("web=nginx:1.25;api=redis:7")
    }

    /// The Go puller exited after it had deleted the working DaemonSet.
    @Test func emptyReference() {
        let decision = decide(["IMAGES": "web=;api=redis:7"], last: last)
        #expect(decision.images == ["web=nginx:1.25", "api=redis:7"])
        #expect(
            decision.texts == [
                "IMAGES, entry 1 \"web=\": the reference is empty; web keeps its last good reference nginx:1.25. "
                    + "Next step: write a reference such as registry.example.com/team/app:1.0."
            ])
    }

    /// The Go puller exited after it had deleted the working DaemonSet.
    @Test func nameInUpperCase() {
        let decision = decide(["IMAGES": "Web=nginx:1.26;api=redis:7"], last: last)
        #expect(decision.images == ["web=nginx:1.25", "api=redis:7"])
        #expect(
            decision.texts == [
                "IMAGES, entry 1 \"Web=nginx:1.26\": the name \"Web\" is no DNS label: 1 to 63 lower-case letters, digits and "
                    + "'-', with a letter or digit at both ends; it has no effect. Next step: write web=nginx:1.26.",
                "IMAGES: web: missing from the list, and kept, for entry 1 can't be read and may have been meant for it. "
                    + "Next step: put the unreadable entry right; what is missing from a readable list is released.",
            ])
    }

    /// The Go puller exited after it had deleted the working DaemonSet.
    @Test func badSelectorKey() {
        let decision = decide(
            ["IMAGES": "web=nginx:1.25;api=redis:7", "NODE_SELECTOR": "{\"not a key\":\"x\"}"], last: last)
        #expect(
            decision == .rejected(decision.findings))
        #expect(
            decision.texts == [
                "NODE_SELECTOR, column 14: \"not a key\" can't be a label's key. Next step: write letters, digits, '-', '_' "
                    + "and '.', with an optional domain and '/' before, such as example.com/disk."
            ])
    }

    /// The Go puller panicked.
    @Test func memoryLimitIsNoQuantity() {
        let decision = decide(["IMAGES": "web=nginx:1.25;api=redis:7", "CACHING_MEMORY_LIMIT": "abc"], last: last)
        #expect(decision.isRejected)
        #expect(
            decision.texts == [
                "CACHING_MEMORY_LIMIT: \"abc\" is no quantity: it doesn't begin with a number. "
                    + "Next step: write one, such as 10Mi or 64Mi."
            ])
    }

    /// The Go puller deleted and re-created its DaemonSet without pause.
    @Test func intervalOfZero() {
        let decision = decide(["IMAGES": "web=nginx:1.25;api=redis:7", "CACHING_INTERVAL_HOURS": "0"], last: last)
        #expect(decision.isRejected)
        #expect(
            decision.texts == [
                "CACHING_INTERVAL_HOURS: 0 is less than 1. Next step: write a whole number from 1 to 8760, such as \"1\"."
            ])
    }

    /// The Go puller blocked for ever and said nothing.
    @Test func badReference() {
        let decision = decide(["IMAGES": "web=nginx:1.25:2;api=redis:7"], last: last)
        #expect(decision.images == ["web=nginx:1.25", "api=redis:7"])
        #expect(
            decision.texts == [
                "IMAGES, entry 1 \"web=nginx:1.25:2\": the repository is made of lower-case letters and digits, separated by "
                    + "'/', '.', '_' or '-'; web keeps its last good reference nginx:1.25. "
                    + "Next step: write a reference such as registry.example.com/team/app:1.0."
            ])
    }

    /// With the Go puller the last one won, in silence.
    @Test func sameNameTwice() {
        let decision = decide(["IMAGES": "web=nginx:1.26;api=redis:7;web=nginx:1.27"], last: last)
        #expect(decision.images == ["web=nginx:1.26", "api=redis:7", "web-2=nginx:1.27"])
        #expect(
            decision.texts == [
                "IMAGES, entry 3 \"web=nginx:1.27\": entry 1 has the name web too; both are cached, this one as web-2. "
                    + "Next step: give it a name of its own."
            ])
    }

    /// The Go puller reported success with 0 of 0.
    @Test func selectorThatMatchesNoNode() throws {
        let decision = decide(
            ["IMAGES": "web=nginx:1.25;api=redis:7", "NODE_SELECTOR": "{\"disk\":\"sdd\"}"], last: last)
        let configuration = try #require(decision.configuration)
        #expect(
            ClusterFit().findings(for: configuration, nodes: 5, targets: []).map(\.description) == [
                "NODE_SELECTOR: no Linux node with disk=sdd matches, of 5 nodes: nothing is cached anywhere. "
                    + "Next step: compare NODE_SELECTOR, AFFINITY and TOLERATIONS with the nodes' labels and taints."
            ])
    }

    /// The Go puller took a default in silence.
    @Test func intervalIsNoNumber() {
        #expect(decide(["IMAGES": "web=nginx", "CACHING_INTERVAL_HOURS": "soon"], last: last).isRejected)
    }
}
