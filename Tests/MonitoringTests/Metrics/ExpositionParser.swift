/// Reads both text formats back, strictly: what isn't allowed is an error.
struct ExpositionParser {
    struct Failure: Error, CustomStringConvertible {
        var line: String
        var description: String { "can't read: \(line)" }
    }

    struct Family: Equatable {
        var name: String
        var help = ""
        var type = ""
        var unit: String?
        var samples: [Sample] = []
    }

    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    static func parse(_ text: String, isOpenMetrics: Bool) throws -> [Family] {
        if text.isEmpty, !isOpenMetrics { return [] }
        // By scalars: Swift takes a carriage return and a line feed for one character.
        let scalars = text.unicodeScalars
        guard scalars.last == "\n" else { throw Failure(line: "no line feed at the end") }
        var families: [Family] = []
        var lines = scalars.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        if isOpenMetrics {
            guard lines.last == "# EOF" else { throw Failure(line: "no EOF") }
            lines.removeLast()
        }
        for line in lines {
            if line.hasPrefix("# ") {
                let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 4 else { throw Failure(line: line) }
                switch parts[1] {
                case "HELP":
                    families.append(
                        Family(name: parts[2], help: try unescape(parts[3], quotes: isOpenMetrics, line: line)))
                case "TYPE" where families.last?.name == parts[2]: families[families.count - 1].type = parts[3]
                case "UNIT" where families.last?.name == parts[2] && isOpenMetrics:
                    families[families.count - 1].unit = parts[3]
                default: throw Failure(line: line)
                }
            } else {
                guard let name = families.last?.name else { throw Failure(line: line) }
                let sample = try sample(line)
                guard sample.name.hasPrefix(name) else { throw Failure(line: line) }
                families[families.count - 1].samples.append(sample)
            }
        }
        return families
    }

    private static func sample(_ line: String) throws -> Sample {
        let bytes = Array(line.unicodeScalars)
        var index = 0
        func isName(_ scalar: Unicode.Scalar) -> Bool {
            ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                || scalar == "_" || scalar == ":"
        }
        func take(while condition: (Unicode.Scalar) -> Bool) -> String {
            var text = String.UnicodeScalarView()
            while index < bytes.count, condition(bytes[index]) {
                text.append(bytes[index])
                index += 1
            }
            return String(text)
        }
        func expect(_ scalar: Unicode.Scalar) throws {
            guard index < bytes.count, bytes[index] == scalar else { throw Failure(line: line) }
            index += 1
        }
        let name = take(while: isName)
        guard !name.isEmpty else { throw Failure(line: line) }
        var labels: [String: String] = [:]
        if index < bytes.count, bytes[index] == "{" {
            index += 1
            while true {
                let label = take(while: isName)
                try expect("=")
                try expect("\"")
                var raw = String.UnicodeScalarView()
                while index < bytes.count, bytes[index] != "\"" {
                    raw.append(bytes[index])
                    if bytes[index] == "\\", index + 1 < bytes.count {
                        index += 1
                        raw.append(bytes[index])
                    }
                    index += 1
                }
                try expect("\"")
                guard labels.updateValue(try unescape(String(raw), quotes: true, line: line), forKey: label) == nil
                else {
                    throw Failure(line: line)
                }
                guard index < bytes.count else { throw Failure(line: line) }
                if bytes[index] == "}" { break }
                try expect(",")
            }
            try expect("}")
        }
        try expect(" ")
        let text = take { $0 != " " }
        guard index == bytes.count, let value = number(text) else { throw Failure(line: line) }
        return Sample(name: name, labels: labels, value: value)
    }

    private static func number(_ text: String) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: Double(text)
        }
    }

    private static func unescape(_ text: String, quotes: Bool, line: String) throws -> String {
        var result = String.UnicodeScalarView()
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "\\" else {
                result.append(scalar)
                continue
            }
            switch scalars.next() {
            case "\\": result.append("\\")
            case "n": result.append("\n")
            case "\"" where quotes: result.append("\"")
            default: throw Failure(line: line)
            }
        }
        return String(result)
    }
}
