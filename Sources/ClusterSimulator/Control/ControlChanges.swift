import ClusterModel
import Shared

/// What `PUT /simulator/v1/nodes/NAME` can change. What is left out stays.
struct NodeChange: Codable, Sendable {
    /// Not ready means switched off: its agent is killed, its runtime's socket is gone.
    var ready: Bool?
    var unschedulable: Bool?
    var megabitsPerSecond: Double?
    var diskGigabytes: Double?
    var diskUsedGigabytes: Double?
    /// Its agent's process is stopped where it stands: it is there, and says nothing.
    var agentFrozen: Bool?
    /// By registry: what the kubelet shows to it by itself.
    var kubeletCredentials: [String: CredentialScenario]?
}

/// What `PUT /simulator/v1/registries/HOST` can change. What is left out stays. A registry that isn't there is made.
struct RegistryChange: Codable, Sendable {
    var available: Bool?
    /// How it is unavailable: `refusing` (the default), `silent`, `untrusted`, or a status like `503`.
    var fault: String?
    var latencyMilliseconds: Double?
    var megabitsPerSecond: Double?
    /// 0 takes the limit away.
    var maximumPulls: Int?
    var retryAfterSeconds: Double?
    /// It resets each connection after a number of megabytes between these two; empty: none any more.
    var resetsAfterMegabytes: [Double]?
    /// Empty: everybody may pull.
    var username: String?
    var password: String?
    /// Published; a tag that is there moves when `version` or size differ.
    var images: [ImageScenario]?
    /// References that are taken away.
    var remove: [String]?

    func apply(to model: inout RegistryModel) throws {
        if let available { model.availability = available ? .available : try unavailability() }
        if let latencyMilliseconds { model.latency = latencyMilliseconds / 1000 }
        if let megabitsPerSecond { model.bandwidth = megabitsPerSecond * 125_000 }
        if let maximumPulls { model.maximumPulls = maximumPulls > 0 ? maximumPulls : nil }
        if let retryAfterSeconds { model.retryAfter = retryAfterSeconds > 0 ? retryAfterSeconds : nil }
        if let range = resetsAfterMegabytes {
            model.resetsAfter = try range.isEmpty ? nil : Megabytes.range(range, field: "resetsAfterMegabytes")
        }
        if let username {
            model.credential = username.isEmpty ? nil : Credential(username: username, password: password ?? "")
        }
        for image in images ?? [] {
            let reference = try ImageReference(image.reference)
            model.publish(image.descriptor(reference), as: reference)
            if let count = image.failFirst { model.fail(reference, attempts: count) }
        }
        for text in remove ?? [] { model.withdraw(try ImageReference(text)) }
    }

    private func unavailability() throws -> RegistryModel.Availability {
        switch fault {
        case nil, "refusing": return .refusing
        case "silent": return .silent
        case "untrusted": return .untrusted
        case .some(let text):
            guard let status = Int(text), (500...599).contains(status) else {
                throw ScenarioError("fault \"\(text)\" is not refusing, silent, untrusted or a status from 500 to 599")
            }
            return .erring(status: status)
        }
    }
}
