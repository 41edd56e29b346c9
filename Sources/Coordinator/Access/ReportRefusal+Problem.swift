import Control
import HTTPListener
import HTTPTypes
import Shared

extension ProblemDocument {
    package init(_ refusal: ReportRefusal) {
        switch refusal {
        case .notReady:
            self.init(
                .serviceUnavailable, "not-ready", title: "The coordinator isn't ready",
                detail: "It has no accepted configuration, or hasn't listed the cluster yet. Send the report again.")
        case .unknownNode(let node):
            self.init(
                .conflict, "unknown-node", title: "The node isn't in the cluster",
                detail: "The cluster has no node \(node). A node that has just joined is known in a moment.")
        }
    }

    /// - Parameter isJSON: the report was meant as protobuf-JSON.
    package init(_ fault: ReportFault, isJSON: Bool) {
        switch fault {
        case .unreadable:
            self.init(
                .badRequest, "report-unreadable", title: "The report can't be read",
                detail: "The body is no imagepuller.agent.v1.Report as \(isJSON ? "protobuf-JSON" : "protobuf").")
        case .incomplete:
            self.init(
                .badRequest, "report-incomplete", title: "The report is incomplete",
                detail: "node, boot_id and sequence (from 1) are required, and a name of up to 253 bytes is a node's.")
        case .tooMany, .tooSpread:
            self.init(
                .contentTooLarge, "report-too-large", title: "The report holds too much",
                detail: "It is refused because \(fault). Nothing of it was taken; what was known of the node stands.")
        }
    }
}
