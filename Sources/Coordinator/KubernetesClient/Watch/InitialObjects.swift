/// What a streaming list has brought so far. A value without I/O.
struct InitialObjects<Resource: KubernetesResource> {
    private(set) var objects: [Resource] = []

    /// A server says the same error of what it can't go on with that it says of a watch.
    struct Interrupted: Error, CustomStringConvertible {
        let status: APIStatus

        var description: String { "the streaming list is interrupted: \(status.message ?? "no reason given")" }
    }

    /// Takes the next line.
    ///
    /// - Returns: the resource version of the whole, once it is whole; nil: there's more.
    /// - Throws: ``Interrupted``.
    mutating func take(_ line: WatchLine<Resource>) throws -> String? {
        switch line {
        case .added(var object):
            if let last = objects.last { object.share(with: last) }
            objects.append(object)
        // Nobody promises that nothing happens meanwhile.
        case .modified(let object): if let place = place(of: object) { objects[place] = object }
        case .deleted(let object): if let place = place(of: object) { objects.remove(at: place) }
        case .bookmark(let version, endsInitial: true): return version
        case .bookmark: break
        case .error(let status): throw Interrupted(status: status)
        }
        return nil
    }

    private func place(of object: Resource) -> Int? {
        objects.lastIndex {
            $0.metadata.name == object.metadata.name && $0.metadata.namespace == object.metadata.namespace
        }
    }
}
