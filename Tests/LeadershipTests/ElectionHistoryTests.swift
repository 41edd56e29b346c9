import Testing

/// Whatever happens, never two act, and when it is over somebody leads. ``ElectionWorld`` checks the former at every
/// moment.
@Suite struct ElectionHistoryTests {
    @Test(arguments: UInt64(1)...150)
    func neverTwoAct(seed: UInt64) throws {
        var world = ElectionWorld(seed: seed, candidates: 4)
        for _ in 0..<60 {
            try world.run(until: world.now + .random(in: 0...6, using: &world.random))
            befall(&world)
            if world.candidates.filter(\.isAlive).count < 3 { world.join() }
        }
        try settle(&world, seed)
        #expect(world.reigns.count > 2, "seed \(seed): this history shows nothing")
    }

    // Those after the first 300 failed once.
    @Test(arguments: Array(1...300) + [321, 545, 1174, 1268, 1462] as [UInt64])
    func neitherWhenTheLeaseIsDeleted(seed: UInt64) throws {
        var world = ElectionWorld(seed: seed, candidates: 4)
        for _ in 0..<60 {
            try world.run(until: world.now + .random(in: 0...6, using: &world.random))
            let living = world.candidates.filter(\.isAlive)
            // A candidate that has never seen a Lease can't know that there was one.
            if living.allSatisfy(\.hasSeenLease), Int.random(in: 0..<4, using: &world.random) == 0 {
                world.deleteLease()
            } else {
                befall(&world)
            }
            if world.server.record != nil, living.count < 3, living.allSatisfy(\.hasSeenLease) {
                let network = world.network
                world.network = .init()
                world.join()
                try world.run(until: world.now + 4)
                world.network = network
            }
        }
        try settle(&world, seed)
    }

    private func befall(_ world: inout ElectionWorld) {
        let number = Int.random(in: 0..<world.candidates.count, using: &world.random)
        switch Int.random(in: 0..<8, using: &world.random) {
        case 0: world.kill(world.livingLeader ?? number)
        case 1: world.terminate(world.livingLeader ?? number)
        case 2: world.pause(world.livingLeader ?? number, for: .random(in: 0...30, using: &world.random))
        case 3: world.pause(number, for: .random(in: 0...30, using: &world.random))
        case 4: world.network = .bad
        case 5: world.network = .init(loss: 1)
        default: world.network = .init()
        }
    }

    private func settle(_ world: inout ElectionWorld, _ seed: UInt64) throws {
        world.network = .init()
        try world.run(until: world.now + 60)
        world.join()
        try world.run(until: world.now + 30)
        #expect(world.livingLeader != nil, "seed \(seed)")
    }
}
