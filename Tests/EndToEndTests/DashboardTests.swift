import Shared
import Testing
import WebDriver

@testable import Coordinator

/// The dashboard over the running product: five nodes with real agents.
@Suite("The dashboard of a running cluster", .enabled(if: Browser.isWanted)) struct DashboardTests {
    @Test("It follows a deleted image and its return by itself, and says when the coordinator is gone")
    func follows() async throws {
        try await TestCluster.simulated(nodes: 5) { cluster in
            try await cluster.configure(cluster.data(Array(cluster.images.prefix(2)) + [cluster.absentImage]))
            let coordinator = try await cluster.startCoordinator()
            try await Browser.run { browser in
                try await browser.open(cluster.server + "/")
                try await browser.until(
                    "return document.getElementById('figure-words').textContent.startsWith('10 of 15 cells')",
                    within: 120)
                #expect(try await browser.text("#figure") == "66.6 %")
                try await browser.until("return document.getElementById('failing').textContent.includes('notFound')")
                #expect(try await browser.text("#failing").contains("next try in"))

                try await cluster.simulate(
                    "PUT", "registries/registry.example.com", ["available": false])
                try await cluster.simulate("DELETE", "nodes/n2/images?reference=\(cluster.images[0])")
                try await browser.until(
                    "return document.getElementById('figure-words').textContent.startsWith('9 of 15 cells')")
                try await browser.until(
                    "return document.querySelector('#failing').textContent.includes('image-1')")
                try await cluster.simulate("PUT", "registries/registry.example.com", ["available": true])
                try await browser.until(
                    "return document.getElementById('figure-words').textContent.startsWith('10 of 15 cells')",
                    within: 120)

                try await browser.run("location.hash = '#/node/n2'")
                try await browser.until(
                    "return document.getElementById('panel').textContent.includes('2 of 3 images present')")
                let quiet = try await browser.console().filter { !($0.contains("/api/v1/") && $0.contains("404")) }
                #expect(quiet.isEmpty)

                coordinator.kill()
                try await browser.until("return document.getElementById('status-word').textContent === 'Stale'")
                #expect(try await browser.text("#stale-words").contains("doesn't answer"))
                #expect(try await browser.text("#figure") == "66.6 %")
            }
        }
    }
}
