import FoundationEssentials
import Shared

/// Where the next page of a list begins, as the real API server writes it: base64 of a small JSON object.
struct ContinueToken: Equatable {
    /// The revision that the list speaks of; -1 takes the current one (the rest of an expired list).
    let revision: Int
    /// The key of the last object that was sent.
    let last: String

    init(revision: Int, last: String) {
        self.revision = revision
        self.last = last
    }

    init(_ text: String) throws(APIError) {
        var padded = text.replacing("-", with: "+").replacing("_", with: "/")
        padded += String(repeating: "=", count: (4 - padded.count % 4) % 4)
        guard let data = Data(base64Encoded: padded) else {
            throw .badRequest("invalid continue token: continue key is not valid: illegal base64 data")
        }
        guard let object = try? JSONDecoder().decode(JSONValue.self, from: data) else {
            throw .badRequest("invalid continue token: continue key is not valid: invalid JSON")
        }
        guard object["v"] == "meta.k8s.io/v1", let revision = object["rv"]?.integerValue,
            let start = object["start"]?.stringValue
        else {
            throw .badRequest("invalid continue token: continue key is not valid: incorrect encoded version")
        }
        self.revision = Int(revision)
        last = start.hasSuffix("\0") ? String(start.dropLast()) : start
    }

    var text: String {
        let object: JSONValue = [
            "v": "meta.k8s.io/v1", "rv": .integer(Int64(revision)), "start": .string(last + "\0"),
        ]
        let base64 = Data(object.encoded()).base64EncodedString()
        return base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
