import Cluster

extension ReportBoard {
    /// What is known of an agent's connection.
    struct Line {
        var node: String
        /// Whose it is; empty: nobody's.
        var agent = ""
        var isStandby = false
        /// When its agent did something last; while it waits, before that.
        var seen = ContinuousClock.now
        /// Its connection has ended since.
        var isClosed = false
        /// A report of its is being taken, or answered.
        var isBusy = false
        /// Of the newest report that was taken.
        var attendance: UInt64 = 0

        /// Whether a request of its agent is under way.
        func isWaiting(at now: ContinuousClock.Instant) -> Bool {
            waiter != nil || isBusy && seen.duration(to: now) < ReportBoard.longestBusy
        }
        /// Whether the fleet's state of the node is such that a heartbeat changes nothing of it.
        var isQuiet = false
        /// Another one whenever something else than a heartbeat happens.
        var session: UInt64 = 0
        var generation: UInt64 = 0
        var sequence: UInt64 = 0
        var pending: (heartbeat: Heartbeat, at: Timestamp)?
        var waiter: (any ReportWaiter)?
        var turn: UInt64 = 0
    }

    /// All lines. A value: the lock is around it.
    struct State {
        var lines: [Line] = []
        /// By node, and of those who stand by by ``key(_:_:)``.
        var numbers: [String: Int] = [:]
        /// Lines of nodes that have more than one agent.
        var shared: Set<Int> = []
        /// Lines with a heartbeat that the fleet hasn't heard of.
        var pending: [Int] = []
        var lastSession: UInt64 = 0
        var silence = 30.0
        var databaseID = ""
        var isEnding = false
        var isReady = false
        /// Who came before reports can be taken and still waits, by the order in which they came.
        var early: [UInt64: (waiter: any ReportWaiter, turn: UInt64)] = [:]
        /// Those before have gone on already.
        var firstEarly: UInt64 = 0
        var lastEarly: UInt64 = 0
        /// Lines of nodes that have gone.
        var free: [Int] = []

        /// - Parameter key: the node, when it isn't that of one who stands by.
        mutating func number(of key: String, node: String) -> Int {
            if let number = numbers[key] { return number }
            let number = free.popLast() ?? lines.count
            if number == lines.count { lines.append(Line(node: node)) } else { lines[number] = Line(node: node) }
            numbers[key] = number
            return number
        }

        /// Nobody has the line any more.
        mutating func remove(_ key: String) {
            guard let number = numbers.removeValue(forKey: key) else { return }
            close(number)
            lines[number].pending = nil
            shared.remove(number)
            free.append(number)
        }

        /// Those that came early go on a few at a time, each with the report of another: all at once would take the memory that
        /// they spare by waiting.
        mutating func wakeEarly(_ count: Int) {
            var left = count
            while left > 0, !early.isEmpty {
                // Some don't wait any more.
                if let next = early.removeValue(forKey: firstEarly) {
                    next.waiter.wake(turn: next.turn)
                    left -= 1
                }
                firstEarly += 1
            }
        }

        mutating func close(_ number: Int) {
            lines[number].session = 0
            guard let waiter = lines[number].waiter else { return }
            lines[number].waiter = nil
            lines[number].seen = .now
            waiter.wake(turn: lines[number].turn)
        }

        mutating func closeAll() {
            for number in lines.indices { close(number) }
        }
    }
}
