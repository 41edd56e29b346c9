import Logging
import Shared

/// A consistent list: all objects as they were at one resource version.
package struct ResourceList<Resource: Sendable>: Sendable {
    /// Where a watch goes on from.
    var resourceVersion: String
    package var items: [Resource]
}

/// Which objects of a type are meant.
package struct Selection: Sendable, Hashable {
    /// Nil: all namespaces, or a cluster-scoped type.
    package var namespace: String?
    /// Such as `app.kubernetes.io/name=image-puller`.
    package var labelSelector: String?
    /// Such as `metadata.name=x`.
    package var fieldSelector: String?

    package init(namespace: String? = nil, labelSelector: String? = nil, fieldSelector: String? = nil) {
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
    }

    var query: [(name: String, value: String)] {
        var query: [(name: String, value: String)] = []
        if let labelSelector { query.append(("labelSelector", labelSelector)) }
        if let fieldSelector { query.append(("fieldSelector", fieldSelector)) }
        return query
    }
}

extension KubernetesClient {
    /// Objects in one page of a list at most: see ``ListPager``, which asks for fewer when they are large.
    package static let pageSize = 500

    /// Lists all selected objects, page by page.
    ///
    /// - Throws: ``KubernetesError`` when any page fails for good. Never returns a part as if it were the whole.
    package func list<Resource: KubernetesResource>(
        _ type: Resource.Type = Resource.self, _ selection: Selection = Selection(), pageSize: Int = pageSize
    ) async throws -> ResourceList<Resource> {
        let operation = Self.operation("list", Resource.resourceType, nil, selection.namespace)
        var pager = ListPager(limit: pageSize)
        var items: [Resource] = []
        while true {
            let next: ListPager.Next
            do {
                let (page, bytes): (ListPage<Resource>, Int) = try await self.page(selection, pager, operation)
                for var item in page.items ?? [] {
                    if let last = items.last { item.share(with: last) }
                    items.append(item)
                }
                next = pager.received(page.metadata, objects: page.items?.count ?? 0, bytes: bytes)
                if next == .done {
                    return ResourceList(resourceVersion: page.metadata.resourceVersion ?? "", items: items)
                }
            } catch let error as KubernetesError {
                guard let decided = pager.failed(error) else { throw error }
                logger.debug("listing differently", metadata: ["error": "\(error)", "limit": "\(pager.limit)"])
                next = decided
            }
            if next == .restart { items = [] }
        }
    }

    private func page<Resource: KubernetesResource>(
        _ selection: Selection, _ pager: ListPager, _ operation: String
    ) async throws -> (page: ListPage<Resource>, bytes: Int) {
        var query = selection.query
        query.append(("limit", String(pager.limit)))
        if let token = pager.continueToken { query.append(("continue", token)) }
        let path = Resource.resourceType.path(namespace: selection.namespace)
        var patient = self
        patient.retry.repeatsTimeouts = false  // the pager asks for less instead
        patient.maximumBodyBytes = min(maximumBodyBytes, ListPager.maximumPageBytes)
        let request = Request(path: path, query: query, operation: operation)
        let body = try await patient.send(request, timeout: pageTimeout)
        let page: ListPage<Resource>
        do {
            page = try Resource.page(body)
        } catch {
            throw KubernetesError(operation: operation, unreadable: error)
        }
        guard page.kind == nil || page.kind == "List" || page.kind == Resource.resourceType.kind + "List",
            page.metadata.resourceVersion?.isEmpty == false, page.items != nil
        else {
            throw KubernetesError(
                operation: operation, reason: KubernetesError.unreadableReason,
                message: "the answer is no list of \(Resource.resourceType.plural)")
        }
        return (page, body.count)
    }
}
