import Formatting
import FoundationEssentials
import Shared

/// Hands alerts to an Alertmanager.
package struct AlertReceiver: Sendable {
    static let path = "/api/v2/alerts"

    var client = HTTPClient()

    /// - Parameter webhook: the Alertmanager's base URL, or the address of its alerts itself.
    /// - Throws: ``AlertDeliveryError`` or `CancellationError`.
    func post(_ messages: [AlertMessage], to webhook: String) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var request = HTTPRequest(
            "POST", Self.url(webhook), headers: ["Content-Type": "application/json"],
            body: Array(try encoder.encode(messages)))
        request.timeouts.firstByte = .seconds(15)
        request.timeouts.total = .seconds(30)
        do {
            let response = try await client.send(request, maximumBodyBytes: 1 << 20)
            guard (200..<300).contains(response.status) else {
                let text = String(decoding: response.body, as: UTF8.self).cut(toUTF8Bytes: 300)
                throw AlertDeliveryError(message: "HTTP status \(response.status): \(text)")
            }
        } catch let error as HTTPError {
            throw AlertDeliveryError(message: error.message)
        }
    }

    static func url(_ webhook: String) -> String {
        let parts = webhook.split(separator: "?", maxSplits: 1)
        var base = String(parts.first ?? "")
        while base.hasSuffix("/") { base.removeLast() }
        if !base.hasSuffix(path) { base += path }
        return parts.count > 1 ? base + "?" + parts[1] : base
    }
}

struct AlertDeliveryError: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}
