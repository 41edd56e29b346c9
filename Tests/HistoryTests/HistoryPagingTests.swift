import Testing

@testable import History
@testable import HistoryFixtures

@Suite struct HistoryPagingTests {
    /// Many rows share a time, so a page can end among them.
    private func filled() async -> HistoryStore {
        let store = memoryStore()
        for round in 0..<30 as Range<Int64> {
            var records: [TransitionRecord] = []
            for node in ["a", "b", "c"] {
                for image in ["x", "y"] {
                    records.append(transition(node, image, round % 2 == 0 ? .present : .missing, at: round / 4 * 10))
                }
            }
            await store.record(transitions: records)
            await store.record(attempts: [
                attempt("a", round, outcome: round % 3 == 0 ? .failed : .succeeded, endedAt: round / 4 * 10)
            ])
        }
        return store
    }

    @Test(arguments: [1, 7, 100, 1000])
    func pagesAreWholeAndDisjoint(_ limit: Int) async throws {
        let store = await filled()
        var query = TransitionQuery(limit: limit)
        var seen: [StoredTransition] = []
        repeat {
            let page = try await store.transitions(query)
            #expect(page.items.count <= limit)
            seen += page.items
            query.after = page.next
        } while query.after != nil
        #expect(seen.count == 180)
        #expect(Set(seen.map(\.id)).count == 180)
        #expect(seen == seen.sorted { ($0.at, $0.id) > ($1.at, $1.id) })
    }

    @Test func filters() async throws {
        let store = await filled()
        let all = try await store.transitions(TransitionQuery(limit: 1000)).items
        for node in [nil, "b", "nobody"] {
            for image in [nil, "y"] {
                for (since, until) in [(nil, nil), (20, nil), (nil, 40), (20, 40)] as [(Int64?, Int64?)] {
                    for states in [[], [.missing]] as [Set<RecordedState>] {
                        let filter = HistoryFilter(node: node, image: image, since: since, until: until)
                        let found = try await store.transitions(
                            TransitionQuery(filter: filter, states: states, limit: 1000)
                        ).items
                        let expected = all.filter { item in
                            (node.map { $0 == item.node } ?? true) && (image.map { $0 == item.image } ?? true)
                                && (since.map { item.at >= $0 } ?? true) && (until.map { item.at <= $0 } ?? true)
                                && (states.isEmpty || states.contains(item.to))
                        }
                        #expect(found == expected, "\(filter) \(states)")
                    }
                }
            }
        }
    }

    @Test func attemptsThatFailed() async throws {
        let store = await filled()
        var query = AttemptQuery(failedOnly: true, limit: 4)
        var seen: [StoredAttempt] = []
        repeat {
            let page = try await store.attempts(query)
            seen += page.items
            query.after = page.next
        } while query.after != nil
        #expect(seen.map(\.attempt.attemptID) == [27, 24, 21, 18, 15, 12, 9, 6, 3, 0])
        query = AttemptQuery(filter: HistoryFilter(node: "b"))
        #expect(try await store.attempts(query).items.isEmpty)
    }

    @Test func followersMissNothing() async throws {
        let store = await filled()
        var last: Int64 = 0
        var count = 0
        while true {
            let items = try await store.transitions(following: last, limit: 50)
            guard let end = items.last else { break }
            #expect(items.map(\.id) == items.map(\.id).sorted() && items[0].id > last)
            last = end.id
            count += items.count
        }
        #expect(count == 180)
    }

    @Test func cursorsSurviveATrip() {
        let cursor = HistoryCursor(at: 1_700_000_000_000, id: 42)
        #expect(HistoryCursor(cursor.description) == cursor)
        for text in ["", "1", "1-", "-1", "a-b", "1-2-3"] { #expect(HistoryCursor(text) == nil, "\(text)") }
    }
}
