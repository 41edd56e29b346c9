import Cluster
import Planning
import Synchronization

/// Whoever waits for news of a node.
package protocol ReportWaiter: AnyObject, Sendable {
    /// There are some. Called under a lock: it must do no more than pass it on.
    ///
    /// - Parameter turn: which of its waits it is.
    func wake(turn: UInt64)
}

/// Where agents' connections and the control loop meet: who waits for which node's news, and heartbeats on their way to the
/// fleet.
///
/// Thousands of agents wait, and most of what they say is that nothing changed. Both cost a few words here, under a lock that is
/// held for a moment, and nothing at all of the control loop's time.
package final class ReportBoard: Sendable {
    /// Given to whoever's report was taken as a whole: heartbeats may follow on it, for as long as nothing happens to the node.
    package struct Ticket: Sendable, Hashable {
        var line: Int
        var session: UInt64
        /// The assignment that the agent has when it has the answer.
        package var generation: UInt64
    }

    /// Given to whoever's report is being taken, so that it can be said that its connection has ended meanwhile.
    package struct Attendance: Sendable, Hashable {
        var line: Int
        var number: UInt64
    }

    /// Given to whoever waits until reports can be taken.
    package struct Place: Sendable, Hashable {
        var number: UInt64
    }

    /// What becomes of a heartbeat.
    package enum Verdict: Sendable, Hashable {
        case taken
        /// It has to be taken as a whole report.
        case isMore
    }

    /// A heartbeat that the fleet hasn't heard of yet.
    struct Pending: Sendable {
        var node: String
        var heartbeat: Heartbeat
        var at: Timestamp
    }

    /// For reports of connections whose end nobody tells.
    static let longestBusy = Duration.seconds(10)

    /// Of those that came early, so many are answered first.
    private static let firstAtOnce = 64

    let state = Mutex(State())

    /// How many wait.
    package var waiting: Int { state.withLock { $0.lines.count { $0.waiter != nil } } }

    /// What answers say of the database.
    package var databaseID: String { state.withLock { $0.databaseID } }

    // MARK: Connections

    /// Takes a heartbeat, if it is one and nothing else.
    ///
    /// - Parameters:
    ///   - generation: the assignment that the agent has.
    ///   - now: by the coordinator's clock.
    package func take(_ heartbeat: Heartbeat, _ ticket: Ticket, after generation: UInt64, at now: Timestamp) -> Verdict
    {
        state.withLock { state in
            guard state.lines.indices.contains(ticket.line) else { return .isMore }
            var line = state.lines[ticket.line]
            guard line.isQuiet, line.session == ticket.session, line.generation == generation,
                heartbeat.sequence > line.sequence,
                heartbeat.acknowledged <= line.sequence,
                Double(heartbeat.inventoryAgeMilliseconds) < state.silence * 1000, !state.isEnding
            else { return .isMore }
            line.sequence = heartbeat.sequence
            // Who stands by says nothing of the node.
            if !line.isStandby {
                if line.pending == nil { state.pending.append(ticket.line) }
                line.pending = (heartbeat, now)
            }
            let earlier = (line.waiter, line.turn)
            line.waiter = nil
            line.seen = .now
            line.isClosed = false
            state.lines[ticket.line] = line
            // The agent has one request at a time: an earlier one was abandoned.
            earlier.0?.wake(turn: earlier.1)
            return .taken
        }
    }

    /// Lets a connection wait for news of its node. False: there are some already.
    package func wait(_ ticket: Ticket, after generation: UInt64, turn: UInt64, _ waiter: any ReportWaiter) -> Bool {
        state.withLock { state in
            guard state.lines.indices.contains(ticket.line), !state.isEnding,
                state.lines[ticket.line].session == ticket.session, state.lines[ticket.line].generation == generation
            else { return false }
            state.lines[ticket.line].waiter = waiter
            state.lines[ticket.line].turn = turn
            state.lines[ticket.line].isBusy = false
            return true
        }
    }

    /// Lets a connection wait until reports can be taken. Nil: they can be now.
    package func waitUntilReady(turn: UInt64, _ waiter: any ReportWaiter) -> Place? {
        state.withLock { state in
            guard !state.isReady, !state.isEnding else { return nil }
            // All before have left.
            if state.early.isEmpty { state.firstEarly = state.lastEarly }
            defer { state.lastEarly += 1 }
            state.early[state.lastEarly] = (waiter, turn)
            return Place(number: state.lastEarly)
        }
    }

    /// The connection doesn't wait for that any more. Without this every agent that comes again in an outage would be kept.
    package func leave(_ place: Place) { state.withLock { $0.early[place.number] = nil } }

    /// How many wait until reports can be taken.
    package var early: Int { state.withLock { $0.early.count } }

    /// Whether nothing has happened to a node since the ticket was given.
    package func isCurrent(_ ticket: Ticket) -> Bool {
        state.withLock { state in
            state.lines.indices.contains(ticket.line) && state.lines[ticket.line].session == ticket.session
        }
    }

    /// The connection doesn't wait any more.
    package func leave(_ ticket: Ticket, turn: UInt64, _ waiter: any ReportWaiter) {
        state.withLock { state in
            guard state.lines.indices.contains(ticket.line), state.lines[ticket.line].waiter === waiter,
                state.lines[ticket.line].turn == turn
            else { return }
            state.lines[ticket.line].waiter = nil
            state.lines[ticket.line].seen = .now
        }
    }

    /// The connection that has this ticket has ended.
    package func end(_ ticket: Ticket) {
        state.withLock { state in
            guard state.lines.indices.contains(ticket.line), state.lines[ticket.line].session == ticket.session,
                state.lines[ticket.line].waiter == nil
            else { return }
            state.lines[ticket.line].isClosed = true
            state.lines[ticket.line].isBusy = false
        }
    }

    /// The connection of a report that is being taken has ended: nobody will have the answer.
    package func abandon(_ attendance: Attendance) {
        state.withLock { state in
            guard state.lines.indices.contains(attendance.line),
                state.lines[attendance.line].attendance == attendance.number,
                state.lines[attendance.line].waiter == nil
            else { return }
            state.lines[attendance.line].isClosed = true
            state.lines[attendance.line].isBusy = false
        }
    }

    // MARK: The control loop

    /// An agent's report is being taken, which may wait for the disk. An earlier one of its was abandoned.
    ///
    /// - Returns: nil: it's the first one of its.
    @discardableResult
    func attend(_ node: String, agent: String, standsBy: Bool) -> Attendance? {
        state.withLock { state in
            guard let number = state.numbers[standsBy ? Self.key(node, agent) : node] else { return nil }
            state.close(number)
            state.lastSession += 1
            state.lines[number].attendance = state.lastSession
            state.lines[number].seen = .now
            state.lines[number].isClosed = false
            state.lines[number].isBusy = true
            return Attendance(line: number, number: state.lastSession)
        }
    }

    /// A report is answered.
    func answered(_ reception: ReportReception) {
        guard let ticket = reception.ticket else { return }
        state.withLock { state in
            guard state.lines.indices.contains(ticket.line), state.lines[ticket.line].agent == reception.agent else {
                return
            }
            state.lines[ticket.line].seen = .now
            state.lines[ticket.line].isBusy = false
        }
    }

    /// A report was taken as a whole.
    ///
    /// - Parameters:
    ///   - agent: whose report it was.
    ///   - standsBy: whether another agent of the node works.
    ///   - generation: of the agent's assignment now.
    ///   - isQuiet: whether heartbeats may follow that change nothing.
    func open(
        _ node: String, agent: String = "", standsBy: Bool = false, sequence: UInt64, generation: UInt64, isQuiet: Bool,
        databaseID: String
    ) -> Ticket {
        state.withLock { state in
            state.databaseID = databaseID
            state.wakeEarly(2)
            let key = standsBy ? Self.key(node, agent) : node
            // Else it is known since it was attended to, and whether its connection has ended since.
            let isFirst = state.numbers[key] == nil
            let number = state.number(of: key, node: node)
            state.lastSession += 1
            state.lines[number].agent = agent
            state.lines[number].isStandby = standsBy
            state.lines[number].seen = .now
            if isFirst { state.lines[number].isBusy = true }
            state.lines[number].isQuiet = isQuiet
            state.lines[number].session = state.lastSession
            state.lines[number].sequence = sequence
            state.lines[number].generation = generation
            return Ticket(line: number, session: state.lastSession, generation: generation)
        }
    }

    /// There's something to tell the node's agent, or to hear from it: who waits is woken, and what comes next is taken as a whole.
    func close(_ node: String) {
        state.withLock { state in
            guard let number = state.numbers[node] else { return }
            state.close(number)
        }
    }

    /// The node has gone.
    func remove(_ node: String) { state.withLock { $0.remove(node) } }

    /// Closes the lines of all nodes.
    func closeAll() { state.withLock { $0.closeAll() } }

    /// What comes next of any node is taken as a whole; who waits goes on waiting.
    func invalidateAll() {
        state.withLock { state in
            for number in state.lines.indices { state.lines[number].session = 0 }
        }
    }

    /// Closes all, and lets nobody wait any more.
    func end() {
        state.withLock { state in
            state.isEnding = true
            state.closeAll()
            state.wakeEarly(state.early.count)
        }
    }

    /// Whether reports can be taken.
    func set(isReady: Bool) {
        state.withLock { state in
            state.isReady = isReady
            if isReady { state.wakeEarly(Self.firstAtOnce) }
        }
    }

    /// How long a node is believed, in seconds.
    func set(silence: Double) { state.withLock { $0.silence = silence } }

    /// The heartbeats since it was asked last, one a node.
    func takePending() -> [Pending] {
        state.withLock { state in
            let all = state.pending.compactMap { number -> Pending? in
                let line = state.lines[number]
                state.lines[number].pending = nil
                return line.pending.map { Pending(node: line.node, heartbeat: $0.heartbeat, at: $0.at) }
            }
            state.pending.removeAll(keepingCapacity: true)
            return all
        }
    }
}
