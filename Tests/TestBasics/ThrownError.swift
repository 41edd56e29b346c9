import Testing

/// The error that an operation throws.
func failure<Failure: Error>(
    _ type: Failure.Type, _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws -> Failure {
    do {
        try await body()
    } catch let error as Failure {
        return error
    }
    Issue.record("nothing was thrown", sourceLocation: location)
    throw CancellationError()
}
