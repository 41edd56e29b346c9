import HTTPListener
import HTTPTypes
import Hummingbird

/// Requests that a page of another site makes a browser send. Browsers say so themselves, in a header that no page can
/// set (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/).
enum CrossSite {
    private static let site = HTTPField.Name("Sec-Fetch-Site")
    private static let others: Set = ["cross-site", "same-site"]
    private static let mode = HTTPField.Name("Sec-Fetch-Mode")
    private static let destination = HTTPField.Name("Sec-Fetch-Dest")

    /// Whether another origin's page asks. To browsers all ports of a host are one site, and behind another one of localhost may
    /// stand anything that somebody forwards from a cluster. Somebody who follows a link to the dashboard doesn't, as long as it
    /// opens as a page of its own.
    static func isForeign(_ request: Request) -> Bool {
        guard let site, let told = request.headers[site], others.contains(told) else { return false }
        guard request.method == .get, let mode, request.headers[mode] == "navigate", let destination,
            request.headers[destination] == "document"
        else { return true }
        return request.uri.path != "/"
    }

    static let problem = ProblemDocument(
        .forbidden, "cross-site", title: "A page from elsewhere may not ask this",
        detail: "The browser says that the request comes from a page of another site or port. Open the address itself.")
}
