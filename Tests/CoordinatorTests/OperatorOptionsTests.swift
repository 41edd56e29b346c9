import ArgumentParser
import Testing

@testable import Coordinator

@Suite("Whose KubernetesImagePuller objects count") struct OperatorOptionsTests {
    @Test(
        "By the options of serve, as the chart, the manifests and the templates give them",
        arguments: [
            ([], OperatorOptions.Scope.nobodys),
            (["--operator-namespaces", ""], .nobodys),
            (["--operator"], .namespaces(["own"])),
            (["--operator-namespaces", "own"], .namespaces(["own"])),
            (
                ["--operator", "--operator-namespaces=che", "--operator-namespaces=shop"],
                .namespaces(["own", "che", "shop"])
            ),
            (["--operator-namespaces", "che, shop,che,own"], .namespaces(["own", "che", "shop"])),
            (["--operator", "--operator-namespaces=*", "--operator-namespaces=che"], .all),
            (["--operator-namespaces", "*"], .all),
        ] as [([String], OperatorOptions.Scope)])
    func scope(arguments: [String], scope: OperatorOptions.Scope) throws {
        #expect(try OperatorOptions.parse(arguments).scope(own: "own") == scope)
    }

    @Test("A namespace that can't be one is refused", arguments: ["Che", "a b*", "-a", "a/b", "**"])
    func mistakes(name: String) {
        #expect(throws: (any Error).self) { try OperatorOptions.parse(["--operator-namespaces", name]) }
    }
}
