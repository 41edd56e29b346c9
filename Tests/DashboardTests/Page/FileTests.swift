import Foundation
import Shared
import Testing

@testable import Dashboard

@Suite("The dashboard's files") struct FileTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../Sources/Coordinator/Dashboard/Page").standardizedFileURL

    private static func sources() throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return Dictionary(
            uniqueKeysWithValues: try names.map { ($0, try Data(contentsOf: folder.appendingPathComponent($0))) })
    }

    @Test("Every file of the folder is in the program, as it is, and together they keep the page's weight")
    func embedded() throws {
        let sources = try Self.sources()
        #expect(Set(sources.keys) == Set(DashboardFile.all.keys))
        for (name, bytes) in sources { #expect(DashboardFile.all[name].map { Data($0.bytes) } == bytes, "\(name)") }
        #expect(sources.values.reduce(0) { $0 + $1.count } < 150_000)
    }

    @Test(
        "The page asks at once for all modules of the first paint, later for the others, and for nothing of anybody else's"
    )
    func references() throws {
        let sources = try Self.sources().mapValues { String(decoding: $0, as: UTF8.self) }
        let page = try #require(sources["index.html"])
        /// The modules that these need before they run, themselves among them.
        func needed(_ names: [String]) -> Set<String> {
            var found = Set(names)
            var open = names
            while let name = open.popLast() {
                for match in (sources[name] ?? "").matches(of: /from "\.\/([a-z-]+\.js)"/) {
                    let other = String(match.1)
                    if found.insert(other).inserted { open.append(other) }
                }
            }
            return found
        }
        let first = needed(["main.js"])
        let late = needed(
            sources.values.flatMap { $0.matches(of: /import\("\.\/([a-z-]+\.js)"\)/).map { String($0.1) } }
        ).subtracting(first)
        for name in sources.keys where name.hasSuffix(".js") {
            let isAtOnce = page.contains("\"dashboard/\(name)\"")
            #expect(isAtOnce != late.contains(name), "\(name) is asked for late, or not at all, or too soon")
        }
        for (name, text) in sources {
            let bare = text.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
            for foreign in ["http://", "https://", "url(//"] { #expect(!bare.contains(foreign), "\(name): \(foreign)") }
        }
    }

    @Test("No markup is made of data, and no style or script stands in the page")
    func noMarkup() throws {
        for (name, bytes) in try Self.sources() {
            let text = String(decoding: bytes, as: UTF8.self)
            for risk in [
                "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", " style=\"",
            ] {
                #expect(!text.contains(risk), "\(name): \(risk)")
            }
        }
    }

    @Test("Files are served with type, policy and tag; a known tag is answered with 304, others with 404")
    func served() async throws {
        try await SceneryServer.run(nil) { _, address in
            func get(_ path: String, _ headers: HTTPHeaders = [:]) async throws -> Shared.HTTPResponse {
                try await HTTPClient().send(Shared.HTTPRequest("GET", address + path, headers: headers))
            }
            let types = [
                "": "text/html; charset=utf-8", "dashboard/main.js": "text/javascript; charset=utf-8",
                "dashboard/style.css": "text/css; charset=utf-8", "dashboard/favicon.svg": "image/svg+xml",
            ]
            for (path, type) in types {
                let response = try await get(path)
                #expect(response.status == 200 && response.headers["Content-Type"] == type, "\(path)")
                let policy = response.headers["Content-Security-Policy"] ?? ""
                #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "\(path)")
                #expect(
                    policy.contains("frame-ancestors 'none'") && response.headers["X-Content-Type-Options"] == "nosniff"
                )
                let tag = try #require(response.headers["ETag"])
                let again = try await get(path, ["If-None-Match": tag])
                #expect(again.status == 304 && again.body.isEmpty && again.headers["ETag"] == tag)
            }
            for path in ["dashboard/absent.js", "dashboard/..%2fPackage.swift", "dashboard/"] {
                #expect(try await get(path).status == 404, "\(path)")
            }
        }
    }
}
