import ClusterModel
import Testing

@Suite struct TransferModelTests {
    @Test func aSingleTransferTakesSizeOverTheNarrowestLink() {
        var model = TransferModel()
        let registry = model.addLink(capacity: 100)
        let node = model.addLink(capacity: 10)
        model.start(1, bytes: 50, over: [registry, node])
        let next = model.nextEventTime
        #expect(next == 5)
        let early = model.advance(to: 4.9)
        #expect(early.isEmpty)
        let late = model.advance(to: 6)
        #expect(late == [.init(id: 1, time: 5)])
        #expect(abs(model.bytesCarried(by: registry) - 50) < 1e-6)
    }

    /// Two nodes of 10 and 100 behind a registry of 60: the slow one gets its 10, the other the rest.
    @Test func whatOneCannotUseOthersGet() {
        var model = TransferModel()
        let registry = model.addLink(capacity: 60)
        let slow = model.addLink(capacity: 10)
        let fast = model.addLink(capacity: 100)
        model.start(1, bytes: 100, over: [registry, slow])
        model.start(2, bytes: 100, over: [registry, fast])
        let rates = [model.rate(of: slow), model.rate(of: fast)]
        #expect(abs(rates[0] - 10) < 1e-6)
        #expect(abs(rates[1] - 50) < 1e-6)
        let order = model.advance(to: 100).map(\.id)
        #expect(order == [2, 1])
    }

    @Test func bandwidthChangesTakeEffectAtOnce() {
        var model = TransferModel()
        let link = model.addLink(capacity: 10)
        model.start(1, bytes: 100, over: [link])
        _ = model.advance(to: 5)
        model.setCapacity(0, of: link)
        let next = model.nextEventTime
        #expect(next == nil)
        _ = model.advance(to: 50)
        model.setCapacity(50, of: link)
        let completions = model.advance(to: 60)
        #expect(completions == [.init(id: 1, time: 51)])
    }

    /// Thousands of random histories: no link ever carries more than it can, no transfer's bytes are lost or made,
    /// and nobody could be given more without taking it from somebody poorer.
    @Test func randomHistoriesKeepTheLaws() {
        for seed in 0..<2_000 as Range<UInt64> {
            let fault = Self.play(seed)
            #expect(fault == nil, "seed \(seed): \(fault ?? "")")
            if fault != nil { return }
        }
    }

    private static func play(_ seed: UInt64) -> String? {
        var random = SeededGenerator(seed: seed)
        var model = TransferModel()
        let registries = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            model.addLink(capacity: Double.random(in: 1...100, using: &random))
        }
        let nodes = (0..<Int.random(in: 1...6, using: &random)).map { _ in
            model.addLink(capacity: Double.random(in: 1...50, using: &random))
        }
        var sizes: [UInt64: Double] = [:]
        var running: Set<UInt64> = []
        var received = 0.0
        for step in 0..<30 as Range<UInt64> {
            let id = step + 1
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                guard let registry = registries.randomElement(using: &random),
                    let node = nodes.randomElement(using: &random)
                else { return "no links" }
                sizes[id] = Double(Int.random(in: 0...500, using: &random))
                running.insert(id)
                model.start(id, bytes: sizes[id] ?? 0, over: [registry, node])
            case 5:
                if let victim = running.sorted().randomElement(using: &random) {
                    running.remove(victim)
                    received += model.cancel(victim) ?? 0
                }
            case 6:
                if let link = nodes.randomElement(using: &random) {
                    model.setCapacity(Double.random(in: 0...60, using: &random), of: link)
                }
            default: break
            }
            for link in registries + nodes where model.rate(of: link) > model.capacity(of: link) * (1 + 1e-6) + 1e-9 {
                return "a link carries \(model.rate(of: link)) of \(model.capacity(of: link)) at step \(step)"
            }
            let elapsed = Double.random(in: 0...5, using: &random)
            for completion in model.advance(to: model.now + elapsed) {
                guard running.remove(completion.id) != nil else { return "\(completion.id) completed twice" }
                received += sizes[completion.id] ?? 0
            }
        }
        for node in nodes { model.setCapacity(10, of: node) }
        for completion in model.advance(to: model.now + 1e6) {
            running.remove(completion.id)
            received += sizes[completion.id] ?? 0
        }
        if !running.isEmpty { return "never completed: \(running)" }
        let sent = registries.reduce(0) { $0 + model.bytesCarried(by: $1) }
        let arrived = nodes.reduce(0) { $0 + model.bytesCarried(by: $1) }
        if abs(sent - arrived) > 1e-3 * 31 { return "sent \(sent), arrived \(arrived)" }
        return abs(received - arrived) > 1e-3 * 31 ? "received \(received), arrived \(arrived)" : nil
    }
}
