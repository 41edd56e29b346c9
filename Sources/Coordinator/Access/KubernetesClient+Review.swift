import FoundationEssentials
import KubernetesClient
import Shared

extension KubernetesClient {
    /// What a TokenReview says.
    struct TokenVerdict: Decodable, Sendable {
        var authenticated: Bool?
        var user: ReviewedUser?
        var audiences: [String]?
        var error: String?
    }

    /// For reviews: a request waits for them, so what doesn't answer soon doesn't answer.
    func forReviews() -> KubernetesClient {
        var client = self
        client.retry.maximumAttempts = 2
        client.objectTimeout = .seconds(10)
        return client
    }

    /// Asks the API server who a token speaks for.
    ///
    /// - Parameter audiences: the token must be for one of them; empty: for the API server.
    func review(token: BearerToken, audiences: [String]) async throws -> TokenVerdict {
        var spec: JSONValue = ["token": .string(token.text)]
        if !audiences.isEmpty { spec["audiences"] = .array(audiences.map { .string($0) }) }
        return try await review(
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec],
            "/apis/authentication.k8s.io/v1/tokenreviews", "review a token")
    }

    private struct AccessVerdict: Decodable {
        var allowed: Bool?
    }

    /// Asks the API server whether a user may do something to a URL that is no resource.
    func review(user: ReviewedUser, verb: String, path: String) async throws -> Bool {
        var spec: JSONValue = [
            "user": .string(user.username),
            "nonResourceAttributes": ["verb": .string(verb), "path": .string(path)],
        ]
        if let uid = user.uid { spec["uid"] = .string(uid) }
        if let groups = user.groups { spec["groups"] = .array(groups.map { .string($0) }) }
        if let extra = user.extra {
            spec["extra"] = .object(extra.mapValues { .array($0.map { .string($0) }) })
        }
        let verdict: AccessVerdict = try await review(
            ["apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec],
            "/apis/authorization.k8s.io/v1/subjectaccessreviews", "review an access")
        return verdict.allowed ?? false
    }

    private func review<Verdict: Decodable>(
        _ document: JSONValue, _ path: String, _ operation: String
    ) async throws -> Verdict {
        // Nothing is stored, so sending it twice does no harm.
        let request = Request(
            method: "POST", path: path, contentType: "application/json",
            body: Array(try JSONEncoder().encode(document)),
            operation: operation)
        let answer: ReviewAnswer<Verdict> = try decode(await send(request), operation)
        return answer.status
    }
}

private struct ReviewAnswer<Status: Decodable>: Decodable {
    var status: Status
}
