import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing

/// Keys without which pods run elsewhere or otherwise: a slip of the keyboard mustn't take pods away that hold images.
@Suite("Keys that say where and how pods run") struct PlacementKeyTests {
    private static let images = "web=nginx"
    private static let values = [
        "RUNTIME_SOCKET": "none", "NODE_SELECTOR": #"{"a": "b"}"#, "TOLERATIONS": #"[{"operator": "Exists"}]"#,
        "AFFINITY": #"{"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": "#
            + #"[{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}}"#,
        "NAMESPACE": "granted", "DAEMONSET_NAME": "other", "NODE_READY_TAINT": "a=b:NoSchedule",
    ]
    private static let options = {
        var options = standardOptions
        options.extraNamespaces = ["granted"]
        return options
    }()

    @Test("One that is misspelt rejects the edit, the first too", arguments: values.keys.sorted())
    func misspelt(key: String) throws {
        let value = try #require(Self.values[key])
        var misspelt = key
        misspelt.remove(at: misspelt.index(misspelt.endIndex, offsetBy: -2))
        let decision = decide(["IMAGES": Self.images, misspelt: value], options: Self.options)
        #expect(decision.isRejected)
        let text = try #require(decision.texts.first { $0.hasPrefix("\(key):") })
        #expect(text.hasSuffix("Next step: rename \(misspelt) to \(key), or remove it."))
        // What it stands beside isn't missing.
        let both = decide(["IMAGES": Self.images, misspelt: value, key: value], options: Self.options)
        #expect(!both.isRejected)
    }

    @Test("One that says what is so anyway is only told")
    func idle() {
        let decision = decide(["IMAGES": Self.images, "TOLERATION": "[]", "RUNTIME_SOCKT": ""])
        #expect(decision.findings.map(\.severity) == [.warning, .warning])
        #expect(!decision.isRejected)
    }

    @Test("One that is gone rejects the edit, unless somebody says that it's meant", arguments: values.keys.sorted())
    func vanished(key: String) throws {
        let full = ["IMAGES": Self.images, key: try #require(Self.values[key])]
        let last = try #require(decide(full, options: Self.options).configuration)
        let without = ["IMAGES": Self.images]
        let decision = decide(without, last: last, options: Self.options)
        #expect(decision.isRejected)
        #expect(decision.texts.first?.contains("image-puller/allow-reset") == true)
        let meant = decide(
            without, annotations: ["image-puller/allow-reset": "true"], last: last, options: Self.options)
        #expect(!meant.isRejected)
        // To write nothing in it is a word, too.
        let emptied = decide(["IMAGES": Self.images, key: ""], last: last, options: Self.options)
        #expect(!emptied.isRejected)
        #expect(!decide(full, last: last, options: Self.options).isRejected)
    }

    @Test("Others may go and come")
    func others() throws {
        let last = try #require(decide(["IMAGES": Self.images, "REPORT_INTERVAL_SECONDS": "5"]).configuration)
        #expect(decide(["IMAGES": Self.images, "REPORT_INTERVALL_SECONDS": "5"], last: last).isRejected == false)
        #expect(decide(["IMAGES": Self.images], last: last).isRejected == false)
    }
}
