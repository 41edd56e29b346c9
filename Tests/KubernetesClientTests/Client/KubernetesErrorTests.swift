import FoundationEssentials
import Shared
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

@Suite struct KubernetesErrorTests {
    private static func error(_ name: String, status: Int) throws -> KubernetesError {
        let body = Array(try Facts.text(name).utf8)
        return KubernetesError(
            operation: "do it", response: HTTPResponse(status: status, headers: [:], body: body, trailers: [:]))
    }

    @Test(arguments: [
        ("status.400.badcontinue.json", 400, "BadRequest"), ("status.401.json", 401, "Unauthorized"),
        ("status.403.serviceaccount.json", 403, "Forbidden"), ("status.404.json", 404, "NotFound"),
        ("status.405.json", 405, "MethodNotAllowed"), ("status.409.AlreadyExists.json", 409, "AlreadyExists"),
        ("status.409.ApplyConflict.json", 409, "Conflict"), ("status.410.Expired.json", 410, "Expired"),
        ("status.415.patch.json", 415, "UnsupportedMediaType"), ("status.422.Invalid.json", 422, "Invalid"),
        ("status.504.TooLargeRV.json", 504, "Timeout"),
    ])
    func capturedAnswersAreUnderstood(name: String, status: Int, reason: String) throws {
        let error = try Self.error(name, status: status)
        #expect(error.status == status)
        #expect(error.reason == reason)
        #expect(error.description.hasPrefix("could not do it: "))
        #expect(error.description.contains("(\(status) \(reason)). "))
        #expect(error.description.contains(error.message))
    }

    @Test func kindsAreTold() throws {
        let exists = try Self.error("status.409.AlreadyExists.json", status: 409)
        #expect(exists.isAlreadyExists && !exists.isConflict)
        let conflict = try Self.error("status.409.ApplyConflict.json", status: 409)
        #expect(conflict.isConflict && !conflict.isAlreadyExists)
        #expect(conflict.details?.causes?.first?.field == ".data.a")
        let expired = try Self.error("status.410.Expired.json", status: 410)
        #expect(expired.isExpired && expired.continueToken?.hasPrefix("eyJ") == true)
        let invalid = try Self.error("status.422.Invalid.json", status: 422)
        #expect(invalid.isInvalid && invalid.details?.causes?.count == 5)
        let future = try Self.error("status.504.TooLargeRV.json", status: 504)
        #expect(future.isFutureResourceVersion && future.retryAfter == .seconds(1))
        #expect(try Self.error("status.404.json", status: 404).isNotFound)
        #expect(try Self.error("status.401.json", status: 401).isUnauthorized)
        #expect(try Self.error("status.403.anonymous.json", status: 403).advice.contains("permission"))
    }

    @Test func whatIsNoStatusIsQuotedInShort() {
        let html = "<html>\n<body>  gateway " + String(repeating: "x", count: 500)
        let error = KubernetesError(
            operation: "do it",
            response: HTTPResponse(status: 502, headers: ["Retry-After": "3"], body: Array(html.utf8), trailers: [:]))
        #expect(error.message.hasPrefix("not an answer of the Kubernetes API: <html> <body> gateway x"))
        #expect(error.message.utf8.count < 300)
        #expect(error.reason == "HTTP502")
        #expect(error.retryAfter == .seconds(3))
    }

    @Test func unreadableAnswersSayWhereAndNeverWhat() throws {
        struct Probe: Decodable {
            struct Inner: Decodable { var number: Int }
            var inner: [Inner]
        }
        let client = KubernetesClient(access: .plain("http://localhost"), logger: .quiet)
        for body in [#"{"inner":[{"number":"hunter2"}]}"#, #"{"inner":[{"hunter2":1}]}"#, #"{"inner":hunter2}"#] {
            let error = #expect(throws: KubernetesError.self) {
                let _: Probe = try client.decode(Array(body.utf8), "get x")
            }
            #expect(error?.description.contains("hunter2") == false)
            #expect(error?.reason == KubernetesError.unreadableReason)
        }
        let error = #expect(throws: KubernetesError.self) {
            let _: Probe = try client.decode(Array(#"{"inner":[{"number":"x"}]}"#.utf8), "get x")
        }
        #expect(error?.message.contains("inner.[0].number is no Int") == true)
    }
}
