import ClusterModel
import FoundationEssentials
import Shared

/// A pod's status as its kubelet writes it.
struct PodStatus {
    /// The object whose status this is; conditions that stay as they were keep their times.
    let pod: JSONValue
    let model: PodModel
    /// The wall clock's time at the model's zero.
    let epoch: Date
    let now: Date
    let hostIP: String
    /// The scheme of container ids: `containerd`.
    let runtime: String

    var status: JSONValue {
        let containers = model.containers.filter { !$0.isInit && !$0.isEphemeral }
        let hasStarted = model.containers.contains { $0.containerID != nil }
        var status: JSONValue = [
            "phase": .string(model.isInitialized && containers.contains { $0.containerID != nil } ? phase : "Pending"),
            "conditions": conditions,
            "hostIP": .string(hostIP), "hostIPs": [["ip": .string(hostIP)]],
            "qosClass": "Burstable",
            "startTime": .string(date(model.addedAt)),
            "containerStatuses": .array(
                containers.sorted { $0.spec.name < $1.spec.name }.map(describe)),
        ]
        if let generation = pod.at("metadata", "generation") { status["observedGeneration"] = generation }
        let initial = model.containers.filter(\.isInit)
        if !initial.isEmpty {
            status["initContainerStatuses"] = .array(initial.map(describe))
        }
        let added = model.containers.filter(\.isEphemeral)
        if !added.isEmpty {
            status["ephemeralContainerStatuses"] = .array(added.map(describe))
        }
        if hasStarted {
            let number = StableHash.hash(model.id)
            let address = "10.89.\(number % 250 + 1).\(number / 250 % 250 + 2)"
            status["podIP"] = .string(address)
            status["podIPs"] = [["ip": .string(address)]]
        }
        return status
    }

    /// Pending until every container has been started once.
    private var phase: String {
        model.containers.allSatisfy { $0.isInit || $0.isEphemeral || $0.containerID != nil } ? "Running" : "Pending"
    }

    private func date(_ time: Seconds) -> String { timestamp(epoch.addingTimeInterval(time)) }

    // MARK: Conditions

    private var conditions: JSONValue {
        let unready = model.containers.filter { !$0.isInit && !$0.isEphemeral && !$0.isRunning }.map(\.spec.name)
        let uninitialized = model.containers.filter { $0.isInit && !$0.isCompleted }.map(\.spec.name)
        let notReady: (String, String)? =
            unready.isEmpty
            ? nil : ("ContainersNotReady", "containers with unready status: [\(unready.joined(separator: " "))]")
        return .array([
            condition("PodReadyToStartContainers", nil),
            condition(
                "Initialized",
                uninitialized.isEmpty
                    ? nil
                    : (
                        "ContainersNotInitialized",
                        "containers with incomplete status: [\(uninitialized.joined(separator: " "))]"
                    )),
            condition("Ready", notReady),
            condition("ContainersReady", notReady),
            condition("PodScheduled", nil),
        ])
    }

    /// - Parameter problem: reason and message of a condition that isn't met.
    private func condition(_ type: String, _ problem: (reason: String, message: String)?) -> JSONValue {
        let value: JSONValue = problem == nil ? "True" : "False"
        let before = pod.at("status", "conditions")?.arrayValue?.first { $0["type"]?.stringValue == type }
        let since = before?["status"] == value ? before?["lastTransitionTime"] : nil
        var condition: JSONValue = [
            "type": .string(type), "status": value, "lastProbeTime": .null,
            "lastTransitionTime": since ?? .string(timestamp(now)),
        ]
        if let problem {
            condition["reason"] = .string(problem.reason)
            condition["message"] = .string(problem.message)
        }
        if let generation = pod.at("metadata", "generation") { condition["observedGeneration"] = generation }
        return condition
    }

    // MARK: Containers

    private func describe(_ container: PodModel.Container) -> JSONValue {
        var status: JSONValue = [
            "name": .string(container.spec.name), "image": .string(container.imageName),
            "imageID": .string(container.imageID), "lastState": .object([:]),
            "ready": .bool(
                container.isInit ? container.isCompleted : container.isRunning && !container.isEphemeral),
            "restartCount": .integer(Int64(container.restartCount)),
            "state": state(container),
        ]
        if !container.isEphemeral { status["started"] = .bool(!container.isInit && container.isRunning) }
        if let id = container.containerID { status["containerID"] = .string("\(runtime)://\(id)") }
        if let last = container.lastTermination { status["lastState"] = ["terminated": describe(last)] }
        return status
    }

    private func state(_ container: PodModel.Container) -> JSONValue {
        switch container.state {
        case .waiting(let reason, let message):
            var waiting: JSONValue = ["reason": .string(reason)]
            waiting["message"] = message.map(JSONValue.string)
            return ["waiting": waiting]
        case .running(let since): return ["running": ["startedAt": .string(date(since))]]
        case .terminated(let end): return ["terminated": describe(end)]
        }
    }

    private func describe(_ end: PodModel.Termination) -> JSONValue {
        var terminated: JSONValue = [
            "containerID": .string("\(runtime)://\(end.containerID)"), "exitCode": .integer(Int64(end.exitCode)),
            "reason": .string(end.reason), "startedAt": .string(date(end.startedAt)),
            "finishedAt": .string(date(end.finishedAt)),
        ]
        terminated["message"] = end.message.map(JSONValue.string)
        return terminated
    }
}
