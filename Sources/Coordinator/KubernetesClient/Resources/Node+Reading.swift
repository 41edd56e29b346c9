import Shared

extension Node: ReadableValue, ReadableResource {
    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "metadata": metadata = try ObjectMeta.read(&reader) ?? ObjectMeta()
        case "spec": spec = try Spec.read(&reader)
        case "status": status = try Status.read(&reader)
        default: break
        }
    }
}

extension Node.Spec: ReadableValue {
    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "unschedulable": unschedulable = try reader.bool()
        case "taints": taints = try Node.Taint.readAll(&reader)
        default: break
        }
    }
}

extension Node.Taint: ReadableValue {
    package init() { self.init(key: "", effect: "") }

    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "key": self.key = try reader.string() ?? ""
        case "value": value = try reader.string()
        case "effect": effect = try reader.string() ?? ""
        default: break
        }
    }
}

extension Node.Status: ReadableValue {
    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "conditions": conditions = try Condition.readAll(&reader)
        case "allocatable": allocatable = try reader.strings()
        case "nodeInfo": nodeInfo = try Node.Info.read(&reader)
        default: break
        }
    }
}

extension Node.Info: ReadableValue {
    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "operatingSystem": operatingSystem = try reader.string()
        case "architecture": architecture = try reader.string()
        case "kubeletVersion": kubeletVersion = try reader.string()
        case "containerRuntimeVersion": containerRuntimeVersion = try reader.string()
        case "bootID": bootID = try reader.string()
        default: break
        }
    }
}

extension Condition: ReadableValue {
    package init() { self.init(type: "", status: "") }

    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "type": type = try reader.string() ?? ""
        case "status": status = try reader.string() ?? ""
        case "reason": reason = try reader.string()
        case "message": message = try reader.string()
        case "lastTransitionTime": lastTransitionTime = try reader.time()
        default: break
        }
    }
}
