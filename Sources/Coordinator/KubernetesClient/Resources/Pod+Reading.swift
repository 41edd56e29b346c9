import Shared

extension Pod: ReadableValue, ReadableResource {
    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "metadata": metadata = try ObjectMeta.read(&reader) ?? ObjectMeta()
        case "spec": spec = try Spec.read(&reader)
        case "status": status = try Status.read(&reader)
        default: break
        }
    }
}

extension Pod.Spec: ReadableValue {
    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "nodeName": nodeName = try reader.string()
        case "serviceAccountName": serviceAccountName = try reader.string()
        case "initContainers": initContainers = try Pod.Container.readAll(&reader)
        case "containers": containers = try Pod.Container.readAll(&reader)
        case "ephemeralContainers": ephemeralContainers = try Pod.EphemeralContainer.readAll(&reader)
        case "affinity": affinity = try Pod.Affinity.read(&reader)
        default: break
        }
    }
}

extension Pod.Container: ReadableValue {
    package init() { self.init(name: "") }

    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "name": name = try reader.string() ?? ""
        case "image": image = try reader.string()
        default: break
        }
    }
}

extension Pod.EphemeralContainer: ReadableValue {
    package init() { self.init(name: "") }

    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "name": name = try reader.string() ?? ""
        case "image": image = try reader.string()
        case "command":
            var words: [String] = []
            if try reader.elements({ words.append(try $0.string() ?? "") }) { command = words }
        default: break
        }
    }
}

extension Pod.Affinity: ReadableValue {
    mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        if case "nodeAffinity" = key { nodeAffinity = try NodeAffinity.read(&reader) }
    }
}

extension Pod.Affinity.NodeAffinity: ReadableValue {
    mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        guard case "requiredDuringSchedulingIgnoredDuringExecution" = key else { return }
        requiredDuringSchedulingIgnoredDuringExecution = try Pod.Affinity.Required.read(&reader)
    }
}

extension Pod.Affinity.Required: ReadableValue {
    init() { self.init(nodeSelectorTerms: []) }

    mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        if case "nodeSelectorTerms" = key { nodeSelectorTerms = try Pod.Affinity.Term.readAll(&reader) ?? [] }
    }
}

extension Pod.Affinity.Term: ReadableValue {
    mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        if case "matchFields" = key { matchFields = try Pod.Affinity.Field.readAll(&reader) }
    }
}

extension Pod.Affinity.Field: ReadableValue {
    init() { self.init(key: "", operator: "") }

    mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "key": self.key = try reader.string() ?? ""
        case "operator": self.operator = try reader.string() ?? ""
        case "values":
            var values: [String] = []
            if try reader.elements({ values.append(try $0.string() ?? "") }) { self.values = values }
        default: break
        }
    }
}

extension Pod.Status: ReadableValue {
    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "phase": phase = try reader.string()
        case "reason": reason = try reader.string()
        case "message": message = try reader.string()
        case "conditions": conditions = try Condition.readAll(&reader)
        case "initContainerStatuses": initContainerStatuses = try Pod.ContainerStatus.readAll(&reader)
        case "containerStatuses": containerStatuses = try Pod.ContainerStatus.readAll(&reader)
        case "ephemeralContainerStatuses":
            ephemeralContainerStatuses = try Pod.ContainerStatus.readAll(&reader)
        default: break
        }
    }
}

extension Pod.ContainerStatus: ReadableValue {
    package init() { self.init(name: "") }

    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "name": name = try reader.string() ?? ""
        case "image": image = try reader.string()
        case "imageID": imageID = try reader.string()
        case "ready": ready = try reader.bool()
        case "started": started = try reader.bool()
        case "restartCount": restartCount = try reader.integer()
        case "state": state = try Pod.ContainerState.read(&reader)
        case "lastState": lastState = try Pod.ContainerState.read(&reader)
        default: break
        }
    }
}

extension Pod.ContainerState: ReadableValue {
    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "waiting": waiting = try Waiting.read(&reader)
        case "running": running = try Running.read(&reader)
        case "terminated": terminated = try Terminated.read(&reader)
        default: break
        }
    }
}

extension Pod.ContainerState.Waiting: ReadableValue {
    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "reason": reason = try reader.string()
        case "message": message = try reader.string()
        default: break
        }
    }
}

extension Pod.ContainerState.Running: ReadableValue {
    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        if case "startedAt" = key { startedAt = try reader.time() }
    }
}

extension Pod.ContainerState.Terminated: ReadableValue {
    package init() { self.init(exitCode: 0) }

    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "exitCode": exitCode = try reader.integer() ?? 0
        case "reason": reason = try reader.string()
        case "message": message = try reader.string()
        case "finishedAt": finishedAt = try reader.time()
        default: break
        }
    }
}
