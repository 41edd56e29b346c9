import Shared
import Testing

@testable import ClusterSimulator

/// Which requests a rule matches, as the documentation of RBAC has it.
@Suite struct PolicyRuleTests {
    private static func pods(_ verb: String, _ name: String? = nil, _ subresource: String = "") -> AccessAttributes {
        AccessAttributes(verb: verb, resource: "pods", subresource: subresource, namespace: "n", name: name)
    }

    private static func path(_ verb: String, _ path: String) -> AccessAttributes {
        AccessAttributes(verb: verb, path: path)
    }

    private static func rule(
        _ verbs: [String], _ resources: [String], names: [String] = [], groups: [String] = [""]
    ) -> PolicyRule {
        PolicyRule(verbs: verbs, apiGroups: groups, resources: resources, resourceNames: names)
    }

    struct Case: Sendable {
        let rule: PolicyRule
        let attributes: AccessAttributes
        let isAllowed: Bool

        init(_ rule: PolicyRule, _ attributes: AccessAttributes, _ isAllowed: Bool) {
            self.rule = rule
            self.attributes = attributes
            self.isAllowed = isAllowed
        }
    }

    private static let verbsAndResources: [Case] = [
        Case(rule(["get"], ["pods"]), pods("get", "a"), true),
        Case(rule(["get"], ["pods"]), pods("list"), false),
        Case(rule(["*"], ["pods"]), pods("deletecollection"), true),
        Case(rule(["get"], ["*"]), pods("get", "a"), true),
        Case(rule(["get"], ["*"]), pods("get", "a", "log"), true),
        Case(rule(["get"], ["configmaps"]), pods("get", "a"), false),
    ]
    private static let groups: [Case] = [
        Case(rule(["get"], ["pods"], groups: ["apps"]), pods("get", "a"), false),
        Case(rule(["get"], ["pods"], groups: ["*"]), pods("get", "a"), true),
        Case(rule(["get"], ["pods"], groups: []), pods("get", "a"), false),
    ]
    private static let subresources: [Case] = [
        Case(rule(["get"], ["pods"]), pods("get", "a", "log"), false),
        Case(rule(["get"], ["pods/log"]), pods("get", "a", "log"), true),
        Case(rule(["get"], ["pods/log"]), pods("get", "a"), false),
        Case(rule(["get"], ["*/log"]), pods("get", "a", "log"), true),
        Case(rule(["get"], ["*/status"]), pods("get", "a", "log"), false),
        Case(rule(["get"], ["pods/*"]), pods("get", "a", "log"), false),
    ]
    private static let names: [Case] = [
        Case(rule(["get", "list"], ["pods"], names: ["a", "b"]), pods("get", "b"), true),
        Case(rule(["get", "list"], ["pods"], names: ["a", "b"]), pods("get", "c"), false),
        Case(rule(["get", "list"], ["pods"], names: ["a", "b"]), pods("list"), false),
        Case(rule(["list"], ["pods"], names: ["a"]), pods("list", "a"), true),
        Case(rule(["create"], ["pods"], names: ["a"]), pods("create"), false),
        Case(rule(["deletecollection"], ["pods"], names: ["a"]), pods("deletecollection"), false),
        Case(rule(["*"], ["*"], names: ["a"]), pods("list"), false),
    ]
    private static let paths: [Case] = [
        Case(rule(["*"], ["*"], groups: ["*"]), path("get", "/metrics"), false),
        Case(PolicyRule(verbs: ["get"], nonResourceURLs: ["/metrics"]), path("get", "/metrics"), true),
        Case(PolicyRule(verbs: ["get"], nonResourceURLs: ["/metrics"]), path("post", "/metrics"), false),
        Case(PolicyRule(verbs: ["get"], nonResourceURLs: ["/metrics"]), path("get", "/metrics/x"), false),
        Case(PolicyRule(verbs: ["get"], nonResourceURLs: ["/api/*"]), path("get", "/api/v1/coverage"), true),
        Case(PolicyRule(verbs: ["get"], nonResourceURLs: ["/api/*"]), path("get", "/api"), false),
        Case(PolicyRule(verbs: ["get"], nonResourceURLs: ["/a*b"]), path("get", "/axb"), false),
        Case(PolicyRule(verbs: ["get"], nonResourceURLs: ["/"]), path("get", "/metrics"), false),
        Case(PolicyRule(verbs: ["*"], nonResourceURLs: ["*"]), path("delete", "/metrics"), true),
        Case(PolicyRule(verbs: ["*"], nonResourceURLs: ["*"]), pods("get", "a"), false),
    ]

    @Test(arguments: [verbsAndResources, groups, subresources, names, paths].flatMap(\.self))
    func matches(test: Case) {
        #expect(test.rule.allows(test.attributes) == test.isAllowed, "\(test)")
    }

    @Test(arguments: [
        ("User", "u", true), ("User", "v", false), ("Group", "g", true), ("Group", "h", false), ("Robot", "u", false),
    ])
    func subjects(kind: String, name: String, isMeant: Bool) {
        let user = APIUser(name: "u", groups: ["g"])
        #expect(user.is(subject: ["kind": .string(kind), "name": .string(name)], in: nil) == isMeant)
    }

    @Test func serviceAccountsOfTheBindingsOwnNamespace() {
        let user = APIUser(name: "system:serviceaccount:n:s")
        #expect(user.is(subject: ["kind": "ServiceAccount", "name": "s", "namespace": "n"], in: nil))
        #expect(user.is(subject: ["kind": "ServiceAccount", "name": "s"], in: "n"))
        #expect(!user.is(subject: ["kind": "ServiceAccount", "name": "s"], in: nil))
        #expect(!user.is(subject: ["kind": "ServiceAccount", "name": "s", "namespace": "m"], in: "n"))
    }
}
