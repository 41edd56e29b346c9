import Logging
import Shared

extension Agent {
    /// How many listings pass between two looks at the runtime's version.
    private static let listingsPerVersion = 30

    /// Lists the runtime once in each interval, when asked to, and after something has come.
    func observe() async {
        while !isStopping {
            let began = uptime.now
            let waiters = listingWaiters
            listingWaiters = []
            listingIsDue = false
            await look()
            for waiter in waiters { waiter.resume() }
            // The interval may change while it is slept through.
            while !isStopping, !listingIsDue {
                let rest = began + min(interval, listingPause ?? interval) - uptime.now
                guard rest > .zero else { break }
                let sleep = Task<Void, Never> { try? await Task.sleep(for: rest) }
                observerSleep = sleep
                await sleep.value
            }
        }
        for waiter in listingWaiters { waiter.resume() }
        listingWaiters = []
    }

    /// Returns when a listing that began after this call is over, successful or not.
    func listAgain() async {
        guard !isStopping else { return }
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
            guard !isStopping else { return }
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
