import RealRuntime
import Shared

/// Does what `oc process` does: fills the parameters in.
///
/// `${NAME}` stands for text within a string; a string that is `${{NAME}}` as a whole becomes what the value is as JSON.
/// A parameter that nothing defines stays as it is written.
struct OpenShiftTemplate {
    struct Parameter: Equatable {
        var name: String
        var value: String
        var isRequired: Bool
        var generate: String?
    }

    /// What `app` needs: where the images are.
    static let images = [
        "COORDINATOR_IMAGE": "registry.example.com/image-puller/coordinator:0.1.0",
        "AGENT_IMAGE": "registry.example.com/image-puller/agent:0.1.0",
    ]

    let document: JSONValue
    let parameters: [Parameter]

    static func read(_ name: String) throws -> OpenShiftTemplate {
        let documents = try Repository.documents("deploy/openshift/\(name).yaml")
        guard documents.count == 1, let document = documents.first else {
            throw RealRuntimeError("\(name).yaml must have one document, as oc process wants it")
        }
        return OpenShiftTemplate(document)
    }

    init(_ document: JSONValue) {
        self.document = document
        parameters = (document["parameters"]?.arrayValue ?? []).map {
            Parameter(
                name: $0["name"]?.stringValue ?? "", value: $0["value"]?.stringValue ?? "",
                isRequired: $0["required"]?.boolValue ?? false, generate: $0["generate"]?.stringValue)
        }
    }

    /// The objects, with some parameters given (`-p NAME=VALUE`).
    func process(_ given: [String: String] = [:]) throws -> [JSONValue] {
        if let unknown = given.keys.first(where: { name in !parameters.contains { $0.name == name } }) {
            throw RealRuntimeError("unknown parameter name \"\(unknown)\"")
        }
        var values: [String: String] = [:]
        for parameter in parameters {
            var value = given[parameter.name] ?? parameter.value
            // What the expression makes doesn't matter here.
            if value.isEmpty, parameter.generate == "expression" { value = "generated" }
            if value.isEmpty, parameter.isRequired {
                throw RealRuntimeError("parameter \(parameter.name) is required and must be specified")
            }
            values[parameter.name] = value
        }
        return try (document["objects"]?.arrayValue ?? []).map { try fill($0, values) }
    }

    private func fill(_ value: JSONValue, _ values: [String: String]) throws -> JSONValue {
        switch value {
        case .object(let members):
            .object(
                try members.reduce(into: [:]) { result, member in
                    guard case .string(let key) = Self.text(member.key, values) else { return }
                    result[key] = try fill(member.value, values)
                })
        case .array(let elements): .array(try elements.map { try fill($0, values) })
        case .string(let text):
            if text.hasPrefix("${{"), text.hasSuffix("}}"), let value = values[String(text.dropFirst(3).dropLast(2))] {
                try YAMLDocuments.read(value).first ?? .string(value)
            } else {
                Self.text(text, values)
            }
        default: value
        }
    }

    private static func text(_ text: String, _ values: [String: String]) -> JSONValue {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
            let name = String(rest[start.upperBound..<end])
            result += rest[..<start.lowerBound]
            result += values[name] ?? "${\(name)}"
            rest = rest[rest.index(after: end)...]
        }
        return .string(result + rest)
    }
}
