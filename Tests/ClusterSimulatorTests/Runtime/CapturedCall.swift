import ClusterModel
import Shared
import SwiftProtobuf

@testable import ClusterSimulator

/// One call that was made of a real runtime, and its answer.
struct CapturedCall {
    /// `containerd 1.6.20`
    let runtime: String
    let verb: String
    let argument: String
    let credential: CRIAuthConfig?
    /// Nil: the capture is cut off; ``text`` is what there is of it.
    let outcome: CallOutcome?
    let text: String

    /// `pull HOST/REPOSITORY:TAG USER PASSWORD`
    init(_ line: JSONValue) {
        runtime = line["runtime"]?.stringValue ?? ""
        let call = line["call"]?.stringValue ?? ""
        let verb = String(call.prefix { $0 != " " })
        self.verb = verb
        let rest = String(call.dropFirst(verb.count + 1))
        let words = rest.split(separator: " ").map(String.init)
        if words.count == 3 {
            argument = words[0]
            credential = CRIAuthConfig.with {
                $0.username = words[1]
                $0.password = words[2]
            }
        } else {
            argument = rest
            credential = nil
        }
        text = line["text"]?.stringValue ?? ""
        outcome = CallOutcome(line, verb: verb)
    }

    static let all: [CapturedCall] = (try? Fact("cri-calls.ndjson").lines.map(CapturedCall.init)) ?? []

    static func of(_ flavour: RuntimeFlavour) -> [CapturedCall] {
        let names: [RuntimeFlavour: String] = [
            .containerd16: "containerd 1.6.20", .containerd23: "containerd 2.3.4", .crio136: "CRI-O 1.36.3",
        ]
        return all.filter { $0.runtime == names[flavour] }
    }
}

/// What two answers to one call have to have in common. Lists have no order, times and amounts used are left out.
enum CallOutcome: Equatable {
    struct Image: Equatable {
        let id: String
        let tags: [String]
        let digests: [String]
        let size: UInt64
        let pinned: Bool
    }

    case refused(code: String, message: String)
    case version([String])
    case cgroupDriver(Int)
    /// With their states.
    case conditions([String])
    case removed
    case image(Image?)
    case pulled(String)
    case images([Image])
    /// Mount points of images and of containers.
    case filesystems([String], [String])
}

// MARK: Captured ones

extension CallOutcome {
    init?(_ line: JSONValue, verb: String) {
        if let error = line["error"] {
            self = .refused(
                code: error["code"]?.stringValue ?? "",
                message: Self.withoutContainer(error["message"]?.stringValue ?? ""))
            return
        }
        guard let answer = line["answer"] else { return nil }
        switch verb {
        case "version":
            self = .version(
                ["version", "runtime_name", "runtime_version", "runtime_api_version"].map {
                    answer[$0]?.stringValue ?? ""
                })
        case "config":
            self = .cgroupDriver(Int(answer.at("linux", "cgroup_driver")?.integerValue ?? 0))
        case "info":
            self = .conditions(
                (answer.at("status", "conditions")?.arrayValue ?? []).map {
                    "\($0["type"]?.stringValue ?? ""): \($0["status"] == true)"
                })
        case "remove": self = .removed
        case "status": self = .image(answer["image"].map(Image.init))
        case "pull": self = .pulled(answer["image_ref"]?.stringValue ?? "")
        case "list": self = .images((answer["images"]?.arrayValue ?? []).map(Image.init).sorted { $0.id < $1.id })
        case "fs":
            self = .filesystems(
                Self.mountPoints(answer["image_filesystems"]), Self.mountPoints(answer["container_filesystems"]))
        default: return nil
        }
    }

    private static func mountPoints(_ list: JSONValue?) -> [String] {
        (list?.arrayValue ?? []).map { $0.at("fs_id", "mountpoint")?.stringValue ?? "" }
    }

    /// Whose container it is that uses an image was another one's at the time.
    static func withoutContainer(_ message: String) -> String {
        guard message.hasPrefix("image used by "), let end = message.firstIndex(of: ":") else { return message }
        return "image used by CONTAINER" + message[end...]
    }
}

extension CallOutcome.Image {
    init(_ json: JSONValue) {
        id = json["id"]?.stringValue ?? ""
        tags = (json["repo_tags"]?.arrayValue ?? []).compactMap(\.stringValue).sorted()
        digests = (json["repo_digests"]?.arrayValue ?? []).compactMap(\.stringValue).sorted()
        size = UInt64(json["size"]?.integerValue ?? 0)
        pinned = json["pinned"] == true
    }

    init(_ image: CRIImage) {
        id = image.id
        tags = image.repoTags.sorted()
        digests = image.repoDigests.sorted()
        size = image.size
        pinned = image.pinned
    }
}
