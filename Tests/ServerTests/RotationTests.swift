import FoundationEssentials
import Shared
import Synchronization
import Testing

@testable import Certificates
@testable import ServerFixtures

@Suite("Certificates on the open listener") struct RotationTests {
    private final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { value.withLock { $0 } }
        func set() { value.withLock { $0 = true } }
    }

    @Test("Connections that are open stay, new ones see the new certificate, no request fails", .timeLimit(.minutes(2)))
    func hot() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let (nextAuthority, next) = try LiveCoordinator.certificates()
            // Who has been told of both trusts either.
            let both = HTTPClient(
                configuration: .init(tls: TLSOptions(caPEM: "\(coordinator.bundle)\n\(nextAuthority.certificate)\n")))
            let onlyNew = HTTPClient(configuration: .init(tls: TLSOptions(caPEM: nextAuthority.certificate)))
            let url = coordinator.agents + "/healthz"
            let isOver = Flag()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var count = 0
                        while !isOver.isSet {
                            let response = try await both.send(HTTPRequest("GET", url))
                            #expect(response.status == 200)
                            count += 1
                        }
                        return count
                    }
                }
                #expect(try await coordinator.get(url).status == 200)
                await #expect(throws: HTTPError.self) { try await onlyNew.send(HTTPRequest("GET", url)) }
                try coordinator.identity.use(next)
                #expect(try await onlyNew.send(HTTPRequest("GET", url)).status == 200)
                // This client trusts the former authority alone: it lives by its kept connection.
                #expect(try await coordinator.get(url).status == 200)
                isOver.set()
                for try await count in group { #expect(count > 0) }
            }
        }
    }

    @Test("A certificate that can't be used leaves the present one in place")
    func unusable() throws {
        let identity = try ServingIdentity()
        let before = identity.current
        let bad = IssuedCertificate(certificate: "x", key: "y", notBefore: Date(), notAfter: Date())
        #expect(throws: (any Error).self) { try identity.use(bad) }
        #expect(identity.current === before)
    }
}
