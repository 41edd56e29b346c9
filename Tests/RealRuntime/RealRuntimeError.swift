/// What kept a real tool from doing its work in a test.
public struct RealRuntimeError: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
