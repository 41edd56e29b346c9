// The JSON of a check: a contract with scripts, so its names are written down here and don't follow renamed properties.

extension ConfigCheck: Encodable {
    private enum CodingKeys: String, CodingKey {
        case file, kind, name, namespace, keys, images, findings, replaced, line, imageSet, sets
        case isGood = "good"
        case isAccepted = "accepted"
        case isApplicable = "applicable"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(file, forKey: .file)
        if kind != .configMap { try container.encode(kind.rawValue, forKey: .kind) }
        try container.encodeIfPresent(name, forKey: .name)
        try container.encode(namespace, forKey: .namespace)
        try container.encode(isGood, forKey: .isGood)
        try container.encode(isAccepted, forKey: .isAccepted)
        try container.encode(isApplicable, forKey: .isApplicable)
        try container.encode(keys, forKey: .keys)
        try container.encode(images, forKey: .images)
        try container.encode(findings, forKey: .findings)
        try container.encode(line, forKey: .line)
        try container.encode(replaced, forKey: .replaced)
        try container.encodeIfPresent(imageSet, forKey: .imageSet)
        if !sets.isEmpty { try container.encode(sets, forKey: .sets) }
    }
}

extension ConfigCheck.LocatedFinding: Encodable {
    private enum CodingKeys: String, CodingKey { case line }

    /// The finding's own fields, and its line beside them.
    func encode(to encoder: any Encoder) throws {
        try finding.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(line, forKey: .line)
    }
}
