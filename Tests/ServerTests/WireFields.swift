import FoundationEssentials
import SwiftProtobuf

/// The messages of `agent.proto`, as its text has them: what is tried with each field is tried with one that is added, too.
struct WireFields: Sendable {
    struct Field: Sendable, Hashable, CustomStringConvertible {
        var message: String
        var name: String
        var type: String
        var number: Int

        var description: String { "\(message).\(name)" }
    }

    /// By message.
    let messages: [String: [Field]]

    init() throws {
        let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try String(contentsOfFile: folder + "/Sources/Shared/Wire/agent.proto", encoding: .utf8)
        var messages: [String: [Field]] = [:]
        var message = ""
        for line in text.split(separator: "\n") {
            let words = line.split { " \t;".contains($0) }.prefix { !$0.hasPrefix("//") }.map(String.init)
            if words.first == "message" { message = words[1] }
            if words.first == "enum" { message = "" }
            guard !message.isEmpty, let equals = words.firstIndex(of: "="), equals >= 2, words.count > equals + 1,
                let number = Int(words[equals + 1])
            else { continue }
            messages[message, default: []].append(
                Field(message: message, name: words[equals - 1], type: words[equals - 2], number: number))
        }
        self.messages = messages
    }

    /// Those that are numbers, of a message and of all messages in it.
    func numbers(in message: String) -> [Field] {
        (messages[message] ?? []).flatMap { field in
            if messages[field.type] != nil { return numbers(in: field.type) }
            return field.type == "string" ? [] : [field]
        }
    }

    /// Those that are texts.
    func texts(in message: String) -> [Field] {
        (messages[message] ?? []).flatMap { field in
            if messages[field.type] != nil { return texts(in: field.type) }
            return field.type == "string" ? [field] : []
        }
    }

    /// What a field is set to.
    enum Value: Sendable {
        case number(UInt64)
        case text([UInt8])

        fileprivate func bytes(of field: Int) -> [UInt8] {
            switch self {
            case .number(let number): varint(UInt64(field) << 3) + varint(number)
            case .text(let text): varint(UInt64(field) << 3 | 2) + varint(UInt64(text.count)) + text
            }
        }
    }

    /// A message's bytes with fields set to a value, wherever a message of theirs is.
    func setting(_ fields: Set<Field>, to value: Value, in bytes: [UInt8], of message: String = "Report") -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let key = varint(&rest) {
            let field = messages[message]?.first { $0.number == Int(key >> 3) }
            if key & 7 == 0 {
                let number = varint(&rest) ?? 0
                if let field, fields.contains(field) { continue }
                result += varint(key) + varint(number)
            } else {
                // There are no others in the messages.
                precondition(key & 7 == 2)
                let length = Int(varint(&rest) ?? 0)
                var part = Array(rest.prefix(length))
                rest = rest.dropFirst(length)
                if let field, fields.contains(field) { continue }
                if let field, messages[field.type] != nil {
                    part = setting(fields, to: value, in: part, of: field.type)
                }
                result += varint(key) + varint(UInt64(part.count)) + part
            }
        }
        for field in fields where field.message == message { result += value.bytes(of: field.number) }
        return result
    }
}

private func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var (value, shift) = (UInt64(0), UInt64(0))
    while let byte = bytes.popFirst() {
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
    }
    return nil
}

private func varint(_ value: UInt64) -> [UInt8] {
    var (bytes, rest) = ([UInt8](), value)
    while rest >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
    }
    return bytes + [UInt8(rest)]
}
