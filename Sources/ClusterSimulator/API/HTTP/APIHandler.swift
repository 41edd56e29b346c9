import Shared

/// Answers requests of the Kubernetes API out of a store. It knows nothing of sockets: ``APIServer`` puts it on one.
final class APIHandler: Sendable {
    let store: ObjectStore
    let authorizer: any Authorizer
    let tokens: TokenRegistry
    let faults = FaultPlan()
    let counts = RequestCounts()
    let openWatches = OpenWatches()
    /// How often a watch that allows bookmarks gets one; about a minute on a real cluster.
    let bookmarkInterval: Duration
    /// The version that the cluster says it has.
    let version: JSONValue

    init(
        store: ObjectStore, authorizer: any Authorizer = AllowAll(), tokens: TokenRegistry = TokenRegistry(),
        bookmarkInterval: Duration = .seconds(60), version: JSONValue = Discovery.version
    ) {
        self.store = store
        self.authorizer = authorizer
        self.tokens = tokens
        self.bookmarkInterval = bookmarkInterval
        self.version = version
    }

    func respond(to request: APIRequest) async -> APIAnswer {
        do {
            return try await answer(request)
        } catch let error as APIError {
            return .error(error)
        } catch {
            return .error(APIError(code: 500, reason: "InternalError", message: "Internal error occurred: \(error)"))
        }
    }

    private func answer(_ request: APIRequest) async throws -> APIAnswer {
        let path = APIPath(request.path)
        let attributes = try APIHandler.attributes(request, path)
        let resource = [attributes.resource, attributes.subresource].filter { !$0.isEmpty }.joined(separator: "/")
        counts.add(verb: attributes.verb, resource: resource)
        switch faults.take(verb: attributes.verb, resource: resource) {
        case .fail(let status, let retryAfter): throw APIError.injected(status: status, retryAfter: retryAfter)
        case .delay(let duration): try await Task.sleep(for: duration)
        case nil: break
        }
        guard let user = await authorizer.user(of: request) else { throw APIError.unauthorized }
        if path != .health, path != .version {
            guard await authorizer.allows(user, attributes) else { throw deny(user, attributes) }
        }
        counts.addWrite(by: user, attributes, isDryRun: request.parameter("dryRun") != nil)
        switch path {
        case .health: return .document(APIDocument(status: 200, contentType: "text/plain", body: Array("ok".utf8)))
        case .version: return .json(version)
        case .coreVersions: return .json(Discovery.coreVersions)
        case .groups: return .json(await Discovery(store.servedTypes).groups)
        case .group(let name):
            return await Discovery(store.servedTypes).group(name).map { .json($0) } ?? APIHandler.noSuchPage
        case .resources(let group, let version):
            let resources = await Discovery(store.servedTypes).resources(group: group, version: version)
            return resources.map { .json($0) } ?? APIHandler.noSuchPage
        case .review(let kind): return try await review(kind, request)
        case .resource(let place):
            guard await store.serves(place.type) else { return APIHandler.noSuchPage }
            return try await answer(request, place, verb: attributes.verb)
        case .unknown: return APIHandler.noSuchPage
        }
    }

    private func answer(_ request: APIRequest, _ path: ResourcePath, verb: String) async throws -> APIAnswer {
        if let subresource = path.subresource, subresource != "status" || !path.type.hasStatus {
            return try await answerSubresource(request, path, subresource)
        }
        switch verb {
        case "get": return try await get(path)
        case "list": return try await list(request, path)
        case "watch": return try await watch(request, path)
        case "create": return try await create(request, path)
        case "update": return try await replace(request, path)
        case "patch": return try await patch(request, path)
        case "delete": return try await delete(request, path)
        case "deletecollection": return try await deleteCollection(request, path)
        default: throw APIError.methodNotAllowed
        }
    }

    /// The refusal of a request, which is noted.
    func deny(_ user: APIUser, _ attributes: AccessAttributes) -> APIError {
        let error = APIError.forbidden(user, attributes)
        counts.addDenied(error.message)
        return error
    }

    /// What the API server says of a path that it doesn't know: a plain text, no Status document.
    static let noSuchPage = APIAnswer.document(
        APIDocument(status: 404, contentType: "text/plain", body: Array("404 page not found\n".utf8)))

    /// Verb and object of a request, in the words of authorization. Throws 405 when they don't go together.
    private static func attributes(_ request: APIRequest, _ path: APIPath) throws(APIError) -> AccessAttributes {
        guard case .resource(let place) = path else {
            if case .review(let resource) = path {
                guard request.method == "POST" else { throw .methodNotAllowed }
                return AccessAttributes(verb: "create", group: APIPath.reviews[resource] ?? "", resource: resource)
            }
            return AccessAttributes(verb: request.method.lowercased(), path: request.path)
        }
        let verb = try verb(request, place)
        var name = place.name
        // A list or a watch that can be of one object only counts as named.
        if name == nil, verb == "list" || verb == "watch", let text = request.parameter("fieldSelector") {
            name = (try? FieldSelector(text, type: place.type))?.name
        }
        return AccessAttributes(
            verb: verb, group: place.type.group, resource: place.type.plural,
            subresource: place.subresource ?? "", namespace: place.namespace, name: name)
    }

    private static func verb(_ request: APIRequest, _ path: ResourcePath) throws(APIError) -> String {
        let isPlaced = path.namespace != nil || !path.type.namespaced
        switch (request.method, path.name) {
        case ("GET", nil), ("HEAD", nil): return request.flag("watch") ? "watch" : "list"
        case ("GET", _), ("HEAD", _): return request.flag("watch") ? "watch" : "get"
        case ("POST", nil) where isPlaced: return "create"
        case ("POST", _) where path.subresource != nil && path.subresource != "status": return "create"
        case ("PUT", .some): return "update"
        case ("PATCH", .some): return "patch"
        case ("DELETE", .some) where path.subresource == nil: return "delete"
        case ("DELETE", nil) where isPlaced: return "deletecollection"
        default: throw .methodNotAllowed
        }
    }
}

extension APIError {
    static let methodNotAllowed = APIError(
        code: 405, reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource", details: .object([:]))
}
