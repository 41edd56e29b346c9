/// A user of a registry.
public struct Credential: Hashable, Sendable {
    public let username: String
    public let password: String

    public init(username: String, password: String) {
        self.username = username
        self.password = password
    }
}

extension Credential: CustomStringConvertible {
    /// Without the password: this is what ends up in logs.
    public var description: String { "Credential(\(username))" }
}
