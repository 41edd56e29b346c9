import Foundation
import RealRuntime
import Shared
import Testing

/// Whether the chart installs the CustomResourceDefinition is a question of who has installed it before: helm itself asks, of an
/// API server that knows little else.
@Suite struct DefinitionOwnerTests {
    private static let name = "kubernetesimagepullers.che.eclipse.org"

    /// Which kinds there are, and the definition with the metadata of the first argument; none: there's no such definition.
    private static let apiServer = """
        import http.server, json, sys
        metadata = json.loads(sys.argv[1])
        kinds = {"v1": ["ConfigMap", "Pod", "Service", "ServiceAccount"], "apps/v1": ["Deployment"],
                 "rbac.authorization.k8s.io/v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
                 "apiextensions.k8s.io/v1": ["CustomResourceDefinition"]}
        versions = [{"groupVersion": v, "version": "v1"} for v in kinds if "/" in v]
        answers = {"/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
                   "/api": {"kind": "APIVersions", "versions": ["v1"]},
                   "/apis": {"kind": "APIGroupList", "groups": [
                       {"name": v["groupVersion"][:-3], "versions": [v], "preferredVersion": v} for v in versions]}}
        for version, names in kinds.items():
            answers["/api/v1" if version == "v1" else "/apis/" + version] = {
                "kind": "APIResourceList", "groupVersion": version, "resources": [
                    {"name": k.lower() + "s", "singularName": "", "kind": k, "verbs": ["get", "create"],
                     "namespaced": not k.startswith(("Cluster", "Custom"))} for k in names]}
        if metadata:
            answers["/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + metadata["name"]] = {
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata}
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_): pass
            def do_GET(self):
                answer = answers.get(self.path.split("?")[0])
                body = json.dumps(answer or {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404})
                self.send_response(200 if answer else 404)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body.encode())
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print("port", server.server_port, flush=True)
        server.serve_forever()
        """

    /// What helm makes of the chart where the definition has such metadata.
    private static func render(_ metadata: JSONValue?) async throws -> [JSONValue] {
        try await RealMachine.with { machine in
            let text = String(decoding: try JSONEncoder().encode(metadata), as: UTF8.self)
            let server = try machine.daemon(
                "/usr/bin/env", ["python3", "-c", apiServer, text], environment: ProcessInfo.processInfo.environment)
            for _ in 0..<300 where !server.output().contains("port ") {
                if let status = server.exitStatus() {
                    throw RealRuntimeError("the API server ended with \(status): \(server.output())")
                }
                try await Task.sleep(for: .milliseconds(100))
            }
            let port = try #require(server.output().firstMatch(of: /port ([0-9]+)/)?.output.1)
            let kubeconfig = machine.directory + "/kubeconfig"
            try TextFile.write(
                kubeconfig,
                """
                apiVersion: v1
                kind: Config
                clusters: [{name: a, cluster: {server: "http://127.0.0.1:\(port)"}}]
                users: [{name: a, user: {}}]
                contexts: [{name: a, context: {cluster: a, user: a}}]
                current-context: a

                """)
            return try YAMLDocuments.read(
                try await Repository.helm(
                    [
                        "template", "puller", Repository.chart, "--namespace", "k8s-image-puller", "--dry-run=server",
                        "--disable-openapi-validation", "--kubeconfig", kubeconfig, "--set", "operator.enabled=true",
                    ] + HelmCase.registry))
        }
    }

    private static func metadata(release: String, namespace: String = "k8s-image-puller") -> JSONValue {
        [
            "name": .string(name), "labels": ["app.kubernetes.io/managed-by": "Helm"],
            "annotations": [
                "meta.helm.sh/release-name": .string(release), "meta.helm.sh/release-namespace": .string(namespace),
            ],
        ]
    }

    @Test func aNewOneAndTheReleasesOwnAreInstalled() async throws {
        for metadata in [nil, Self.metadata(release: "puller")] {
            #expect(try await Self.render(metadata).contains { $0.kind == "CustomResourceDefinition" })
        }
    }

    /// helm would end with an error over it, and OLM would put its own back.
    @Test func somebodyElsesIsLeftAsItIs() async throws {
        let others = [
            ["name": .string(Self.name)], Self.metadata(release: "other"),
            Self.metadata(release: "puller", namespace: "elsewhere"),
        ]
        for metadata in others {
            let objects = try await Self.render(metadata)
            #expect(!objects.contains { $0.kind == "CustomResourceDefinition" })
            #expect(try HelmChartTests.arguments(objects).contains("--operator"))
        }
    }
}
