import FoundationEssentials
import Shared

extension Scenario {
    /// Reads a scenario from a file.
    static func read(_ path: String) throws -> Scenario {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ScenarioError("\(path) can't be read")
        }
        do {
            return try JSONDecoder().decode(Scenario.self, from: data)
        } catch let error as DecodingError {
            throw ScenarioError("\(path): \(error.explanation)")
        }
    }

    /// Lets the image's registry have it. A registry that isn't there is made.
    mutating func add(_ image: ImageScenario) throws {
        let host: String
        do {
            host = try ImageReference(image.reference).registry
        } catch {
            throw ScenarioError(error.description)
        }
        var registries = registries ?? []
        let index = registries.firstIndex { $0.host == host } ?? registries.count
        if index == registries.count { registries.append(RegistryScenario(host: host)) }
        var images = registries[index].images ?? []
        if !images.contains(where: { $0.reference == image.reference }) { images.append(image) }
        registries[index].images = images
        self.registries = registries
    }
}

extension DecodingError {
    /// Where, and what is wrong there.
    var explanation: String {
        let context: Context
        switch self {
        case .typeMismatch(_, let given), .valueNotFound(_, let given), .keyNotFound(_, let given),
            .dataCorrupted(let given):
            context = given
        @unknown default: return "\(self)"
        }
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        return "at \(path.isEmpty ? "the top" : path): \(context.debugDescription)"
    }
}
