import ArgumentParser
import Formatting

/// What an option for a link is given: empty is as if it weren't there, for templates that can't leave an option out.
struct WebLinkOption: Sendable, ExpressibleByArgument {
    let link: WebLink?

    init?(argument: String) {
        link = WebLink(argument)
        if link == nil, !argument.isEmpty { return nil }
    }
}
