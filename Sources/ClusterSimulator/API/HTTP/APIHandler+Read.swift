import Shared

extension APIHandler {
    func get(_ path: ResourcePath) async throws(APIError) -> APIAnswer {
        let name = path.name ?? ""
        guard let object = await store.stored(path.type, ObjectKey(path.namespace, name)) else {
            throw .notFound(path.type, name)
        }
        return .document(APIDocument(status: 200, body: EventView.fullText(object, as: path.type)))
    }

    /// A list, whole or in pages. Pages after the first speak of the first's revision, as long as that is kept.
    func list(_ request: APIRequest, _ path: ResourcePath) async throws(APIError) -> APIAnswer {
        let selection = try Selection(request, path)
        let query = try ListQuery(request)
        let (objects, version) = try await snapshot(path, query)
        var rest = objects[...]
        if let token = query.token { rest = rest.drop { $0.key.path <= token.last } }
        var page = rest.filter { selection.matches($0.value) }
        var metadata: JSONValue = ["resourceVersion": .string(String(version))]
        // Lists of custom resources say so even on their last page.
        if path.type.isCustom { metadata["continue"] = "" }
        if let limit = query.limit, page.count > limit {
            let remaining = page.count - limit
            page = Array(page.prefix(limit))
            let last = page.last?.key.path ?? ""
            metadata["continue"] = .string(ContinueToken(revision: version, last: last).text)
            // With a selector the real storage doesn't know how many are left.
            if selection.isEverything { metadata["remainingItemCount"] = .integer(Int64(remaining)) }
        }
        return .document(
            APIDocument(status: 200, body: APIHandler.listText(path.type, metadata: metadata, objects: page)))
    }

    private func snapshot(
        _ path: ResourcePath, _ query: ListQuery
    ) async throws(APIError) -> (objects: [StoredObject], resourceVersion: Int) {
        guard let token = query.token else {
            if let minimum = query.minimumVersion {
                let current = await store.revision
                if minimum > current { throw .tooLargeVersion(minimum, current: current) }
            }
            return try await store.snapshot(path.type, namespace: path.namespace, at: query.exactVersion)
        }
        do throws(APIError) {
            let past = token.revision < 0 ? nil : token.revision
            return try await store.snapshot(path.type, namespace: path.namespace, at: past)
        } catch {
            guard error.code == 410 else { throw error }
            throw .expiredContinue(ContinueToken(revision: -1, last: token.last).text)
        }
    }

    static func listText(_ type: ResourceType, metadata: JSONValue, objects: [StoredObject]) -> [UInt8] {
        var text = Array(#"{"kind":"\#(type.kind)List","apiVersion":"\#(type.apiVersion)","metadata":"#.utf8)
        text += metadata.encoded()
        text += Array(#","items":["#.utf8)
        for (index, object) in objects.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += EventView.itemText(object, as: type)
        }
        text += Array("]}".utf8)
        return text
    }
}

/// The parameters of a list that say which version of the objects is meant, and how many at once.
struct ListQuery {
    let limit: Int?
    let token: ContinueToken?
    /// The objects exactly as they were at this revision.
    let exactVersion: Int?
    /// The newest objects, which mustn't be older than this revision.
    let minimumVersion: Int?

    init(_ request: APIRequest) throws(APIError) {
        let match = request.parameter("resourceVersionMatch")
        let text = request.parameter("resourceVersion")
        let version = try ListQuery.version(text)
        let limit = request.parameter("limit").flatMap(Int.init).flatMap { $0 > 0 ? $0 : nil }
        if let continued = request.parameter("continue") {
            if let version, version > 0 {
                throw .badRequest("specifying resource version is not allowed when using continue")
            }
            token = try ContinueToken(continued)
            (exactVersion, minimumVersion, self.limit) = (nil, nil, limit)
            return
        }
        token = nil
        if match != nil, version == nil {
            throw .invalidListOptions(
                "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided")
        }
        if match == "Exact", version == 0 {
            throw .invalidListOptions(
                "resourceVersionMatch", "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")
        }
        // A limit without a match means an exact version too, for old clients' sake.
        let isExact = match == "Exact" || (match == nil && limit != nil && (version ?? 0) > 0)
        exactVersion = isExact ? version : nil
        minimumVersion = isExact ? nil : version
        // Version 0 is answered from the API server's cache, which knows no pages.
        self.limit = version == 0 ? nil : limit
    }

    static func version(_ text: String?) throws(APIError) -> Int? {
        guard let text else { return nil }
        guard let version = Int(text), version >= 0 else {
            throw .badRequest(
                "Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax")
        }
        return version
    }
}

extension APIError {
    static func expiredContinue(_ token: String) -> APIError {
        var error = APIError(
            code: 410, reason: "Expired",
            message: "The provided continue parameter is too old to display a consistent list result. You can start a "
                + "new list without the continue parameter, or use the continue token in this response to retrieve "
                + "the remainder of the results. Continuing with the provided token results in an inconsistent list "
                + "- objects that were created, modified, or deleted between the time the first chunk was returned "
                + "and now may show up in the list.")
        error.continueToken = token
        return error
    }

    static func invalidListOptions(_ field: String, _ why: String) -> APIError {
        let type = ResourceType(group: "meta.k8s.io", plural: "", kind: "ListOptions")
        return .invalid(type, "", [.forbidden(field, why)])
    }
}
