/// Why a report isn't taken.
public enum ReportFault: Error, Sendable, Hashable {
    /// It is no report at all.
    case unreadable
    /// Node, boot id or sequence is missing, or is nothing that could be one.
    case incomplete
    /// It has more of something than is taken.
    case tooMany(String, limit: Int)
    /// Decoded, it would take many times its own size: it consists of thousands of empty parts.
    case tooSpread
}

extension ReportFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadable: "it is no imagepuller.agent.v1.Report"
        case .incomplete: "node, boot_id and sequence (from 1) are required"
        case .tooMany(let what, let limit): "it has more than \(limit) \(what)"
        case .tooSpread: "it consists of too many nearly empty parts"
        }
    }
}
