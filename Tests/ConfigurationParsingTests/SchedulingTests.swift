import Cluster
import ImageSets
import Shared
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing

@Suite("Selectors, affinity, tolerations, annotations")
struct SchedulingTests {
    func text(_ key: String, _ value: String) -> String {
        decide(["IMAGES": "web=nginx", key: value]).texts.joined(separator: "\n")
    }

    func configuration(_ key: String, _ value: String) -> Configuration? {
        decide(["IMAGES": "web=nginx", key: value]).configuration
    }

    @Test(
        "Good selectors",
        arguments: [
            ("{}", [:]), ("null", [:]), (" { \"disk\" : \"ssd\" } ", ["disk": "ssd"]),
            (
                "{\"kubernetes.io/os\":\"linux\",\"example.com/a_b.c\":\"\"}",
                ["kubernetes.io/os": "linux", "example.com/a_b.c": ""]
            ),
            ("{\"a\":\"\\u0062\"}", ["a": "b"]),
        ])
    func goodSelector(text: String, labels: [String: String]) {
        #expect(configuration("NODE_SELECTOR", text)?.scheduling.nodeSelector == labels)
    }

    @Test("Long values take no longer than their length, and a fault far behind says where")
    func long() throws {
        let one = #"{"operator":"Exists"}"#
        let most = Array(repeating: one, count: 2_000)
        #expect(configuration("TOLERATIONS", "[\(most.joined(separator: ","))]")?.scheduling.tolerations.count == 2_000)
        let lines = "[\n" + most.joined(separator: ",\n") + ",\n   x]"
        #expect(text("TOLERATIONS", lines).contains("line 2002, column 4: expected a JSON value, found 'x'"))
        let labels = (0..<2_000).map { "\"a\($0)\":\"b\"" }.joined(separator: ",\n")
        #expect(configuration("NODE_SELECTOR", "{\(labels)}")?.scheduling.nodeSelector.count == 2_000)
        #expect(text("NODE_SELECTOR", "{\(labels),\n\"a7\":\"\"}").contains("line 2001, column 1: \"a7\" stands twice"))
        let names = (0..<2_000).map { "s\($0)" }
        #expect(configuration("IMAGE_PULL_SECRETS", names.joined(separator: ";"))?.imagePullSecrets.count == 2_000)
    }

    @Test(
        "Bad JSON says where",
        arguments: [
            (
                "{'a':'b'}",
                "column 2: expected a name in double quotes, found a single quote. "
                    + "Next step: write it as JSON: {\"a\":\"b\"}."
            ),
            ("{\"a\":\"b\"", "column 9: expected ',' or '}', found the end. Next step: write valid JSON."),
            (
                "{\"a\":\"b\",}",
                "column 10: expected a name in double quotes, found '}'. "
                    + "Next step: write it as JSON: {\"a\":\"b\"}."
            ),
            (
                "{\n \"a\":\"b\"\n \"c\":\"d\"}",
                "line 3, column 2: expected ',' or '}', found '\"'. Next step: write valid JSON."
            ),
            (
                "map[a:b]",
                "column 1: expected a JSON value, found 'm'. "
                    + "Next step: this is how a Helm template prints a map; pass it through toJson."
            ),
            (
                "{\"a\":\"b\"} x",
                "column 11: expected the end of the JSON text, found 'x'. Next step: write valid JSON."
            ),
            (
                "{\"a\":\"1\",\"a\":\"2\"}",
                "column 10: \"a\" stands twice in one object. Next step: remove one of the two."
            ),
            ("{\"a\":true}", "column 6: a: expected a string, found true. Next step: write \"true\", with the quotes."),
            ("{\"a\":5}", "column 6: a: expected a string, found a number. Next step: write \"5\", with the quotes."),
            ("[]", "column 1: expected an object, found an array. Next step: write { and } around names and values."),
            (
                "{\"a\":\"b c\"}",
                "column 6: a: \"b c\" can't be a label's value. Next step: write up to 63 letters, digits, '-', "
                    + "'_' and '.', with a letter or digit at both ends."
            ),
            (
                "{\"kubernetes.io/os\":\"windows\"}",
                "column 21: [\"kubernetes.io/os\"]: images are cached on Linux nodes only. "
                    + "Next step: remove it, or write \"linux\"."
            ),
        ])
    func badSelector(value: String, message: String) {
        #expect(text("NODE_SELECTOR", value) == "NODE_SELECTOR, \(message)")
    }

    @Test(
        "JSON that RFC 8259 forbids is refused",
        arguments: [
            "{\"a\":01}", "{\"a\":.5}", "{\"a\":+1}", "{\"a\":1.}", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\t\"}",
            "{\"a\":nul}", "{a:1}", "{\"a\":\"b", "{\"a\"}", "{,}", "[1,]", "\u{FEFF}{}", "{\"a\":\"\\u12g4\"}", "{}{}",
            "{\"a\":" + String(repeating: "[", count: 5000),
        ])
    func forbiddenJSON(value: String) {
        #expect(decide(["IMAGES": "web=nginx", "NODE_SELECTOR": value]).isRejected)
    }

    @Test("Tolerations")
    func tolerations() {
        let good = """
            [{"operator":"Exists"},
             {"key":"gpu","operator":"Equal","value":"yes","effect":"NoSchedule"},
             {"key":"gpu","value":"","effect":""},
             {"key":"x","operator":"Exists","effect":"NoExecute","tolerationSeconds":60}]
            """
        #expect(
            configuration("TOLERATIONS", good)?.scheduling.tolerations == [
                Toleration(operator: .exists),
                Toleration(key: "gpu", operator: .equal, value: "yes", effect: .noSchedule),
                Toleration(key: "gpu"),
                Toleration(key: "x", operator: .exists, effect: .noExecute, tolerationSeconds: 60),
            ])
    }

    @Test(
        "Bad tolerations say where",
        arguments: [
            (
                "{\"operator\":\"Exists\"}",
                "column 1: expected an array, found an object. Next step: put it between [ and ]."
            ),
            (
                "[{\"operator\":\"exists\"}]",
                "column 14: [0].operator: unknown value \"exists\". Next step: did you mean \"Exists\"?"
            ),
            (
                "[{}]",
                "column 2: [0]: without a key the operator must be Exists. "
                    + "Next step: add \"key\", or \"operator\":\"Exists\" for every taint."
            ),
            (
                "[{\"key\":\"a\",\"operator\":\"Exists\",\"value\":\"b\"}]",
                "column 41: [0].value: with the operator Exists there can be no value. Next step: remove the value."
            ),
            (
                "[{\"key\":\"a\",\"efect\":\"NoSchedule\"}]",
                "column 13: [0]: unknown field \"efect\". Next step: did you mean \"effect\"?"
            ),
            (
                "[{\"key\":\"a\",\"tolerationSeconds\":5}]",
                "column 33: [0].tolerationSeconds: seconds count for the effect NoExecute "
                    + "alone. Next step: remove them, or add \"effect\":\"NoExecute\"."
            ),
        ])
    func badTolerations(value: String, message: String) {
        #expect(text("TOLERATIONS", value) == "TOLERATIONS, \(message)")
    }

    static let required = "requiredDuringSchedulingIgnoredDuringExecution"
    static let preferred = "preferredDuringSchedulingIgnoredDuringExecution"

    func nodeAffinity(_ term: String) -> String {
        "{\"nodeAffinity\":{\"\(Self.required)\":{\"nodeSelectorTerms\":[\(term)]}}}"
    }

    @Test("Affinity")
    func affinity() throws {
        let text = """
            {"nodeAffinity":{
              "\(Self.required)":{"nodeSelectorTerms":[
                {"matchExpressions":[{"key":"a","operator":"In","values":["x","y"]},{"key":"cpus","operator":"Gt","values":["4"]}]},
                {"matchFields":[{"key":"metadata.name","operator":"In","values":["node-1"]}]}]},
              "\(Self.preferred)":[{"weight":5,"preference":{"matchExpressions":[{"key":"b","operator":"Exists"}]}}]},
             "podAntiAffinity":{"\(Self.required)":[
                {"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"x"}}}]},
             "podAffinity":null}
            """
        let affinity = try #require(configuration("AFFINITY", text)?.scheduling.affinity)
        let terms = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
        #expect(terms?.count == 2)
        #expect(terms?.first?.matchExpressions?.last == .init(key: "cpus", operator: .greaterThan, values: ["4"]))
        #expect(affinity.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.first?.weight == 5)
        #expect(affinity.podAffinity == nil)
        #expect(affinity.podAntiAffinity?[Self.required] != nil)
    }

    @Test("Bad affinity says where")
    func badAffinity() {
        #expect(
            text("AFFINITY", "{\"nodeafinity\":{}}")
                == "AFFINITY, column 2: unknown field \"nodeafinity\". Next step: did you mean \"nodeAffinity\"?")
        #expect(
            text(
                "AFFINITY",
                nodeAffinity("{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Is\",\"values\":[\"b\"]}]}"))
                == "AFFINITY, column 132: nodeAffinity.\(Self.required).nodeSelectorTerms[0].matchExpressions[0].operator: "
                + "unknown value \"Is\". Next step: did you mean \"In\"?")
        for bad in [
            "{\"nodeAffinity\":{\"\(Self.required)\":{}}}",
            nodeAffinity(""),
            nodeAffinity("{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}"),
            nodeAffinity("{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"b\"]}]}"),
            nodeAffinity("{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Gt\",\"values\":[\"b\"]}]}"),
            nodeAffinity("{\"matchExpressions\":[{\"key\":\"a b\",\"operator\":\"Exists\"}]}"),
            nodeAffinity("{\"matchExpressions\":[{\"operator\":\"Exists\"}]}"),
            nodeAffinity("{\"matchFields\":[{\"key\":\"metadata.uid\",\"operator\":\"In\",\"values\":[\"b\"]}]}"),
            "{\"nodeAffinity\":{\"\(Self.preferred)\":[{\"weight\":0,\"preference\":{}}]}}",
            "{\"nodeAffinity\":{\"\(Self.preferred)\":[{\"weight\":1}]}}",
            "{\"podAffinity\":{\"\(Self.required)\":[{}]}}",
            "{\"podAffinity\":{\"\(Self.required)\":[{\"topologyKey\":\"a\",\"extra\":1}]}}",
            "{\"podAffinity\":{\"\(Self.preferred)\":[{\"weight\":1}]}}",
            "[]", "\"x\"", "{\"nodeAffinity\":[]}",
        ] {
            #expect(decide(["IMAGES": "web=nginx", "AFFINITY": bad]).isRejected, "\(bad)")
        }
    }

    @Test("A term that matches no node is warned of")
    func emptyTerm() {
        #expect(
            text("AFFINITY", nodeAffinity("{}"))
                == "AFFINITY: a term without matchExpressions and matchFields matches no node, so no node is a target. "
                + "Next step: remove the empty term, or say what it should match.")
    }

    @Test("Annotations")
    func annotations() {
        #expect(
            configuration("DAEMONSET_ANNOTATIONS", "{\"a/b\":\"any \\n text\"}")?.daemonSetAnnotations == [
                "a/b": "any \n text"
            ])
        #expect(
            text("DAEMONSET_ANNOTATIONS", "{\"image-puller/template\":\"x\"}")
                == "DAEMONSET_ANNOTATIONS, column 26: [\"image-puller/template\"]: annotations that begin with image-puller/ are "
                + "the coordinator's own. Next step: choose another name.")
        let huge = "{\"a\":\"" + String(repeating: "x", count: LabelsParser.maximumAnnotationBytes) + "\"}"
        #expect(
            text("DAEMONSET_ANNOTATIONS", huge)
                == "DAEMONSET_ANNOTATIONS, column 1: the annotations have 262145 bytes, and Kubernetes allows 262144. "
                + "Next step: shorten them.")
    }
}
