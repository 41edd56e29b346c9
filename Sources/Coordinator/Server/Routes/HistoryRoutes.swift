import Cluster
import Control
import History
import Hummingbird
import Planning
import Reporting

/// Lists of what happened: transitions, attempts, and how long new nodes took.
struct HistoryRoutes: Sendable {
    let desk: QuestionDesk

    func transitions(_ request: Request) async throws -> Response {
        let parameters = desk.parameters(request)
        var query = TransitionQuery()
        query.filter = try await desk.filter(parameters)
        query.limit = try parameters.integer("limit", in: 1...10_000, default: 100)
        query.after = try parameters.cursor()
        query.states = try Self.states(parameters)
        let wanted = query
        let set = try await desk.knownSet(parameters)
        let source = await desk.imageSet
        let page = try await desk.history { store in
            guard let set else { return try await store.transitions(wanted) }
            return try await store.read { db in
                var history = try SetHistory(set, imageSet: source, db)
                return try history.page(wanted, db)
            }
        }
        return try TransitionList(page, names: await desk.names(of: page.items.map(\.image))).response(to: request)
    }

    func attempts(_ request: Request) async throws -> Response {
        let parameters = desk.parameters(request)
        var query = AttemptQuery()
        query.filter = try await desk.filter(parameters)
        query.limit = try parameters.integer("limit", in: 1...10_000, default: 100)
        query.after = try parameters.cursor()
        query.failedOnly = try parameters.flag("failed")
        let wanted = query
        let set = try await desk.knownSet(parameters)
        let source = await desk.imageSet
        let page = try await desk.history { store in
            guard let set else { return try await store.attempts(wanted) }
            return try await store.read { db in
                var history = try SetHistory(set, imageSet: source, db)
                return try history.page(wanted, db)
            }
        }
        let evidence = CoverageReport.Evidence(await desk.loop.configuration)
        let names = await desk.names(of: page.items.map(\.attempt.image))
        return try AttemptList(page, evidence: evidence, names: names).response(to: request)
    }

    func warmups(_ request: Request) async throws -> Response {
        let parameters = desk.parameters(request)
        let until = try parameters.moment("until") ?? parameters.now
        let since = try parameters.moment("since") ?? until + -7 * 86_400
        try QueryParameters.checkOrder(since, until)
        let limit = try parameters.integer("limit", in: 1...10_000, default: 1000)
        let set = try await desk.knownSet(parameters)
        let source = await desk.imageSet
        let report = try await desk.history { store in
            try await store.read { db in
                try WarmupReport(
                    db, imageSet: source, set: set, since: since.milliseconds, until: until.milliseconds, limit: limit)
            }
        }
        return try report.response(to: request)
    }

    func revisions(_ request: Request) async throws -> Response {
        let parameters = desk.parameters(request)
        let limit = try parameters.integer("limit", in: 1...1000, default: 100)
        let set = try await desk.configMap(of: parameters.set())
        let records = try await desk.history { store in
            // One more: the oldest one's changes are those against it.
            try await store.revisions(imageSet: set, limit: limit + 1)
        }
        return try RevisionList(records, limit: limit).response(to: request)
    }

    private static func states(_ parameters: QueryParameters) throws -> Set<RecordedState> {
        guard let text = try parameters.text("state") else { return [] }
        let words = text.split(separator: ",").map(String.init)
        let known = "none, missing, pulling, failed, present and held, with commas between them"
        guard !words.isEmpty else { throw QueryParameters.problem("state", text, takes: known) }
        return Set(
            try words.map { word in
                guard let state = RecordedState.allCases.first(where: { $0.word == word }) else {
                    throw QueryParameters.problem("state", word, takes: known)
                }
                return state
            })
    }
}
