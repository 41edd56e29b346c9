import Cluster
import FoundationEssentials
import History
import ImageSets
import Shared
import Testing

@testable import Control
@testable import ControlFixtures
@testable import HistoryFixtures
@testable import Reporting
@testable import ServerFixtures

@Suite("Questions about one image set over HTTP") struct SetRouteTests {
    @Test("What the set wants alone; another name is told what there is, and which was probably meant")
    func sets() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis"], nodes: ["n1", "n2"])
            let loop = coordinator.stage.loop
            await loop.use(prefetches: [
                ImageSet(
                    name: "prefetch-1", references: [try ImageReference("alpine"), try ImageReference("nginx")],
                    scheduling: .named(["n2"]))
            ])
            for node in ["n1", "n2"] {
                try await coordinator.stage.send(node, 1) { $0.full.images = [.listed("nginx"), .listed("alpine")] }
            }
            func report(_ query: String) async throws -> CoverageReport {
                let response = try await coordinator.get(coordinator.local + "/api/v1/coverage?" + query)
                #expect(response.status == 200)
                return try JSONDecoder().decode(CoverageReport.self, from: Data(response.body))
            }
            let all = try await report("by=set")
            #expect(all.rows.map(\.name) == ["default", "prefetch-1"] && all.sets == 2)
            #expect(all.rows.map(\.counts.cells) == [4, 2] && all.total.cells == 5 && all.total.present == 3)
            let one = try await report("set=prefetch-1")
            #expect(one.rows.map(\.name) == ["alpine", "web"] && one.total.cells == 2 && one.total.present == 2)
            #expect(try await report("set=default").total.cells == 4)
            let kept = try await report("prefetches=false")
            #expect(kept.total.cells == 4 && kept.total.present == 2 && kept.prefetchesLeftOut == 1 && kept.sets == nil)
            #expect(try await coordinator.get(coordinator.local + "/api/v1/coverage?prefetches=no").status == 400)
            let paths = [
                "coverage?set=X", "coverage?at=1s%20ago&set=X", "coverage/series?set=X", "cells?set=X",
                "cells?at=1s%20ago&set=X", "nodes/n1?set=X", "images/web?set=X", "history?set=X", "attempts?set=X",
            ]
            for path in paths {
                for (name, status) in [("prefetch-1", 200), ("prefetch-2", 404), ("", 400)] {
                    let path = path.replacing("X", with: name)
                    let response = try await coordinator.get(coordinator.local + "/api/v1/" + path)
                    if status == 404, response.status == 404 {
                        try expectProblem(response, 404, "unknown-set")
                        #expect(String(decoding: response.body, as: UTF8.self).contains("prefetch-1"), "\(path)")
                    } else if response.status != 503 {
                        #expect(response.status == status, "\(path)")
                    } else {
                        // No history is kept here.
                        #expect(status != 400, "\(path)")
                    }
                }
            }
        }
    }
}
