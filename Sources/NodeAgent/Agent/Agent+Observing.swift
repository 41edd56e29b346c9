import CCurl
import Logging
import Shared

extension Agent {
    /// How many listings pass between two looks at the runtime's version.
    private static let listingsPerVersion = 30

    /// Lists the runtime once in each interval, when asked to, and after something has come; never while it stands by.
    func observe() async {
        let start = uptime.now
        while true {
            // When the next listing is due may change while that is slept through.
            while !isStopping, let rest = pauseBeforeListing(since: start), rest > .zero {
                let sleep = Task<Void, Never> { try? await Task.sleep(for: rest) }
                observerSleep = sleep
                await sleep.value
            }
            guard !isStopping else { break }
            listingBegan = uptime.now
            let waiters = listingWaiters
            listingWaiters = []
            listingIsDue = false
            await look()
            for waiter in waiters { waiter.resume() }
        }
        endListingWaits()
    }

    /// - Parameter start: of the agent.
    private func pauseBeforeListing(since start: Duration) -> Duration? {
        if state.standsBy { return .seconds(3_600) }
        if listingIsDue { return nil }
        guard let listingBegan else { return isAnswered ? nil : start + Self.firstPatience - uptime.now }
        return listingBegan + min(interval, listingPause ?? interval) - uptime.now
    }

    private func endListingWaits() {
        for waiter in listingWaiters { waiter.resume() }
        listingWaiters = []
    }

    /// Another agent works from now on: what was known of the node costs nothing any more.
    func standBy() {
        log.notice("stands by: another agent of this node works")
        observerWork?.cancel()
        runtime = nil
        resolutions = Resolutions()
        platforms = ImagePlatforms()
        shortNames = ShortNames()
        listingPace = ListingPace()
        listingPause = nil
        listingsUntilVersion = 0
        endListingWaits()
        ccurl_give_back_memory()
    }

    /// The agent takes over.
    func takeOver() {
        log.notice("works from now on: no other agent of this node does")
        conversation.expectNews(at: uptime.now)
        listSoon()
    }

    /// Returns when a listing that began after this call is over, successful or not.
    func listAgain() async {
        guard !isStopping, !state.standsBy else { return }
        await withCheckedContinuation { continuation in
            listingWaiters.append(continuation)
            listSoon()
        }
    }

    func listSoon() {
        listingIsDue = true
        observerSleep?.cancel()
    }

    private func look() async {
        listingPause = nil
        if let secrets {
            let digest = secrets.digest()
            if digest != state.status.pullSecretsDigest {
                for problem in secrets.problems() { log.warning("\(problem)") }
                state.pullSecrets(digest: digest)
            }
        }
        do {
            let runtime = try await currentRuntime()
            let (desired, known, platforms) = (state.desired, resolutions, self.platforms)
            let (short, shortNames) = (state.shortNames, self.shortNames)
            let work = Task {
                try await ImageListing.take(
                    from: runtime, desired: desired, known: known, platforms: platforms, short: short,
                    shortNames: shortNames)
            }
            observerWork = work
            let listing = try await work.value
            guard !state.standsBy else { return }
            resolutions = listing.resolutions
            self.platforms = listing.platforms
            self.shortNames = listing.shortNames
            listingPause = listingPace.pause(unheld: listing.unheld)
            let former = state.status.runtime.error
            state.listed(listing.images, trouble: Redaction.clean(listing.trouble), at: uptime.now)
            let trouble = state.status.runtime.error
            if trouble != former {
                if trouble.isEmpty { log.notice("the runtime answers again") } else { log.warning("\(trouble)") }
            }
        } catch {
            guard !isStopping, !state.standsBy else { return }
            let failure = RuntimeFailure(error, socket: runtime?.socket ?? "")
            runtime = nil
            source.forget()
            if state.status.runtime.error != failure.description { log.warning("\(failure)") }
            state.runtimeFailed(failure)
        }
        changed()
    }

    /// The runtime in use; after a failure, whatever answers now.
    private func currentRuntime() async throws -> any ContainerRuntime {
        listingsUntilVersion -= 1
        if let runtime, listingsUntilVersion > 0 { return runtime }
        let found: any ContainerRuntime
        if let runtime { found = runtime } else { found = try await source.current() }
        runtime = found
        let version = try await found.version()
        if state.status.runtime.version != version.runtimeVersion || state.status.runtime.socket != found.socket {
            log.info(
                "the runtime is \(version.runtimeName) \(version.runtimeVersion)",
                metadata: ["socket": "\(found.socket)"])
        }
        // The kubelet may use another one, of those that are here.
        let expected = KubeletsRuntime(state.assignment?.containerRuntimeVersion ?? "")
        if let expected, !expected.isCalled(version.runtimeName, version: version.runtimeVersion) {
            source.forget()
            let other = try await source.current()
            if other.socket != found.socket {
                runtime = nil
                listingsUntilVersion = 0
                return try await currentRuntime()
            }
        }
        state.runtimeIs(name: version.runtimeName, version: version.runtimeVersion, socket: found.socket)
        listingsUntilVersion = Self.listingsPerVersion
        return found
    }
}
