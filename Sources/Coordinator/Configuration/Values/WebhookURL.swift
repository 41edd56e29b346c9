import Foundation

/// `ALERT_WEBHOOK_URL`: where alerts are sent.
package enum WebhookURL {
    static func parse(_ text: String) throws(ValueFault) -> String? {
        guard !text.isEmpty else { return nil }
        let next = "write the base URL of an Alertmanager, such as http://alertmanager.monitoring.svc:9093"
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let parts = URLComponents(string: text) else {
            throw ValueFault("the value is no URL", next: next)
        }
        guard let scheme = parts.scheme?.lowercased(), scheme == "http" || scheme == "https" else {
            throw ValueFault("the URL doesn't begin with http:// or https://", next: next)
        }
        guard let host = parts.host, !host.isEmpty else { throw ValueFault("the URL names no host", next: next) }
        guard parts.port.map({ (1...65535).contains($0) }) ?? true else {
            throw ValueFault("the URL's port is not between 1 and 65535", next: next)
        }
        guard parts.fragment == nil else { throw ValueFault("the URL has a fragment (\"#…\")", next: next) }
        return text
    }

    /// Fit for logs: without credentials, query and whatever a path may hide.
    package static func redacted(_ url: String) -> String {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, let host = parts.host else {
            return Redaction.mask
        }
        let port = parts.port.map { ":\($0)" } ?? ""
        let hasMore = parts.query != nil || (!parts.path.isEmpty && parts.path != "/")
        return "\(scheme)://\(host)\(port)" + (hasMore ? "/…" : "")
    }

    static func hasCredentials(_ url: String) -> Bool {
        let parts = URLComponents(string: url)
        return parts?.user != nil || parts?.password != nil
    }
}
