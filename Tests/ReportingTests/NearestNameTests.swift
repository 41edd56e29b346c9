import Testing

@testable import Formatting
@testable import TestBasics

@Suite("Nearest names") struct NearestNameTests {
    @Test(
        arguments: [
            ("covrage", "coverage"), ("coverge", "coverage"), ("COVERAGE", "coverage"), ("imgae", "image"),
            ("nod", "node"), ("hist", "history"), ("attempt", "attempts"), ("xyz", nil), ("", nil), ("n", nil),
        ] as [(String, String?)])
    func subcommands(_ text: String, _ expected: String?) {
        let known = ["serve", "coverage", "image", "node", "history", "attempts", "warmups", "pull", "plan"]
        #expect(NearestName.to(text, in: known) == expected)
    }

    @Test func aHintIsASentence() {
        #expect(NearestName.hint(for: "node-44", among: ["node-4", "node-5"]) == " Did you mean \"node-4\"?")
        #expect(NearestName.hint(for: "other", among: ["node-4"]).isEmpty)
        // Of equally near ones the first in order, in whatever order they come.
        #expect(NearestName.to("node-9", in: ["node-5", "node-4"]) == "node-4")
    }

    /// A distance is symmetric, zero for the same text alone, and at most one more after one more edit.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func distance(_ seed: UInt64) {
        var random = Seeded(state: seed)
        func word() -> [Character] {
            (0..<Int.random(in: 0...8, using: &random)).map { _ in "abc".randomElement(using: &random) ?? "a" }
        }
        let (left, right) = (word(), word())
        let distance = NearestName.distance(left, right)
        #expect(distance == NearestName.distance(right, left))
        #expect((distance == 0) == (left == right))
        #expect(distance >= abs(left.count - right.count) && distance <= max(left.count, right.count))
        var edited = left
        edited.insert("z", at: Int.random(in: 0...left.count, using: &random))
        #expect(NearestName.distance(left, edited) == 1)
        #expect(abs(NearestName.distance(edited, right) - distance) <= 1)
    }
}
