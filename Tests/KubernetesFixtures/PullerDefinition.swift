import Shared

@testable import KubernetesClient

/// The CustomResourceDefinition of `KubernetesImagePuller` objects, as the Go operator and as Image Puller install it.
enum PullerDefinition {
    static let name = CustomResourceDefinition.name(of: .imagePullers)

    private static let strings = [
        "configMapName", "daemonsetName", "deploymentName", "images", "cachingIntervalHours", "cachingMemoryRequest",
        "cachingMemoryLimit", "cachingCPURequest", "cachingCPULimit", "nodeSelector", "imagePullSecrets", "affinity",
        "tolerations", "imagePullerImage",
    ]

    private static let text: JSONValue = ["type": "string"]
    private static let anything: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]

    private static let conditions: JSONValue = [
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
        "items": [
            "type": "object", "required": ["lastTransitionTime", "message", "reason", "status", "type"],
            "properties": [
                "type": text, "message": text, "lastTransitionTime": text, "observedGeneration": ["type": "integer"],
                "status": ["type": "string", "enum": ["True", "False", "Unknown"]],
                "reason": ["type": "string", "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"],
            ],
        ],
    ]

    /// - Parameter isOurs: with our fields; else those that the Go operator has.
    static func document(isOurs: Bool) -> JSONValue {
        var spec = strings.reduce(into: [String: JSONValue]()) { $0[$1] = text }
        var status: [String: JSONValue] = ["imagePullerImage": text, "conditions": conditions]
        if isOurs {
            for field in ["imageList", "tolerationList"] { spec[field] = ["type": "array", "items": anything] }
            for field in ["nodeLabels", "daemonSetAnnotations", "affinityObject"] { spec[field] = anything }
            spec["pullSecrets"] = ["type": "array", "items": text]
            spec["priorityClassName"] = text
            for field in ["observedGeneration", "present", "failed", "wanted"] { status[field] = ["type": "integer"] }
            for field in ["coverage", "message"] { status[field] = text }
            status["images"] = ["type": "array", "maxItems": 100, "items": anything]
        }
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string(name)],
            "spec": [
                "group": "che.eclipse.org", "scope": "Namespaced",
                "names": ["kind": "KubernetesImagePuller", "plural": "kubernetesimagepullers"],
                "versions": [
                    [
                        "name": "v1alpha1", "served": true, "storage": true, "subresources": ["status": [:]],
                        "schema": [
                            "openAPIV3Schema": [
                                "type": "object",
                                "properties": [
                                    "spec": ["type": "object", "properties": .object(spec)],
                                    "status": ["type": "object", "properties": .object(status)],
                                ],
                            ]
                        ],
                    ]
                ],
            ],
        ]
    }
}
