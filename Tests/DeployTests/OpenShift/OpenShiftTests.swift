import Foundation
import RealRuntime
import Shared
import Testing

/// The templates, processed as `oc process` does.
@Suite struct OpenShiftTests {
    static let names = ["serviceaccount", "configmap", "app", "operator"]

    /// The parameters of the Go puller's templates, with their defaults.
    private static let theirs: [String: [String: String]] = [
        "serviceaccount": ["SERVICEACCOUNT_NAME": "k8s-image-puller"],
        "configmap": [
            // Theirs has a list of Eclipse Che's images; nothing of others' is cached before somebody lists it.
            "IMAGES": "",
            "DAEMONSET_NAME": "kubernetes-image-puller", "CACHING_INTERVAL_HOURS": "1",
            "NAMESPACE": "k8s-image-puller", "CACHING_MEMORY_REQUEST": "10Mi", "CACHING_MEMORY_LIMIT": "20Mi",
            "CACHING_CPU_REQUEST": ".05", "CACHING_CPU_LIMIT": ".2", "NODE_SELECTOR": "{}",
            "IMAGE_PULL_SECRETS": "", "AFFINITY": "{}", "TOLERATIONS": "[]",
            // Theirs is the Go puller's image, in which there is no agent.
            "KIP_IMAGE": "",
        ],
        "app": [
            "DEPLOYMENT_NAME": "kubernetes-image-puller", "SERVICEACCOUNT_NAME": "k8s-image-puller",
            "IMAGE": "quay.io/eclipse/kubernetes-image-puller", "IMAGE_TAG": "next", "PRIORITY_CLASS_NAME": "",
            "DEPLOYMENT_CPU_REQUEST": "50m", "DEPLOYMENT_MEMORY_REQUEST": "64Mi", "DEPLOYMENT_CPU_LIMIT": "200m",
            "DEPLOYMENT_MEMORY_LIMIT": "256Mi",
        ],
    ]

    @Test(arguments: names)
    func theTemplateIsValid(_ name: String) throws {
        let template = try OpenShiftTemplate.read(name)
        let check = try SchemaCheck()
        #expect(check.faults(template.document) == [])
        // Nothing else need be given: `oc process -f FILE | oc apply -f -`.
        let objects = try template.process(name == "app" ? OpenShiftTemplate.images : [:])
        #expect(objects.flatMap(check.faults) == [])
        #expect(!objects.isEmpty)
        for object in objects {
            let text = String(decoding: try JSONEncoder().encode(object), as: UTF8.self)
            #expect(!text.contains("${"), "a parameter without a definition in \(object.kind) \(object.name)")
            #expect(!text.contains("quay.io/eclipse"), "the Go puller's image")
        }
    }

    @Test(arguments: names)
    func theGoPullersParametersAreThere(_ name: String) throws {
        let parameters = try OpenShiftTemplate.read(name).parameters
        #expect(Set(parameters.map(\.name)).count == parameters.count)
        for (parameter, value) in Self.theirs[name] ?? [:] {
            #expect(parameters.first { $0.name == parameter }?.value == value, "\(parameter)")
        }
    }

    @Test func parametersGoWhereTheyBelong() throws {
        let map = try OpenShiftTemplate.read("configmap").process([
            "IMAGES": "a=b", "NODE_SELECTOR": #"{"disk":"ssd"}"#, "RUNTIME_SOCKET": "none",
        ]).first("ConfigMap")
        #expect(map.at("data", "IMAGES") == "a=b")
        #expect(map.at("data", "NODE_SELECTOR") == #"{"disk":"ssd"}"#)
        #expect(map.at("data", "RUNTIME_SOCKET") == "none")

        let objects = try OpenShiftTemplate.read("app").process([
            "DEPLOYMENT_NAME": "p", "COORDINATOR_IMAGE": "c:1", "AGENT_IMAGE": "a:1", "DEPLOYMENT_CPU_LIMIT": "2",
            "EXTERNAL_URL": "https://images.example.com", "RUNBOOK_URL": "https://wiki.example.com/puller",
            "CLUSTER_NAME": "prod",
        ])
        let deployment = try objects.first("Deployment", "p")
        let container = try #require(
            deployment.at("spec", "template", "spec", "containers")?.arrayValue?.first)
        #expect(container["image"] == "c:1")
        #expect(container.at("resources", "limits", "cpu") == "2")
        let arguments = (container["args"]?.arrayValue ?? []).compactMap(\.stringValue)
        #expect(arguments.contains("--service=p") && arguments.contains("--agent-image=a:1"))
        let links = [
            "--external-url", "https://images.example.com", "--runbook-url", "https://wiki.example.com/puller",
            "--cluster-name", "prod", "--operator-namespaces", "",
        ]
        #expect(arguments.suffix(8) == links)
        #expect(try objects.first("Service").name == "p")
        #expect(throws: RealRuntimeError.self) { try OpenShiftTemplate.read("app").process(["DEPLOYMENT": "p"]) }
    }

    @Test func thePodIsRestrictedAndHasNoFixedIds() throws {
        let deployment = try OpenShiftTemplate.read("app").process(OpenShiftTemplate.images).first("Deployment")
        let spec = try #require(deployment.at("spec", "template", "spec"))
        #expect(PodStandard.faults(spec) == [])
        let text = String(decoding: try JSONEncoder().encode(spec), as: UTF8.self)
        for field in ["runAsUser", "runAsGroup", "fsGroup"] { #expect(!text.contains(field)) }
        #expect(deployment.at("spec", "selector", "matchLabels") == ["app": "kubernetes-image-puller"])
        #expect(deployment.at("spec", "strategy", "type") == "Recreate")
    }

    /// A placeholder would be found out by a pod that can't pull; `oc process` says it at once.
    @Test(arguments: ["COORDINATOR_IMAGE", "AGENT_IMAGE"])
    func theImagesMustBeGiven(_ parameter: String) throws {
        var given = OpenShiftTemplate.images
        given[parameter] = nil
        let error = #expect(throws: RealRuntimeError.self) { try OpenShiftTemplate.read("app").process(given) }
        #expect(error?.description.contains("parameter \(parameter) is required") == true)
    }

    /// What the agent's manifest asks for on OpenShift is what the constraints allow, and little else.
    @Test func theConstraintsAllowTheAgentAlone() throws {
        let objects = try OpenShiftTemplate.read("serviceaccount").process()
        let constraints = try objects.first("SecurityContextConstraints")
        for field in ["HostIPC", "HostNetwork", "HostPID", "HostPorts", "PrivilegedContainer", "PrivilegeEscalation"] {
            #expect(constraints["allow\(field)"] == false)
        }
        #expect(constraints["allowHostDirVolumePlugin"] == true)
        #expect(constraints.at("runAsUser", "type") == "RunAsAny")
        #expect(constraints.at("seLinuxContext", "type") == "RunAsAny")
        #expect(constraints["requiredDropCapabilities"] == ["ALL"])
        // By a binding in the namespace; a name here would be cluster-wide and outside of RBAC.
        #expect(constraints["users"] == [] && constraints["groups"] == [])
    }

    /// A processor that refuses nothing would prove nothing.
    @Test func requiredAndGeneratedParameters() throws {
        let template = OpenShiftTemplate([
            "objects": [["kind": "ConfigMap", "data": ["a": "x-${A}-${B}-${C}", "n": "${{N}}"]]],
            "parameters": [
                ["name": "A", "required": true], ["name": "B", "generate": "expression", "from": "[a-z]{4}"],
                ["name": "N", "value": "3"],
            ],
        ])
        #expect(throws: RealRuntimeError.self) { try template.process() }
        let data = try template.process(["A": "1"]).first?["data"]
        #expect(data == ["a": "x-1-generated-${C}", "n": 3])
    }
}
