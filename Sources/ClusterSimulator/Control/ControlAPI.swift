import ClusterModel
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// What the simulator lets one see and change of its cluster, beside the Kubernetes API: JSON under `/simulator/v1`.
///
/// - `GET state`: the ground truth (``ControlState``); `GET requests`: what was asked of the API (``ControlRequests``).
/// - `POST nodes` with a ``NodeScenario``; `PUT nodes/NAME` with a ``NodeChange``; `DELETE nodes/NAME`.
/// - `PUT nodes/NAME/faults` with a ``NodeFaultsScenario``: from then on just that is wrong on the node; `DELETE` ends it.
/// - `POST nodes/NAME/images?reference=R` puts an image of a registry there, without a pull;
///   `DELETE nodes/NAME/images?reference=R` removes one as an operator would;
///   `POST nodes/NAME/damage?reference=R` takes part of its content away.
/// - `PUT registries/HOST` with a ``RegistryChange``.
struct ControlAPI: Sendable {
    let fleet: NodeFleet
    let cluster: LiveCluster
    let store: ObjectStore
    let counts: RequestCounts

    private static let maximumBodyBytes = 8 << 20

    func addRoutes<Context: RequestContext>(to router: Router<Context>) {
        router.get("simulator/v1/state") { _, _ in
            try Self.answer(await cluster.read { ControlState(&$0) })
        }
        router.get("simulator/v1/requests") { _, _ in try Self.answer(ControlRequests(counts)) }
        router.post("simulator/v1/nodes") { request, _ in
            try await Self.answering {
                let scenario = try await Self.body(NodeScenario.self, of: request)
                guard try await fleet.add(scenario) != nil else {
                    return Self.problem(.conflict, "node \(scenario.name) is already there")
                }
                return try Self.answer(scenario, status: .created)
            }
        }
        router.put("simulator/v1/nodes/:name") { request, context in
            try await Self.answering {
                let change = try await Self.body(NodeChange.self, of: request)
                return try await changeNode(context.parameters.require("name"), change)
            }
        }
        router.delete("simulator/v1/nodes/:name") { _, context in
            let name = try context.parameters.require("name")
            guard await fleet.remove(name) else { return Self.problem(.notFound, "there is no node \(name)") }
            return Response(status: .noContent)
        }
        router.put("simulator/v1/nodes/:name/faults") { request, context in
            try await Self.answering {
                let faults = try await Self.body(NodeFaultsScenario.self, of: request).model()
                return try await setFaults(faults, node: context.parameters.require("name"))
            }
        }
        router.delete("simulator/v1/nodes/:name/faults") { _, context in
            try await setFaults(NodeFaults(), node: context.parameters.require("name"))
        }
        router.post("simulator/v1/nodes/:name/damage") { request, context in
            try await damageImage(on: context.parameters.require("name"), request)
        }
        router.post("simulator/v1/nodes/:name/images") { request, context in
            try await addImage(to: context.parameters.require("name"), request)
        }
        router.delete("simulator/v1/nodes/:name/images") { request, context in
            try await removeImage(from: context.parameters.require("name"), request)
        }
        router.put("simulator/v1/registries/:host") { request, context in
            try await Self.answering {
                let change = try await Self.body(RegistryChange.self, of: request)
                return try await changeRegistry(context.parameters.require("host"), change)
            }
        }
    }

    // MARK: Nodes

    private func changeNode(_ name: String, _ change: NodeChange) async throws -> Response {
        guard let node = await fleet.node(name) else { return Self.problem(.notFound, "there is no node \(name)") }
        await cluster.change { model in
            for (host, credential) in change.kubeletCredentials ?? [:] {
                model.setKubeletCredential(credential.model, registry: host, node: name)
            }
            if let rate = change.megabitsPerSecond { model.setBandwidth(rate * 125_000, node: name) }
            model.setDisk(
                capacity: change.diskGigabytes.map { Int64($0 * 1_000_000_000) },
                usedByOthers: change.diskUsedGigabytes.map { Int64($0 * 1_000_000_000) }, node: name)
        }
        if let unschedulable = change.unschedulable {
            _ = try? await store.mutate(.nodes, name: name) {
                $0.set("spec", "unschedulable", to: unschedulable ? true : nil)
            }
        }
        if let frozen = change.agentFrozen { await node.freezePrograms(frozen) }
        if let ready = change.ready {
            if ready { try await node.comeUp() } else { await node.goDown() }
        }
        await node.showPressure()
        return Response(status: .noContent)
    }

    private func setFaults(_ faults: NodeFaults, node name: String) async throws -> Response {
        guard await fleet.node(name) != nil else { return Self.problem(.notFound, "there is no node \(name)") }
        await cluster.change { $0.changeFaults(node: name) { $0 = faults } }
        return Response(status: .noContent)
    }

    private func damageImage(on name: String, _ request: Request) async throws -> Response {
        guard let reference = request.uri.queryParameters["reference"].map(String.init) else {
            return Self.problem(.badRequest, "?reference= must name an image")
        }
        let isThere = await cluster.change { model in
            model.damageImage(reference, node: name)
            return model.runtime(name)?.image(reference) != nil
        }
        guard isThere else { return Self.problem(.notFound, "\(name) has no image \(reference)") }
        return Response(status: .noContent)
    }

    private func addImage(to name: String, _ request: Request) async throws -> Response {
        guard let text = request.uri.queryParameters["reference"].map(String.init),
            let reference = try? ImageReference(text)
        else { return Self.problem(.badRequest, "?reference= must name an image") }
        let isDone = await cluster.change { model in
            guard let image = model.registry(reference.registry)?.image(reference), model.runtime(name) != nil else {
                return false
            }
            model.preload(image, as: reference, node: name)
            return true
        }
        guard isDone else { return Self.problem(.notFound, "there is no node \(name), or no registry has \(text)") }
        return Response(status: .noContent)
    }

    private func removeImage(from name: String, _ request: Request) async throws -> Response {
        guard let reference = request.uri.queryParameters["reference"].map(String.init) else {
            return Self.problem(.badRequest, "?reference= must name an image")
        }
        let result = await cluster.change { model in
            Result { () throws(RuntimeRefusal) in try model.tryRemovingImage(reference, node: name) }
        }
        switch result {
        case .success(let removed?): return try Self.answer(["id": removed])
        case .success(nil): return Self.problem(.notFound, "\(name) has no image \(reference)")
        case .failure(let refusal): return Self.problem(.conflict, refusal.message)
        }
    }

    // MARK: Registries

    private func changeRegistry(_ host: String, _ change: RegistryChange) async throws -> Response {
        try await cluster.change { model in
            Result {
                if model.registry(host) == nil { model.addRegistry(RegistryModel(host: host)) }
                // First on a copy, so that a change with a fault in it changes nothing.
                guard var trial = model.registry(host) else { return }
                try change.apply(to: &trial)
                model.changeRegistry(host) { try? change.apply(to: &$0) }
            }
        }.get()
        return Response(status: .noContent)
    }

    // MARK: JSON

    private static func body<Value: Decodable>(_ type: Value.Type, of request: Request) async throws -> Value {
        let buffer = try await request.body.collect(upTo: maximumBodyBytes)
        return try JSONDecoder().decode(type, from: Data(buffer.readableBytesView))
    }

    private static func answer(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }

    /// Says what is wrong with a request instead of an empty 500.
    private static func answering(_ body: () async throws -> Response) async throws -> Response {
        do {
            return try await body()
        } catch let error as DecodingError {
            return problem(.badRequest, error.explanation)
        } catch let error as ImageReferenceError {
            return problem(.badRequest, error.description)
        } catch let error as ScenarioError {
            return problem(.badRequest, error.description)
        }
    }

    private static func problem(_ status: HTTPResponse.Status, _ message: String) -> Response {
        (try? answer(["error": message], status: status)) ?? Response(status: status)
    }
}
