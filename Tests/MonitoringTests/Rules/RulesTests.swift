import Foundation
import RealRuntime
import Shared
import Testing
import Yams

@testable import Alerting
@testable import Telemetry

@Suite("Alert rules and the Grafana dashboard", .timeLimit(.minutes(5))) struct RulesTests {
    private struct RuleFile: Decodable {
        struct Group: Decodable {
            struct Rule: Decodable {
                var alert: String
                var expr: String
                var labels: [String: String]
                var annotations: [String: String]
            }

            var rules: [Rule]
        }

        var groups: [Group]
    }

    private static let files = ["deploy/prometheus/rules.yaml", "deploy/prometheus/watchdog.yaml"]
    private static let dashboard = "deploy/grafana/image-puller.json"
    /// What the rules have for the place of docs/runbook.md, and the chart replaces.
    private static let runbook = "https://docs.example.com/image-puller/runbook.md"

    private static func rules() throws -> [RuleFile.Group.Rule] {
        try files.flatMap { file in
            try YAMLDecoder().decode(RuleFile.self, from: try Repository.text(file)).groups.flatMap(\.rules)
        }
    }

    @Test(.enabled(if: MonitoringTool.isThere)) func promtoolFindsNothingWrong() async throws {
        for file in Self.files { try await MonitoringTool.promtool("check", "rules", Repository.path(file)) }
    }

    @Test(.enabled(if: MonitoringTool.isThere)) func promtoolsUnitTestsPass() async throws {
        let folder = Repository.path("deploy/prometheus/tests")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(files.count >= 3)
        for file in files { try await MonitoringTool.promtool("test", "rules", "\(folder)/\(file)") }
        let texts = try files.map { try Repository.text("deploy/prometheus/tests/\($0)") }.joined()
        for rule in try Self.rules() {
            #expect(texts.contains("alertname: \(rule.alert)\n"), "\(rule.alert) has no unit test")
        }
    }

    @Test func everyAlertSaysWhatToDo() throws {
        let runbook = try Repository.text("docs/runbook.md")
        let anchors = Set(
            runbook.split(separator: "\n").filter { $0.hasPrefix("## ") }.map { $0.dropFirst(3).lowercased() })
        let rules = try Self.rules()
        #expect(Set(rules.map(\.alert)).count == rules.count)
        for rule in rules {
            #expect(rule.labels["severity"] != nil, "\(rule.alert)")
            for annotation in ["summary", "description"] {
                #expect(rule.annotations[annotation]?.isEmpty == false, "\(rule.alert)")
            }
            #expect(rule.annotations["runbook_url"] == "\(Self.runbook)#\(rule.alert.lowercased())")
            let hasView = ["$labels.image", "$labels.node"].contains {
                rule.annotations["summary"]?.contains($0) == true
            }
            #expect((rule.annotations["view"] != nil) == hasView, "\(rule.alert)")
            #expect(anchors.contains(rule.alert.lowercased()), "docs/runbook.md has no section \(rule.alert)")
        }
        #expect(anchors.contains(AlertMessage.runbookSection))
    }

    @Test func everyMetricExists() throws {
        for rule in try Self.rules() { Self.expectKnown(rule.expr, rule.alert) }
        for (panel, expression) in try Self.expressions() { Self.expectKnown(expression, panel) }
    }

    /// docs/metrics.md has every metric with its kind and meaning, and no other.
    @Test func everyMetricIsDescribed() throws {
        let rows = try Repository.text("docs/metrics.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.count == MetricCatalogue.all.count)
        for spec in MetricCatalogue.all {
            let kind = String("\(spec.kind)".prefix { $0 != "(" })
            let row = rows.first { $0.hasPrefix("| `\(spec.name)` | \(kind) | ") }
            #expect(row?.hasSuffix(" | \(spec.help) |") == true, "docs/metrics.md: \(spec.name) \(kind): \(spec.help)")
        }
    }

    @Test(.enabled(if: MonitoringTool.isThere)) func prometheusReadsTheExample() async throws {
        let lines = try Repository.text("docs/metrics.md").split(separator: "\n", omittingEmptySubsequences: false)
        let example = lines.drop { $0 != "    scrape_configs:" }.prefix { $0.hasPrefix("    ") }
        #expect(example.count > 5)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("scrape-\(UUID().uuidString).yaml")
        try Data(example.joined(separator: "\n").utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        // Without looking for the files that it names.
        try await MonitoringTool.promtool("check", "config", "--syntax-only", file.path)
    }

    /// The routes that docs/troubleshooting.md has for alerts about the DaemonSet's pods: they leave the coordinator's own
    /// pod alone.
    @Test(.enabled(if: MonitoringTool.isThere)) func alertmanagerReadsTheExample() async throws {
        let lines = try Repository.text("docs/troubleshooting.md").split(
            separator: "\n", omittingEmptySubsequences: false)
        let example = lines.drop { $0 != "        route:" }.prefix { $0.hasPrefix("        ") }.map { $0.dropFirst(8) }
        #expect(example.count > 5)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("routes-\(UUID().uuidString).yaml")
        try Data((example.joined(separator: "\n") + "\n").utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await Tool.run("amtool", "check-config", file.path)
        for (pod, receiver) in [
            ("kubernetes-image-puller-7xk2p", "nobody"), ("kubernetes-image-puller-6d5f9c8b7d-7xk2p", "on-call"),
        ] {
            let labels = ["alertname=KubePodNotReady", "namespace=k8s-image-puller", "pod=\(pod)"]
            let routes = try await Tool.run(
                "amtool", arguments: ["config", "routes", "test", "--config.file", file.path] + labels)
            #expect(routes.contains(receiver), "\(pod): \(routes)")
        }
    }

    private static func expectKnown(_ expression: String, _ place: String) {
        let names = expression.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
            .filter { $0.hasPrefix("image_puller_") || $0.hasPrefix("process_") }
        for name in names {
            #expect(
                MetricCatalogue.all.contains { spec in
                    if case .histogram = spec.kind {
                        return ["_bucket", "_sum", "_count"].contains { spec.name + $0 == name }
                    }
                    return spec.name == name
                }, "\(place): there is no metric \(name)")
        }
    }

    // MARK: Grafana

    /// The expressions of all panels, with Grafana's variables as Grafana fills them in.
    private static func expressions() throws -> [(panel: String, expression: String)] {
        let document = try JSONDecoder().decode(JSONValue.self, from: Data(try Repository.text(dashboard).utf8))
        return (document["panels"]?.arrayValue ?? []).flatMap { panel -> [(String, String)] in
            (panel["targets"]?.arrayValue ?? []).compactMap { target in
                target["expr"]?.stringValue.map { (panel["title"]?.stringValue ?? "?", $0) }
            }
        }.map { panel, expression in
            (
                panel,
                expression.replacing("$__rate_interval", with: "5m").replacing("$image", with: ".*")
                    .replacing("$namespace", with: ".*")
            )
        }
    }

    @Test func panelsAreComplete() throws {
        let document = try JSONDecoder().decode(JSONValue.self, from: Data(try Repository.text(Self.dashboard).utf8))
        #expect(document["uid"]?.stringValue == "image-puller")
        let panels = document["panels"]?.arrayValue ?? []
        #expect(panels.count >= 10)
        #expect(Set(panels.compactMap { $0["id"]?.integerValue }).count == panels.count)
        for panel in panels where panel["type"]?.stringValue != "row" {
            let title = panel["title"]?.stringValue ?? ""
            #expect(!title.isEmpty && panel["description"]?.stringValue?.isEmpty == false, "\(title)")
            #expect(panel["targets"]?.arrayValue?.isEmpty == false, "\(title)")
            #expect(panel["datasource"]?["uid"]?.stringValue == "${datasource}", "\(title)")
        }
    }

    /// As recording rules, which promtool parses.
    @Test(.enabled(if: MonitoringTool.isThere)) func prometheusReadsEveryExpression() async throws {
        let expressions = try Self.expressions()
        #expect(expressions.count >= 10)
        var text = "groups:\n  - name: dashboard\n    rules:\n"
        for (index, entry) in expressions.enumerated() {
            let quoted = entry.expression.replacing("'", with: "''")
            text += "      - {record: 'panel:number\(index):x', expr: '\(quoted)'}\n"
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("panels-\(UUID().uuidString).yaml")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await MonitoringTool.promtool("check", "rules", file.path)
    }

    // MARK: The chart

    /// The chart can hold only what lies in its folder.
    @Test(arguments: [
        ("deploy/helm/files/rules.yaml", "deploy/prometheus/rules.yaml"),
        ("deploy/helm/files/watchdog.yaml", "deploy/prometheus/watchdog.yaml"),
        ("deploy/helm/files/image-puller.json", "deploy/grafana/image-puller.json"),
        ("deploy/helm/files/crd.yaml", "deploy/kustomize/operator/crd.yaml"),
    ])
    func theChartHasTheSame(copy: String, original: String) throws {
        #expect(try Repository.text(copy) == Repository.text(original))
    }
}
