import FoundationEssentials
import Shared
import SwiftProtobuf
import Testing

@testable import ControlFixtures
@testable import Reporting
@testable import ServerFixtures

@Suite("The dashboard's routes on the local listener") struct DashboardRouteTests {
    @Test("The page and its cells are served; before the first revision the cells aren't")
    func serves() async throws {
        try await LiveCoordinator.run { live in
            let page = try await live.get("\(live.local)/")
            #expect(page.status == 200 && page.headers["Content-Type"] == "text/html; charset=utf-8")
            try expectProblem(try await live.get("\(live.local)/api/v1/cells"), 503, "not-ready")
            try await live.start()
            let report = Stage.report("n1", 1) { $0.full.images = [.listed("nginx")] }
            #expect(try await live.post(try report.serializedBytes()).status == 200)
            let cells = try await live.get("\(live.local)/api/v1/cells")
            #expect(cells.status == 200)
            let matrix = try JSONDecoder().decode(CellMatrix.self, from: Data(cells.body))
            #expect(matrix.cells == ["4"] && matrix.nodes == ["n1"] && matrix.revision == 3)
        }
    }

    @Test("On the open listener the page wants a reader's token, as everything else does")
    func onTheOpenListener() async throws {
        try await LiveCoordinator.run { live in
            try await live.start()
            for path in ["/", "/dashboard/main.js"] {
                #expect(try await live.get(live.agents + path).status == 401)
                #expect(try await live.get(live.agents + path, token: "nobody").status == 403)
                #expect(try await live.get(live.agents + path, token: "reader").status == 200)
            }
        }
    }

    @Test("A moment that can't be read, and one in the future, are refused; without a history there's no past")
    func past() async throws {
        try await LiveCoordinator.run { live in
            try await live.start()
            for (moment, status, problem) in [
                ("yesterday", 400, "parameter-invalid"), ("2999-01-01T00:00:00Z", 400, "future"),
            ] {
                try expectProblem(
                    try await live.get("\(live.local)/api/v1/cells?at=\(moment)"), status, problem)
            }
            try expectProblem(
                try await live.get("\(live.local)/api/v1/cells?at=1h"), 503, "history-unavailable")
        }
    }
}
