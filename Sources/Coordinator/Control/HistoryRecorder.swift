import Cluster
import History
import Planning

/// What the control loop has to say to history. Nothing here fails: a coordinator without history goes on caching.
package protocol HistoryRecorder: Sendable {
    /// Names the database, so that agents notice when it's another one.
    var databaseID: String { get async }

    /// Stores facts, in their order. What is recorded already changes nothing.
    func record(_ facts: [HistoryFact]) async
    /// Stores attempts; false when they aren't stored and should be sent again.
    func commit(_ attempts: [Fleet.FinishedAttempt]) async -> Bool
    /// Whether facts were lost since this was asked last, and can be stored again.
    func takeGap() async -> Bool
    /// Where the past can be asked for; nil when it's kept nowhere.
    var queries: HistoryStore? { get }
}

extension HistoryRecorder {
    package var queries: HistoryStore? { nil }
}

/// Something that happened.
package enum HistoryFact: Sendable, Equatable {
    case transition(Transition)
    /// A node became a target node, or its labels changed.
    case target(node: String, labels: [String: String], at: Timestamp)
    case left(node: String, at: Timestamp)
    case heard(node: String, at: Timestamp)
    case silent(node: String, at: Timestamp)
    /// The target nodes, all of them: others have left, if only while nobody watched.
    case onlyTargets(Set<String>, at: Timestamp)
    /// All image sets beside `default`, and the nodes that each set is for.
    case sets(SetNote, at: Timestamp)
    /// The images that are listed, as they are written: other images' cells are no more.
    case onlyImages(Set<String>, at: Timestamp)
}
