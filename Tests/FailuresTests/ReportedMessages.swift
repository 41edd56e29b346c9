import Foundation

/// Messages and the reason that each of them should get.
struct ReportedMessages {
    struct Line: Sendable {
        /// Any of them is right.
        var reasons: [String]
        var runtime: String
        var source: String
        var text: String
    }

    /// Of public reports, with the reason that their reporters found.
    static let reported = lines("reported")
    /// In the forms that runtimes, kubelets and registries print: from their source, and from public reports.
    static let forms = lines("forms")
    /// Of public reports, too, the reason decided on before they were read: of the first 172, 151 were read rightly, and of
    /// the next 38, after the kinds were added that the others taught, 37.
    static let collected = lines("collected")
    /// Answers of real runtimes to calls that had to fail.
    static let captured = lines("captured")

    static let all = reported + forms + collected + captured

    /// Of a file in `Messages`: reason, runtime, source and message in columns, under a title.
    private static func lines(_ name: String) -> [Line] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Messages/\(name).tsv")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 4 else { return nil }
            return Line(
                reasons: fields[0].split(separator: "|").map(String.init), runtime: fields[1], source: fields[2],
                text: fields[3])
        }
    }
}
