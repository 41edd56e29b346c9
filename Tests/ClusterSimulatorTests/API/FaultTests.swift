import Shared
import Testing

@testable import ClusterSimulator

@Suite struct FaultTests {
    @Test func plannedFaultsMeetTheirRequestsOnce() async throws {
        let api = try await APIFixture()
        api.handler.faults.next(2, .fail(status: 429, retryAfter: 3), verb: "list", resource: "configmaps")
        #expect(await api.send("GET", "/api/v1/nodes").status == 200)
        let refused = await api.send("GET", APIFixture.configMaps)
        #expect(refused.status == 429)
        #expect(refused.headers["Retry-After"] == "3")
        #expect(refused.json["reason"] == "TooManyRequests")
        #expect(await api.send("GET", APIFixture.configMaps).status == 429)
        #expect(await api.send("GET", APIFixture.configMaps).status == 200)
        #expect(api.handler.counts.of("list", "configmaps") == 3)
    }

    @Test func aDryRunOfACreationChecksAndStoresNothing() async throws {
        let api = try await APIFixture()
        let path = APIFixture.configMaps
        let answer = await api.send("POST", path + "?dryRun=All", APIFixture.configMap("a"))
        #expect(answer.status == 201)
        #expect(await api.send("GET", path + "/a").status == 404)
        #expect(await api.send("POST", path + "?dryRun=All", APIFixture.configMap("A b")).status == 422)
        #expect(await api.send("POST", path + "?dryRun=Some", APIFixture.configMap("a")).status == 400)
    }

    @Test func aDryRunOfAnythingElseIsRefused() async throws {
        let api = try await APIFixture()
        let path = APIFixture.configMaps
        #expect(await api.send("POST", path, APIFixture.configMap("a")).status == 201)
        #expect(await api.send("DELETE", path + "/a?dryRun=All").status == 400)
        #expect(await api.send("GET", path + "/a").status == 200)
    }
}
