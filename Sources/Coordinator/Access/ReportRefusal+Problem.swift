import Control
import HTTPListener
import HTTPTypes

extension ProblemDocument {
    package init(_ refusal: ReportRefusal) {
        switch refusal {
        case .incomplete:
            self.init(
                .badRequest, "report-incomplete", title: "The report is incomplete",
                detail: "node, boot_id and sequence (from 1) are required.")
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
}
