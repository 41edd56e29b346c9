/// What nodes say of one quantity: of each the newest word, and of so many nodes at most.
package struct NodeClaims: Sendable, Equatable {
    private struct Claim: Sendable, Equatable {
        var node: String
        var value: Double
    }

    private let most: Int
    /// The newest last.
    private var claims: [Claim] = []

    package init(most: Int) { self.most = most }

    package mutating func note(_ value: Double, of node: String) {
        claims.removeAll { $0.node == node }
        claims.append(Claim(node: node, value: value))
        if claims.count > most { claims.removeFirst() }
    }

    package var count: Int { claims.count }

    /// In ascending order.
    package var ordered: [Double] { claims.map(\.value).sorted() }
}
