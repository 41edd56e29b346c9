import Foundation
import Shared

/// Debian's Chromium without a screen, driven over WebDriver.
public struct Browser: Sendable {
    private let client = HTTPClient()
    private let session: String

    /// Whether it can run here.
    public static var isInstalled: Bool {
        [ChromeDriver.path, "/usr/bin/chromium"].allSatisfy(FileManager.default.isExecutableFile(atPath:))
    }

    /// Whether tests with it run: under `CI` one that can't is a failure.
    public static var isWanted: Bool { isInstalled || ProcessInfo.processInfo.environment["CI"] == "true" }

    /// Runs a browser of its own while `body` does.
    public static func run<Value: Sendable>(
        width: Int = 1280, height: Int = 900, _ body: (Browser) async throws -> Value
    ) async throws -> Value {
        let driver = try await ChromeDriver()
        let result: Result<Value, any Error>
        do {
            let browser = try await Browser(driver, width: width, height: height)
            do {
                result = .success(try await body(browser))
            } catch {
                result = .failure(error)
            }
            _ = try? await browser.command("DELETE", "")
        } catch {
            result = .failure(error)
        }
        driver.end()
        return try result.get()
    }

    private init(_ driver: ChromeDriver, width: Int, height: Int) async throws {
        // Root has no sandbox, and containers have a small /dev/shm.
        let arguments: [JSONValue] = [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
            .string("--window-size=\(width),\(height)"),
        ]
        let answer = try await Self.send(
            client, "POST", driver.address + "/session",
            [
                "capabilities": [
                    "alwaysMatch": [
                        "browserName": "chrome", "goog:loggingPrefs": ["browser": "ALL"],
                        "goog:chromeOptions": ["binary": "/usr/bin/chromium", "args": .array(arguments)],
                    ]
                ]
            ])
        session = driver.address + "/session/" + (answer["sessionId"]?.stringValue ?? "")
        try await resize(width: width, height: height)
    }

    @discardableResult
    func command(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        try await Self.send(client, method, session + path, body)
    }

    private static func send(
        _ client: HTTPClient, _ method: String, _ url: String, _ body: JSONValue?
    ) async throws -> JSONValue {
        var request = HTTPRequest(method, url, headers: ["Content-Type": "application/json"])
        request.body = try body.map { Array(try JSONEncoder().encode($0)) }
        let response = try await client.send(request)
        let answer = try JSONDecoder().decode(JSONValue.self, from: Data(response.body))
        guard response.status == 200 else {
            let message = answer["value"]?["message"]?.stringValue ?? "status \(response.status)"
            throw BrowserError("\(method) \(url.suffix(60)): \(message)")
        }
        return answer["value"] ?? .null
    }
}

extension Browser {
    public func open(_ url: String) async throws { try await command("POST", "/url", ["url": .string(url)]) }

    public func reload() async throws { try await command("POST", "/refresh", [:]) }

    public func resize(width: Int, height: Int) async throws {
        try await devtools(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .integer(Int64(width)), "height": .integer(Int64(height)), "deviceScaleFactor": 1,
                "mobile": false,
            ])
    }

    /// Makes the system prefer `dark` or `light`.
    public func prefer(_ scheme: String) async throws {
        try await devtools(
            "Emulation.setEmulatedMedia",
            ["features": [["name": "prefers-color-scheme", "value": .string(scheme)]]])
    }

    private func devtools(_ method: String, _ parameters: JSONValue) async throws {
        try await command("POST", "/goog/cdp/execute", ["cmd": .string(method), "params": parameters])
    }

    /// The value of a script's `return`, or of the promise that it returns.
    @discardableResult
    public func run(_ script: String, _ arguments: JSONValue...) async throws -> JSONValue {
        try await command("POST", "/execute/sync", ["script": .string(script), "args": .array(arguments)])
    }

    /// The text of the first element that a selector names.
    public func text(_ selector: String) async throws -> String {
        try await run("return document.querySelector(arguments[0])?.textContent ?? ''", .string(selector)).stringValue
            ?? ""
    }

    /// Waits until a script returns true.
    public func until(_ script: String, within seconds: Double = 60) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var last: any Error = BrowserError("false")
        while ContinuousClock.now < deadline {
            do {
                if try await run(script) == true { return }
                last = BrowserError("false")
            } catch {
                last = error
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        let status = (try? await text("#stale-words")) ?? ""
        throw BrowserError("never true: \(script) (\(last)) \(status)")
    }

    /// Clicks the first element that a selector names, as a person would.
    public func click(_ selector: String) async throws {
        let element = try await command("POST", "/element", ["using": "css selector", "value": .string(selector)])
        let id = element.objectValue?.values.first?.stringValue ?? ""
        try await command("POST", "/element/\(id)/click", [:])
    }

    /// Clicks a point of the window, in CSS pixels.
    public func click(x: Double, y: Double) async throws {
        try await pointer([
            ["type": "pointerMove", "duration": 0, "x": .integer(Int64(x)), "y": .integer(Int64(y))],
            ["type": "pointerDown", "button": 0], ["type": "pointerUp", "button": 0],
        ])
    }

    public func hover(x: Double, y: Double) async throws {
        try await pointer([["type": "pointerMove", "duration": 0, "x": .integer(Int64(x)), "y": .integer(Int64(y))]])
    }

    private func pointer(_ actions: [JSONValue]) async throws {
        try await command(
            "POST", "/actions",
            [
                "actions": [
                    [
                        "type": "pointer", "id": "mouse", "parameters": ["pointerType": "mouse"],
                        "actions": .array(actions),
                    ]
                ]
            ])
    }

    /// Presses keys one after another; ``Key`` has those that are no characters.
    public func press(_ keys: String...) async throws {
        let actions = keys.flatMap { key -> [JSONValue] in
            [["type": "keyDown", "value": .string(key)], ["type": "keyUp", "value": .string(key)]]
        }
        try await command("POST", "/actions", ["actions": [["type": "key", "id": "keys", "actions": .array(actions)]]])
    }

    /// What the console has had since it was asked last: errors, and what the content security policy forbade.
    public func console() async throws -> [String] {
        try await command("POST", "/se/log", ["type": "browser"]).arrayValue?.compactMap { line in
            line["message"]?.stringValue
        } ?? []
    }

    /// A picture of the window, as PNG.
    public func screenshot() async throws -> Data {
        Data(base64Encoded: try await command("GET", "/screenshot").stringValue ?? "") ?? Data()
    }
}

/// Keys as WebDriver names them.
public enum Key {
    public static let enter = "\u{E007}"
    public static let escape = "\u{E00C}"
    public static let tab = "\u{E004}"
    public static let left = "\u{E012}"
    public static let up = "\u{E013}"
    public static let right = "\u{E014}"
    public static let down = "\u{E015}"
    public static let home = "\u{E011}"
    public static let end = "\u{E010}"
}
