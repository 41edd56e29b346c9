import ClusterModel

/// What is wrong on one node alone, as JSON. What is left out is in order.
///
///     {
///       "mirrors": {"registry.example.com": {"host": "mirror.example.com:5000", "fault": "404"}},
///       "megabitsPerSecond": 1, "stallsAfter": 0.5, "resetsAfterMegabytes": [20, 120],
///       "corruptPulls": 1, "store": "damaged", "breaksList": true
///     }
struct NodeFaultsScenario: Codable, Hashable, Sendable {
    /// The node's own mirror of a registry.
    struct Mirror: Codable, Hashable, Sendable {
        /// As messages name it.
        var host: String
        /// A status like `404`, or `refusing`, `silent`, `hanging`, `untrusted`, `noMatchingPlatform`.
        var fault: String

        func model() throws -> NodeFaults.Mirror {
            guard !host.isEmpty else { throw ScenarioError("a mirror needs a host") }
            return NodeFaults.Mirror(host: host, answer: try answer())
        }

        private func answer() throws -> NodeFaults.Mirror.Answer {
            switch fault {
            case "refusing": return .refusing
            case "silent": return .silent
            case "hanging": return .hanging
            case "untrusted": return .untrusted
            case "noMatchingPlatform": return .noMatchingPlatform
            default:
                guard let status = Int(fault), [401, 403, 404, 429].contains(status) || (500...599).contains(status)
                else {
                    throw ScenarioError(
                        "fault \"\(fault)\" of mirror \(host) is not refusing, silent, hanging, untrusted, "
                            + "noMatchingPlatform, 401, 403, 404, 429 or a status from 500 to 599")
                }
                return .status(status)
            }
        }
    }

    /// By the registry's host; `*` for all others.
    var mirrors: [String: Mirror]?
    /// A slower network than the node's own.
    var megabitsPerSecond: Double?
    /// Transfers stop for good after this fraction of their bytes, from 0 to 1.
    var stallsAfter: Double?
    /// Connections are reset after a number of megabytes between these two.
    var resetsAfterMegabytes: [Double]?
    /// So many of the next transfers bring damaged content.
    var corruptPulls: Int?
    /// `full` (nothing can be written though there's room), `damaged` (nothing can be unpacked) or `forgetful` (pulls are
    /// said to succeed, and nothing is stored).
    var store: NodeFaults.Store?
    /// One image makes every list fail; CRI-O alone does so.
    var breaksList: Bool?

    func model() throws -> NodeFaults {
        var faults = NodeFaults()
        faults.mirrors = try (mirrors ?? [:]).mapValues { try $0.model() }
        if let megabitsPerSecond {
            guard megabitsPerSecond >= 0 else { throw ScenarioError("megabitsPerSecond is below 0") }
            faults.bandwidth = megabitsPerSecond * 125_000
        }
        if let stallsAfter {
            guard (0...1).contains(stallsAfter) else { throw ScenarioError("stallsAfter is not from 0 to 1") }
            faults.stallsAfter = stallsAfter
        }
        faults.resetsAfter = try Megabytes.range(resetsAfterMegabytes, field: "resetsAfterMegabytes")
        faults.corruptPulls = max(0, corruptPulls ?? 0)
        faults.store = store
        faults.breaksList = breaksList ?? false
        return faults
    }
}

/// Millions of bytes, as scenarios write them.
enum Megabytes {
    /// Two numbers, the smaller one first.
    static func range(_ pair: [Double]?, field: String) throws -> ClosedRange<Int64>? {
        guard let pair else { return nil }
        guard pair.count == 2, pair[0] >= 0, pair[0] <= pair[1], pair[1] <= 1e9 else {
            throw ScenarioError("\(field) is not two numbers of megabytes, the smaller one first")
        }
        return Int64(pair[0] * 1_000_000)...Int64(pair[1] * 1_000_000)
    }
}
