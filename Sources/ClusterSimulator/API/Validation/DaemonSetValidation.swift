import Shared

/// The checks of a DaemonSet beyond those of every workload.
enum DaemonSetValidation {
    static func faults(_ object: JSONValue, old: JSONValue?) -> [FieldFault] {
        WorkloadValidation.faults(object, old: old, word: "daemonset")
            + strategyFaults(object.at("spec", "updateStrategy") ?? .object([:]))
    }

    private static func strategyFaults(_ strategy: JSONValue) -> [FieldFault] {
        let field = "spec.updateStrategy"
        let kind = strategy["type"] ?? .null
        if kind == "OnDelete" { return [] }
        guard kind == "RollingUpdate" else {
            return [.notSupported("\(field).type", kind, ["RollingUpdate", "OnDelete"])]
        }
        let rolling = strategy["rollingUpdate"] ?? .object([:])
        let unavailable = rolling["maxUnavailable"] ?? 1
        let surge = rolling["maxSurge"] ?? 0
        switch (isZero(unavailable), isZero(surge)) {
        case (true, true):
            return [
                .invalid("\(field).rollingUpdate.maxUnavailable", unavailable, "cannot be 0 when maxSurge is 0")
            ]
        case (false, false):
            return [
                .invalid(
                    "\(field).rollingUpdate.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
            ]
        default: return []
        }
    }

    private static func isZero(_ amount: JSONValue) -> Bool {
        amount == 0 || amount == "0" || amount == "0%"
    }
}
