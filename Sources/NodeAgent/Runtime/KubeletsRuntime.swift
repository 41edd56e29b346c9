/// Which runtime a kubelet uses, in its own words: `containerd://1.7.27`.
struct KubeletsRuntime: Sendable, Equatable {
    private let name: Substring
    private let version: Substring

    /// Nil for what isn't one, such as nothing.
    init?(_ text: String) {
        guard let colon = text.firstRange(of: "://") else { return nil }
        name = text[..<colon.lowerBound]
        version = Self.withoutV(text[colon.upperBound...])
        guard !name.isEmpty, !version.isEmpty else { return nil }
    }

    /// Whether a runtime that calls itself so is that one. Kubelets leave out the `v` that some versions begin with, and
    /// what a distribution adds: `1.6.20~ds1` is `1.6.20` to them.
    func isCalled(_ name: String, version: String) -> Bool {
        let told = Self.withoutV(version[...])
        guard name == self.name, told.hasPrefix(self.version) else { return false }
        guard let next = told.dropFirst(self.version.count).first else { return true }
        return !next.isNumber && next != "."
    }

    private static func withoutV(_ version: Substring) -> Substring {
        version.first == "v" ? version.dropFirst() : version
    }
}
