import Cluster
import Shared

/// What pods name in place of images that we write: an admission policy of the platform can change names on the way, mostly to
/// those of a mirror.
///
/// A kubelet looks for the image that its pod names, so that is the one to be pulled and held.
public struct AdmittedImages: Sendable, Equatable {
    /// What pods name, by the normalised reference that we write. What isn't changed isn't here.
    public private(set) var names: [String: ImageReference] = [:]

    public init() {}

    /// A pod names this image where we wrote that one. What is no image reference tells nothing.
    ///
    /// - Returns: whether it is another one.
    @discardableResult
    public mutating func note(written: ImageReference, named: some StringProtocol) -> Bool {
        guard named != written.written, let reference = try? ImageReference(String(named)),
            reference.normalised != written.normalised
        else { return false }
        names[written.normalised] = reference
        return true
    }

    /// The same with what other pods have shown.
    public mutating func merge(_ others: AdmittedImages) { names.merge(others.names) { _, new in new } }

    /// The configuration with its images named as pods name them. Names and containers stay.
    public func applied(to configuration: Configuration) -> Configuration {
        guard !names.isEmpty else { return configuration }
        var configuration = configuration
        for (index, entry) in configuration.images.enumerated() {
            guard let named = names[entry.reference.normalised] else { continue }
            configuration.images[index].reference = named
        }
        return configuration
    }

    /// A rule that explains changes: what names begin with, before and after.
    public struct Rule: Sendable, Equatable {
        public var from: String
        public var to: String
        /// The entries whose images it changes, in the order of the list.
        public var entries: [String]
    }

    /// The rules that explain what is changed of a configuration's images, in the order of the list.
    public func rules(in configuration: Configuration) -> [Rule] {
        var rules: [Rule] = []
        for entry in configuration.images {
            guard let named = names[entry.reference.normalised] else { continue }
            let (from, to) = Self.difference(entry.reference.normalised, named.normalised)
            if let index = rules.firstIndex(where: { $0.from == from && $0.to == to }) {
                rules[index].entries.append(entry.name)
            } else {
                rules.append(Rule(from: from, to: to, entries: [entry.name]))
            }
        }
        return rules
    }

    /// Both without the path components that they end with alike; a registry is left to either.
    private static func difference(_ written: String, _ named: String) -> (String, String) {
        var (left, right) = (written.split(separator: "/"), named.split(separator: "/"))
        let whole = (left.count, right.count)
        while left.count > 1, right.count > 1, left.last == right.last {
            left.removeLast()
            right.removeLast()
        }
        func text(_ parts: [Substring], of count: Int) -> String {
            parts.joined(separator: "/") + (parts.count < count ? "/" : "")
        }
        return (text(left, of: whole.0), text(right, of: whole.1))
    }
}

extension ContainerView {
    /// The image that its kubelet doesn't find, as its pod names it. The kubelet's words for `ErrImageNeverPull` are
    /// `Container image "NAME" is not present with pull policy of Never`.
    public var missingImage: Substring? {
        guard waitingReason == "ErrImageNeverPull", let waitingMessage else { return nil }
        let parts = waitingMessage.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 ? parts[1] : nil
    }
}
