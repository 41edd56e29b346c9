import FoundationEssentials
import Shared

/// What a platform's admission makes of objects in a namespace, as annotations of the namespace say.
struct PlatformPolicy: Sendable {
    /// A JSON merge patch of each DaemonSet that is written.
    static let mutationAnnotation = "cluster-simulator/mutate-daemonsets"
    /// `FROM=TO`: of each pod that is made, images that begin with FROM begin with TO.
    static let imagesAnnotation = "cluster-simulator/rename-images"
    /// How many pods there may be.
    static let quotaAnnotation = "cluster-simulator/pod-quota"

    private let annotations: [String: String]

    init(_ namespace: JSONValue) { annotations = namespace.annotations }

    var podQuota: Int? { annotations[Self.quotaAnnotation].flatMap { Int($0) } }

    func mutate(_ type: ResourceType, _ object: JSONValue) -> JSONValue {
        if type == .daemonSets {
            guard let text = annotations[Self.mutationAnnotation],
                let patch = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
            else { return object }
            return MergePatch.merge(patch, into: object)
        }
        guard let rule = annotations[Self.imagesAnnotation]?.split(separator: "=", maxSplits: 1), rule.count == 2
        else { return object }
        var object = object
        let containers = (object.at("spec", "containers")?.arrayValue ?? []).map { container in
            guard let image = container["image"]?.stringValue, image.hasPrefix(rule[0]) else { return container }
            var container = container
            container["image"] = .string(String(rule[1]) + String(image.dropFirst(rule[0].count)))
            return container
        }
        object.set("spec", "containers", to: .array(containers))
        return object
    }
}
