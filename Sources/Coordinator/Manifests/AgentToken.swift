/// The projected ServiceAccount token that an agent shows.
package enum AgentToken {
    /// Who it is for: the API server confirms it for nobody else.
    package static let audience = "image-puller"
}
