import Cluster
import ConfigurationParsing
import Control
import FoundationEssentials
import HTTPListener
import History
import Hummingbird
import ImageSets
import Manifests
import NIOCore
import Planning
import Reporting

/// `POST /api/v1/plan`: what an edited ConfigMap, or a prefetch, would pull. A question, though it has a body.
struct PlanRoutes: Sendable {
    let desk: QuestionDesk
    let turn: Turnstile

    /// A ConfigMap has 1 MiB at most.
    static let maximumBytes = 4 << 20
    /// Image sets of one question.
    static let mostSets = 100

    func plan(_ request: Request) async throws -> Response {
        let question = try await question(request)
        // Its body is there: nobody waits for a client that is slow.
        try await turn.enter()
        defer { turn.leave() }
        let snapshot = try await desk.snapshot()
        let knowledge = await knowledge(of: question, at: snapshot.now)
        if let references = question.images {
            do {
                let order = try PrefetchOrder(references: references)
                return try PlanReport(order, over: snapshot, knowing: knowledge).response(to: request)
            } catch let fault as PrefetchFault {
                throw ProblemDocument(
                    .badRequest, "prefetch-unreadable", title: "The prefetch isn't right", detail: "\(fault)")
            }
        }
        let isMain = question.sets == nil || !question.data.isEmpty
        let decision =
            isMain
            ? decide(
                ConfigMapContent(data: question.data, annotations: question.annotations ?? [:]),
                last: snapshot.configuration, over: snapshot) : nil
        let sets = try await decide(
            question.sets ?? [], beside: decision?.configuration ?? snapshot.configuration, over: snapshot)
        if let only = question.set {
            let names = [ImageSet.defaultName] + sets.map(\.name)
            guard names.contains(only) else { throw QuestionDesk.unknownSet(only, among: names) }
        }
        return try PlanReport(decision, sets: sets, only: question.set, over: snapshot, knowing: knowledge)
            .response(to: request)
    }

    /// Judges the edits of further sets together.
    private func decide(
        _ edits: [PlanQuestion.SetEdit], beside main: Configuration, over snapshot: Snapshot
    ) async throws -> [PlanReport.SetEdit] {
        let own = await desk.imageSet.prefix { $0 != "/" }
        var claims = DaemonSetClaims()
        claims.claim(DaemonSetClaims.Place(main), for: ImageSet.defaultName)
        for set in await desk.loop.setNames where set != ImageSet.defaultName {
            guard let configuration = await desk.loop.configuration(of: set) else { continue }
            claims.claim(DaemonSetClaims.Place(configuration), for: set)
        }
        var sets: [PlanReport.SetEdit] = []
        for edit in edits {
            let content = try await content(edit, own: String(own))
            let set = content.imageSet ?? ""
            let inForce = await desk.loop.configuration(of: set)
            var decision = decide(content, last: inForce, over: snapshot)
            if sets.contains(where: { $0.name == set }) {
                decision = .rejected([ImageSetName.taken(set, by: "another document", isOfLabel: edit.object == nil)])
            } else if let configuration = decision.configuration {
                let place = DaemonSetClaims.Place(configuration)
                if let owner = claims.owner(of: place, otherThan: set) {
                    let finding = place.taken(by: owner)
                    decision = .rejected([content.fields.map(finding.named) ?? finding] + decision.findings)
                }
                claims.claim(place, for: set)
            }
            sets.append((set, decision, inForce))
        }
        return sets
    }

    /// - Parameter own: the coordinator's namespace.
    private func content(_ edit: PlanQuestion.SetEdit, own: String) async throws -> ConfigMapContent {
        let annotations = edit.annotations ?? [:]
        if let object = edit.object, edit.imageSet == nil, edit.data == nil {
            let namespace = object.namespace ?? own
            func read(isAway: Bool) -> ConfigMapContent {
                PullerObject.content(
                    namespace: namespace, name: object.name, spec: object.spec, annotations: annotations, own: own,
                    isAway: isAway)
            }
            let content = read(isAway: false)
            // Where the DaemonSet can be is known of objects that are there; of others it is found out then.
            let inForce = await desk.loop.configuration(of: content.imageSet ?? "")
            return inForce.map { $0.namespace != namespace } ?? false ? read(isAway: true) : content
        }
        guard edit.object == nil, let set = edit.imageSet, let data = edit.data else {
            throw ProblemDocument(
                .badRequest, "plan-unreadable", title: "The question can't be read",
                detail: "Each of sets has either imageSet and data, of a ConfigMap, or object.")
        }
        var content = ConfigMapContent(data: data, annotations: annotations)
        content.imageSet = set
        return content
    }

    private func decide(
        _ content: ConfigMapContent, last: Configuration?, over snapshot: Snapshot
    ) -> ConfigurationDecision {
        let set = content.imageSet
        if let set, content.fields == nil, let fault = ImageSetName.fault(set) { return .rejected([fault]) }
        var parser = ConfigurationParser()
        parser.options.imageSet = set
        parser.options.ownNamespace = snapshot.configuration.namespace
        parser.options.defaultAgentImage = snapshot.configuration.agentImage
        // Which namespaces are granted is checked when the ConfigMap is applied.
        if let namespace = content.data[ConfigurationKey.namespace.rawValue] {
            parser.options.extraNamespaces = [namespace]
        }
        return parser.decide(content, last: last) { DaemonSetManifest.templateBytes(of: $0, options: .elsewhere) }
    }

    /// What the asker and history know of sizes and speeds.
    private func knowledge(of question: PlanQuestion, at now: Timestamp) async -> PlanReport.Knowledge {
        var knowledge = PlanReport.Knowledge()
        for resolved in question.resolved ?? [] { knowledge.resolved[resolved.reference] = resolved }
        guard let store = desk.loop.history.queries else { return knowledge }
        let since = (now + -7 * 86_400).milliseconds
        knowledge.sizes = (try? await store.read { db in try PullTimes.sizes(db) }) ?? [:]
        knowledge.speeds = (try? await store.read { db in try PullTimes.speeds(since: since, db) }) ?? [:]
        return knowledge
    }

    private func question(_ request: Request) async throws -> PlanQuestion {
        guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") ?? false else {
            throw ProblemDocument(
                .unsupportedMediaType, "not-json", title: "The question isn't JSON",
                detail: "Send Content-Type: application/json.")
        }
        do {
            let body = try await request.body.collect(upTo: Self.maximumBytes)
            let question = try JSONDecoder().decode(PlanQuestion.self, from: Data(body.readableBytesView))
            guard (question.resolved ?? []).allSatisfy({ $0.sizes.values.allSatisfy { (0...(1 << 50)).contains($0) } })
            else {
                throw ProblemDocument(
                    .badRequest, "plan-unreadable", title: "The question can't be read",
                    detail: "Sizes are bytes, from 0 to 2^50.")
            }
            guard (question.sets ?? []).count <= Self.mostSets else {
                throw ProblemDocument(
                    .badRequest, "plan-too-many-sets", title: "The question has too many image sets",
                    detail: "It has at most \(Self.mostSets). Ask for some at a time.")
            }
            return question
        } catch is NIOTooManyBytesError {
            throw ProblemDocument(
                .contentTooLarge, "plan-too-large", title: "The question is too large",
                detail: "It has at most \(Self.maximumBytes) bytes.")
        } catch is DecodingError {
            throw ProblemDocument(
                .badRequest, "plan-unreadable", title: "The question can't be read",
                detail: "It is {\"data\": {…}, \"annotations\": {…}} of a ConfigMap, as /openapi.yaml has it.")
        }
    }
}
