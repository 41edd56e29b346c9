import FoundationEssentials
import Shared

extension APIHandler {
    /// As much as the API server takes in one request (`MaxRequestBodyBytes`).
    static let maximumBodyBytes = 3 << 20

    func create(_ request: APIRequest, _ path: ResourcePath) async throws(APIError) -> APIAnswer {
        let dryRun = request.parameter("dryRun")
        guard dryRun == nil || dryRun == "All" else {
            throw .badRequest("invalid dryRun: Unsupported value: \"\(dryRun ?? "")\": supported values: \"All\"")
        }
        let object = try RequestBody.object(request, path.type)
        if path.type == .pods { try await checkAccount(of: object, namespace: path.namespace) }
        let warnings = try await unknownFields(request, path, of: object)
        let created = try await store.create(
            path.type, namespace: path.namespace, object: object, manager: request.manager, isDryRun: dryRun != nil)
        return .json(EventView.shown(created, as: path.type), status: 201, warnings: warnings)
    }

    /// No pod without its service account. The `default` one is there as soon as its namespace.
    private func checkAccount(of pod: JSONValue, namespace: String?) async throws(APIError) {
        guard let account = pod.at("spec", "serviceAccountName")?.stringValue, account != "default",
            await store.get(.serviceAccounts, namespace: namespace, name: account) == nil
        else { return }
        throw APIError(
            code: 403, reason: "Forbidden",
            message:
                "pods \"\(pod.name)\" is forbidden: error looking up service account \(namespace ?? "")/\(account): "
                + "serviceaccount \"\(account)\" not found")
    }

    func replace(_ request: APIRequest, _ path: ResourcePath) async throws(APIError) -> APIAnswer {
        try refuseDryRun(request)
        let object = try RequestBody.object(request, path.type)
        let name = path.name ?? ""
        guard object.name.isEmpty || object.name == name else {
            throw .badRequest(
                "the name of the object (\(object.name)) does not match the name on the URL (\(name))")
        }
        let warnings = try await unknownFields(request, path, of: object)
        let updated = try await store.update(
            path.type, namespace: path.namespace, name: name, object: object, subresource: path.part,
            manager: request.manager)
        return .json(EventView.shown(updated, as: path.type), warnings: warnings)
    }

    func patch(
        _ request: APIRequest, _ path: ResourcePath, subresource: ObjectStore.Subresource? = nil
    ) async throws(APIError) -> APIAnswer {
        try refuseDryRun(request)
        let name = path.name ?? ""
        guard let format = PatchFormat(mediaType: request.mediaType) else { throw .unsupportedPatch }
        let document = try RequestBody.json(request, path.type)
        if format == .apply {
            try await checkCreation(request, path)
            try await refuseUndeclared(document, path)
            let result = try await store.apply(
                path.type, namespace: path.namespace, name: name,
                configuration: try RequestBody.checked(document, path.type),
                manager: try ApplyOptions(request), subresource: path.part)
            return .json(EventView.shown(result.object, as: path.type), status: result.isNew ? 201 : 200)
        }
        let patched = try await store.patch(
            path.type, namespace: path.namespace, name: name, format: format, document: document,
            subresource: subresource ?? path.part, manager: request.manager)
        return .json(EventView.shown(patched, as: path.type))
    }

    /// Of a custom type's object: what its schema doesn't know is left out with a warning, or refused when it is asked for.
    private func unknownFields(
        _ request: APIRequest, _ path: ResourcePath, of object: JSONValue
    ) async throws(APIError) -> [String] {
        let unknown = await store.schema(of: path.type)?.pruned(object).unknown ?? []
        if !unknown.isEmpty, request.parameter("fieldValidation") == "Strict" {
            let fields = unknown.map { "unknown field \"\($0)\"" }.joined(separator: ", ")
            throw .badRequest(
                "\(path.type.kind) in version \"\(path.type.version)\" cannot be handled as a \(path.type.kind): strict "
                    + "decoding error: \(fields)")
        }
        return unknown.map { "299 - \"unknown field \\\"\($0)\\\"\"" }
    }

    private func refuseUndeclared(_ document: JSONValue, _ path: ResourcePath) async throws(APIError) {
        guard let field = await store.schema(of: path.type)?.pruned(document).unknown.first else { return }
        let stored = await store.get(path.type, namespace: path.namespace, name: path.name ?? "")
        guard path.part == .none || stored != nil else { return }
        throw .undeclared(field, path.type, namespace: nil, name: path.name ?? "")
    }

    /// An apply that makes an object needs the permission to create one of that name besides that to patch.
    private func checkCreation(_ request: APIRequest, _ path: ResourcePath) async throws(APIError) {
        guard await store.get(path.type, namespace: path.namespace, name: path.name ?? "") == nil,
            let user = await authorizer.user(of: request)
        else { return }
        let creation = AccessAttributes(
            verb: "create", group: path.type.group, resource: path.type.plural, subresource: path.subresource ?? "",
            namespace: path.namespace, name: path.name)
        guard await authorizer.allows(user, creation) else { throw deny(user, creation) }
    }

    func delete(_ request: APIRequest, _ path: ResourcePath) async throws(APIError) -> APIAnswer {
        try refuseDryRun(request)
        let name = path.name ?? ""
        let options = try DeleteOptions(request)
        let last = try await store.delete(path.type, namespace: path.namespace, name: name, options: options)
        // What is gone is answered with a Success; what goes later, and a pod in any case, with the object.
        if path.type == .pods { return .json(last) }
        if let now = await store.get(path.type, namespace: path.namespace, name: name), now.uid == last.uid {
            return .json(EventView.shown(now, as: path.type))
        }
        var details = APIError.details(path.type, name)
        details["uid"] = .string(last.uid)
        return .json(
            [
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details,
            ])
    }

    func deleteCollection(_ request: APIRequest, _ path: ResourcePath) async throws(APIError) -> APIAnswer {
        try refuseDryRun(request)
        let selection = try Selection(request, path)
        let options = try DeleteOptions(request)
        let (objects, version) = try await store.snapshot(path.type, namespace: path.namespace, at: nil)
        let selected = objects.filter { selection.matches($0.value) }
        for object in selected {
            var own = options
            own.uid = object.uid
            // One that has gone or been replaced since isn't meant any more.
            _ = try? await store.delete(
                path.type, namespace: object.key.namespace, name: object.key.name, options: own)
        }
        let metadata: JSONValue = ["resourceVersion": .string(String(version))]
        return .document(
            APIDocument(
                status: 200, body: APIHandler.listText(path.type, metadata: metadata, objects: selected)))
    }

    /// A dry run that wrote would be a lie, and one that doesn't is simulated of creations alone.
    private func refuseDryRun(_ request: APIRequest) throws(APIError) {
        if request.parameter("dryRun") != nil {
            throw .badRequest("dryRun is not simulated; ask a real API server")
        }
    }
}

extension ResourcePath {
    var part: ObjectStore.Subresource { subresource == "status" ? .status : .none }
}

extension DeleteOptions {
    /// The options of a request: those of its body, else of its query.
    init(_ request: APIRequest) throws(APIError) {
        self.init()
        gracePeriodSeconds = request.parameter("gracePeriodSeconds").flatMap(Int.init)
        propagation = request.parameter("propagationPolicy").flatMap(Propagation.init) ?? .background
        guard !request.body.isEmpty else { return }
        let document =
            request.mediaType == ProtobufBody.mediaType
            ? ProtobufBody.json(request.body) : try? JSONDecoder().decode(JSONValue.self, from: Data(request.body))
        guard let body = document else {
            throw .badRequest("couldn't get version/kind; json parse error: invalid JSON")
        }
        if let seconds = body["gracePeriodSeconds"]?.integerValue { gracePeriodSeconds = Int(seconds) }
        if let text = body["propagationPolicy"]?.stringValue, let policy = Propagation(rawValue: text) {
            propagation = policy
        }
        uid = body.at("preconditions", "uid")?.stringValue
        resourceVersion = body.at("preconditions", "resourceVersion")?.stringValue
    }
}
