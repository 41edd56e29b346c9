import ClusterModel
import FoundationEssentials
import Logging
import Shared

/// One node in real time: its runtime's socket, and the pods that its kubelet looks after.
///
/// What the kubelet decides is the model's business; this is its hands.
actor SimulatedNode {
    /// A pod that is bound to this node.
    struct HostedPod {
        enum Phase: Sendable {
            /// Nobody does anything for it: it's new, or the node was down.
            case waiting
            /// Its volumes are being mounted.
            case mounting
            /// The kubelet model has it.
            case admitted
            case terminating
        }

        var object: JSONValue
        var phase = Phase.waiting
        var folders: [String: String] = [:]
        var processes: [String: ContainerProcess] = [:]
    }

    let scenario: NodeScenario
    let surroundings: NodeSurroundings
    let object: NodeObject
    /// The node's folder: host paths lie below it.
    let folder: String
    var pods: [String: HostedPod] = [:]
    private(set) var isOnline = false
    private let server: RuntimeServer
    private let disk: NodeDisk
    private let log: BoundedLog

    var name: String { scenario.name }
    var cluster: LiveCluster { surroundings.cluster }
    var store: ObjectStore { surroundings.store }

    private let socketPath: String

    init(_ scenario: NodeScenario, number: Int, surroundings: NodeSurroundings) {
        self.scenario = scenario
        self.surroundings = surroundings
        object = NodeObject(scenario: scenario, number: number)
        folder = "\(surroundings.directory)/\(scenario.name)"
        socketPath = folder + (scenario.runtimeSocket ?? scenario.runtimeFlavour.socket)
        disk = NodeDisk(path: folder + "/disk.txt")
        server = RuntimeServer(
            socketPath: socketPath, isDenied: scenario.deniesSocket ?? false,
            service: RuntimeService(node: scenario.name, cluster: surroundings.cluster, disk: disk))
        log = BoundedLog(path: folder + "/agent.log")
    }

    // MARK: Being there

    /// Registers the node and starts its runtime.
    func join() async throws {
        try FileManager.default.createDirectory(
            atPath: String(socketPath[..<(socketPath.lastIndex(of: "/") ?? socketPath.endIndex)]),
            withIntermediateDirectories: true)
        await showDisk()
        if scenario.invalidatesTokens ?? false { surroundings.tokens.invalidate(node: name) }
        try await server.start()
        isOnline = true
        if await store.get(.nodes, name: name) == nil {
            let node = object.object(at: Date())
            _ = try await store.create(.nodes, object: node)
            _ = try? await store.mutate(.nodes, name: name, subresource: .status) { $0["status"] = node["status"] }
        }
    }

    /// The node goes down: its processes are killed, its runtime is gone, its kubelet falls silent.
    func goDown() async {
        guard isOnline else { return }
        isOnline = false
        await cluster.change { [name] in $0.setOnline(false, node: name) }
        await server.stop()
        for process in takeProcesses() { await process.kill() }
        let now = Date()
        _ = try? await store.mutate(.nodes, name: name, subresource: .status) {
            NodeObject.markUnreachable(&$0, at: now)
        }
        _ = try? await store.mutate(.nodes, name: name) { NodeObject.taint(&$0, unreachable: true, at: now) }
        for pod in pods.values { await markUnready(pod.object, at: now) }
    }

    /// The node boots: everything that was to run there starts again.
    func comeUp() async throws {
        guard !isOnline else { return }
        try await server.start()
        isOnline = true
        let now = Date()
        _ = try? await store.mutate(.nodes, name: name, subresource: .status) { NodeObject.markReady(&$0, at: now) }
        _ = try? await store.mutate(.nodes, name: name) { NodeObject.taint(&$0, unreachable: false, at: now) }
        await cluster.change { [name] in $0.setOnline(true, node: name) }
        for (uid, pod) in pods {
            if let current = await store.get(.pods, namespace: pod.object.namespace, name: pod.object.name),
                current.uid == uid
            {
                await podChanged(current)
            } else {
                await podGone(uid)
            }
        }
    }

    /// Ends everything, for good.
    ///
    /// - Parameter grace: what agents get between SIGTERM and SIGKILL.
    func leave(grace: Duration) async {
        isOnline = false
        await withTaskGroup(of: Void.self) { group in
            for process in takeProcesses() { group.addTask { await process.terminate(grace: grace) } }
        }
        await server.stop()
    }

    private func takeProcesses() -> [ContainerProcess] {
        let processes = pods.values.flatMap { $0.processes.values }
        for uid in pods.keys { pods[uid]?.processes.removeAll() }
        return processes
    }

    /// Shows the runtime's images in the node's status, as a kubelet does every 10 s.
    func showImages() async {
        guard isOnline else { return }
        let images = NodeObject.images(await cluster.read { [name] in $0.runtime(name)?.images ?? [] })
        guard let node = await store.get(.nodes, name: name), node.at("status", "images") != images else { return }
        _ = try? await store.mutate(.nodes, name: name, subresource: .status) {
            $0.set("status", "images", to: images)
        }
    }

    /// The node controller's word on a pod whose node is silent: not ready, whatever runs.
    private func markUnready(_ pod: JSONValue, at now: Date) async {
        _ = try? await store.mutate(.pods, namespace: pod.namespace, name: pod.name, subresource: .status) { pod in
            let conditions = (pod.at("status", "conditions")?.arrayValue ?? []).map { condition in
                guard condition["type"] == "Ready", condition["status"] == "True" else { return condition }
                var condition = condition
                condition["status"] = "False"
                condition["lastTransitionTime"] = .string(timestamp(now))
                return condition
            }
            pod.set("status", "conditions", to: .array(conditions))
        }
    }

    /// Shows in the node's status and taints whether its disk is nearly full, as a kubelet does. (A real one waits five
    /// minutes before it takes the condition back, and evicts pods meanwhile.)
    func showPressure() async {
        await showDisk()
        guard isOnline, let runtime = await cluster.read({ [name] in $0.runtime(name) }) else { return }
        let isShort = NodeObject.isShortOfDisk(runtime)
        guard let node = await store.get(.nodes, name: name), NodeObject.showsDiskPressure(node) != isShort else {
            return
        }
        let now = Date()
        _ = try? await store.mutate(.nodes, name: name, subresource: .status) {
            NodeObject.mark(&$0, diskPressure: isShort, at: now)
        }
        _ = try? await store.mutate(.nodes, name: name) { NodeObject.taint(&$0, diskPressure: isShort, at: now) }
    }

    /// Lets the node's programs see its disk.
    func showDisk() async {
        if let runtime = await cluster.read({ [name] in $0.runtime(name) }) { disk.show(runtime) }
    }

    // MARK: Programs

    /// Stops the real programs of the node's pods where they stand, or lets them go on.
    func freezePrograms(_ isFrozen: Bool) {
        for process in pods.values.flatMap(\.processes.values) { process.freeze(isFrozen) }
    }

    /// Starts the real program of a container that the kubelet has just started.
    func startProgram(pod uid: String, container name: String) async {
        guard name == PodSpec.agentContainer, let path = surroundings.agentPath, let pod = pods[uid],
            let container = pod.object.at("spec", "containers")?.arrayValue?.first(where: {
                $0["name"]?.stringValue == name
            })
        else { return }
        if surroundings.crashing.contains(container["image"]?.stringValue ?? "") {
            await cluster.change { [node = self.name] in
                $0.containerExited(node: node, pod: uid, container: name, exitCode: 1, message: "it crashes, as told")
            }
            return
        }
        let environment = ContainerEnvironment(container: container, folders: pod.folders, store: store)
        var variables = await environment.variables(of: container, pod: pod.object)
        variables.merge(surroundings.inherited) { own, _ in own }
        variables[NodeDisk.variable] = variables[NodeDisk.variable] ?? disk.path
        let command = (container["command"]?.arrayValue ?? []) + (container["args"]?.arrayValue ?? [])
        // Since the kubelet said so, the pod may have gone, or the node.
        guard isOnline, pods[uid]?.phase == .admitted, pods[uid]?.processes[name] == nil else { return }
        let program = ContainerProcess.Program(
            executable: path, arguments: command.dropFirst().compactMap(\.stringValue).map(environment.rewrite),
            environment: variables, workingDirectory: folder)
        let process = ContainerProcess(
            scenario.deniesSocket ?? false ? program.withoutPrivilege : program, log: log,
            guarded: surroundings.processes)
        pods[uid]?.processes[name] = process
        Task { await ended(process, pod: uid, container: name) }
    }

    private func ended(_ process: ContainerProcess, pod uid: String, container name: String) async {
        let exit = await process.exit
        // Taken out before it was ended on purpose, or replaced.
        guard pods[uid]?.processes[name] === process else { return }
        pods[uid]?.processes[name] = nil
        surroundings.logger.info(
            "agent ended",
            metadata: ["node": "\(self.name)", "code": "\(exit.code)", "error": "\(exit.startError ?? "")"])
        await cluster.change { [node = self.name] in
            $0.containerExited(
                node: node, pod: uid, container: name, exitCode: exit.code,
                reason: exit.startError == nil ? nil : "StartError", message: exit.startError)
        }
    }
}
