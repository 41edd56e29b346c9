/// One page of a list, as the server answers.
package struct ListPage<Resource: KubernetesResource>: Decodable {
    var kind: String?
    var metadata = ListMeta()
    /// Nil: there's no `items`, so this is no list.
    var items: [Resource]?

    private enum CodingKeys: String, CodingKey { case kind, metadata, items }

    init() {}

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kind = try container.decodeIfPresent(String.self, forKey: .kind)
        metadata = try container.decode(ListMeta.self, forKey: .metadata)
        // Some servers write an empty Go slice as null. A list without `items` is no list, though.
        items = try container.decodeNil(forKey: .items) ? [] : container.decode([Resource].self, forKey: .items)
    }
}
