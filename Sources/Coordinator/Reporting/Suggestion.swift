import Cluster
import Formatting
import ImageSets
import Planning
import Shared

/// Images that pods waited for and that the list doesn't have: what `coordinator suggest` tells.
package struct SuggestionReport: Codable, Sendable, Hashable, Answer {
    /// The most waiting first.
    package var images: [Item]
    /// The best of them as entries of `IMAGES`.
    package var line: String

    package struct Item: Codable, Sendable, Hashable {
        var name: String
        package var reference: String
        /// Nodes that pulled it, and pods that use it now.
        package var nodes: Int
        package var pods: Int
        /// Times that it was pulled while the events were kept (an hour, mostly).
        package var pulls: Int
        /// Seconds that pods waited for it.
        package var seconds: Double
        /// Bytes; nil when nobody said.
        package var bytes: Int64?
    }

    /// One pull, as a kubelet's event has it.
    package struct Pull: Sendable, Equatable {
        var image: String
        var seconds: Double
        var bytes: Int64?
        package var node: String
        var count: Int
    }

    /// A running pod's image.
    package struct Use: Sendable, Hashable {
        package var image: String
        package var pod: String

        package init(image: String, pod: String) {
            self.image = image
            self.pod = pod
        }
    }

    /// What the list has already.
    package struct Listed: Sendable {
        /// Normalised.
        package var references: Set<String> = []
        /// Of its entries: another entry of such a name would have no effect.
        package var names: Set<String> = []

        package init(references: Set<String> = [], names: Set<String> = []) {
            self.references = references
            self.names = names
        }
    }

    package init(pulls: [Pull], uses: [Use], listed: Listed, limit: Int) {
        struct Sum {
            var reference: ImageReference
            var nodes: Set<String> = []
            var pods: Set<String> = []
            var pulls = 0
            var seconds = 0.0
            var bytes: Int64?
        }
        var sums: [String: Sum] = [:]
        for pull in pulls {
            guard let reference = try? ImageReference(pull.image), !listed.references.contains(reference.normalised)
            else {
                continue
            }
            var sum = sums[reference.normalised] ?? Sum(reference: reference)
            sum.nodes.insert(pull.node)
            sum.pulls = sum.pulls.saturatingAdd(pull.count)
            sum.seconds += pull.seconds * Double(pull.count)
            sum.bytes = pull.bytes ?? sum.bytes
            sums[reference.normalised] = sum
        }
        for use in uses {
            guard let reference = try? ImageReference(use.image) else { continue }
            sums[reference.normalised]?.pods.insert(use.pod)
        }
        var names = listed.names.union(Configuration.reservedContainerNames)
        images = sums.sorted { ($1.value.seconds, $0.key) < ($0.value.seconds, $1.key) }.prefix(limit).map { _, sum in
            let name = Self.name(sum.reference, unlike: names)
            names.insert(name)
            return Item(
                name: name, reference: sum.reference.written, nodes: sum.nodes.count, pods: sum.pods.count,
                pulls: sum.pulls, seconds: sum.seconds, bytes: sum.bytes)
        }
        line = images.map { "\($0.name)=\($0.reference)" }.joined(separator: ";")
    }

    /// A DNS label from the repository's last part.
    private static func name(_ reference: ImageReference, unlike taken: Set<String>) -> String {
        let last = reference.repository.split(separator: "/").last ?? "image"
        let letters = last.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        var name = String(String(letters).prefix(50))
        while name.hasPrefix("-") { name.removeFirst() }
        while name.hasSuffix("-") { name.removeLast() }
        if name.isEmpty { name = "image" }
        guard taken.contains(name) else { return name }
        return (2...).lazy.map { "\(name)-\($0)" }.first { !taken.contains($0) } ?? name
    }

    package var csv: [String] {
        [CSV.line(["name", "reference", "seconds", "pulls", "nodes", "pods", "bytes"])]
            + images.map {
                CSV.line([
                    $0.name, $0.reference, "\($0.seconds)", "\($0.pulls)", "\($0.nodes)", "\($0.pods)",
                    $0.bytes.map(String.init) ?? "",
                ])
            }
    }
}

extension SuggestionReport.Pull {
    /// Reads the message of a kubelet's `Pulled` event: `Successfully pulled image "x" in 1.2s (3.4s including waiting).
    /// Image size: 5 bytes.` Nil when nothing was pulled.
    package init?(message: String, node: String, count: Int) {
        guard message.hasPrefix("Successfully pulled image \"") else { return nil }
        let parts = message.split(separator: "\"", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return nil }
        image = String(parts[1])
        let words = parts[2].split(separator: " ")
        // What pods waited is the second span; older kubelets tell only the first.
        let spans = words.filter { $0.hasSuffix("s") || $0.hasPrefix("(") }
            .compactMap { Self.seconds($0.trimmingPrefix("(")) }
        guard let span = spans.max() else { return nil }
        seconds = span
        if let size = words.firstIndex(of: "size:"), words.indices.contains(size + 1),
            let bytes = Int64(words[size + 1]), bytes >= 0
        {
            self.bytes = bytes
        }
        self.node = node
        self.count = count
    }

    /// Go's durations: `1m2.5s`, `300ms`.
    private static func seconds(_ text: Substring) -> Double? {
        var sum = 0.0
        var rest = text
        guard rest.first?.isNumber ?? false else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            let unit = rest.dropFirst(digits.count).prefix { $0.isLetter || $0 == "µ" }
            let factor: [String: Double] = [
                "h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9,
            ]
            guard let number = Double(digits), let factor = factor[String(unit)] else { return nil }
            sum += number * factor
            rest = rest.dropFirst(digits.count + unit.count)
        }
        // Anybody can write an Event: a wait longer than Events are kept is none.
        return sum <= Self.longestWait ? sum : nil
    }

    /// A day, in seconds.
    private static let longestWait = 86_400.0
}
