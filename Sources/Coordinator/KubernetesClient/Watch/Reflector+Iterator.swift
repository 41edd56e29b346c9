import Logging
import Shared

extension Reflector {
    package struct AsyncIterator: AsyncIteratorProtocol {
        private let reflector: Reflector
        private var state: ReflectorState
        private var connection: WatchConnection<Resource>?
        private var openedAt = ContinuousClock.now
        private var connectionWasUseful = false
        private var hasWatched = false
        private var lastComplaint: String?
        private var streams: Bool
        private var isOver = false

        init(_ reflector: Reflector) {
            self.reflector = reflector
            state = ReflectorState(backoff: reflector.options.backoff)
            streams = reflector.options.streamsLists
        }

        /// The next event; nil once the task is cancelled.
        package mutating func next() async -> ReflectorEvent<Resource>? {
            while !Task.isCancelled, !isOver {
                if let event = connection == nil ? await advance() : await read() { return event }
            }
            connection = nil
            return nil
        }

        /// Lists, opens a watch or waits.
        private mutating func advance() async -> ReflectorEvent<Resource>? {
            switch state.next() {
            case .pause(let duration):
                try? await Task.sleep(for: duration)
                return nil
            case .list:
                return await list()
            case .watch(let resourceVersion):
                await open(resourceVersion)
                return nil
            }
        }

        private mutating func list() async -> ReflectorEvent<Resource>? {
            if streams, let event = await streamList() { return event }
            guard !Task.isCancelled else { return nil }
            do {
                let list: ResourceList<Resource> = try await reflector.client.list(
                    Resource.self, reflector.selection, pageSize: reflector.options.pageSize)
                state.listed(resourceVersion: list.resourceVersion)
                recovered()
                return .synced(list.items)
            } catch {
                guard !Task.isCancelled, !ends(with: error) else { return nil }
                state.listFailed(error as? KubernetesError) { .random(in: $0) }
                complain(error)
                return nil
            }
        }

        /// Reads all objects as the beginning of a watch, which goes on from there.
        ///
        /// - Returns: nil when it can't be had so, whatever the reason: then they are listed in pages.
        private mutating func streamList() async -> ReflectorEvent<Resource>? {
            var initial = InitialObjects<Resource>()
            do {
                var stream = try await reflector.client.watch(
                    Resource.self, reflector.selection, resourceVersion: nil, serverTimeout: serverTimeout,
                    idleTimeout: reflector.options.idleTimeout)
                while let line = try await stream.next() {
                    guard let version = try initial.take(line) else { continue }
                    connection = stream
                    connectionWasUseful = true
                    openedAt = .now
                    hasWatched = true
                    state.listed(resourceVersion: version)
                    recovered()
                    return .synced(initial.objects)
                }
            } catch let error as KubernetesError where error.isInvalid {
                // This server doesn't have it, and won't soon.
                streams = false
            } catch {
                reflector.client.logger.debug(
                    "no streaming list; listing in pages", metadata: ["error": "\(error)"])
            }
            return nil
        }

        private var serverTimeout: Duration {
            .seconds(Int64(Double.random(in: reflector.options.serverTimeout)))
        }

        private mutating func open(_ resourceVersion: String) async {
            connectionWasUseful = false
            openedAt = .now
            if hasWatched { reflector.client.observer?.watchRestarted(Resource.resourceType) }
            hasWatched = true
            do {
                connection = try await reflector.client.watch(
                    Resource.self, reflector.selection, resourceVersion: resourceVersion,
                    serverTimeout: serverTimeout,
                    idleTimeout: reflector.options.idleTimeout)
            } catch {
                failed(error)
            }
        }

        private mutating func read() async -> ReflectorEvent<Resource>? {
            do {
                guard let line = try await connection?.next() else {
                    connection = nil
                    let wasShort =
                        !connectionWasUseful && ContinuousClock.now - openedAt < reflector.options.shortestWatch
                    state.watchEnded(wasShort: wasShort) { .random(in: $0) }
                    return nil
                }
                return received(line)
            } catch {
                failed(error)
                return nil
            }
        }

        private mutating func received(_ line: WatchLine<Resource>) -> ReflectorEvent<Resource>? {
            switch line {
            case .added(let object): return progressed(object, .added(object))
            case .modified(let object): return progressed(object, .modified(object))
            case .deleted(let object): return progressed(object, .deleted(object))
            case .bookmark(let resourceVersion, _):
                progressed(resourceVersion)
                return nil
            case .error(let status):
                let operation = KubernetesClient.operation(
                    "watch", Resource.resourceType, nil, reflector.selection.namespace)
                failed(KubernetesError(operation: operation, status: status))
                return nil
            }
        }

        private mutating func progressed(
            _ object: Resource, _ event: ReflectorEvent<Resource>
        ) -> ReflectorEvent<Resource> {
            progressed(object.metadata.resourceVersion)
            return event
        }

        private mutating func progressed(_ resourceVersion: String?) {
            connectionWasUseful = true
            state.progressed(resourceVersion: resourceVersion)
            recovered()
        }

        private mutating func failed(_ error: any Error) {
            connection = nil
            guard !Task.isCancelled, !ends(with: error) else { return }
            state.watchFailed(error as? KubernetesError) { .random(in: $0) }
            complain(error)
        }

        private mutating func ends(with error: any Error) -> Bool {
            guard reflector.options.endsWhenNotServed, (error as? KubernetesError)?.isNotFound == true else {
                return false
            }
            isOver = true
            return true
        }

        private mutating func complain(_ error: any Error) {
            reflector.onTrouble(KubernetesTrouble(error: error, failures: state.failures))
            let text = "\(error)"
            // Once for each text: a server that stays away would fill the log.
            let level: Logger.Level = text == lastComplaint || isRoutine(error) ? .debug : .warning
            lastComplaint = text
            reflector.client.logger.log(
                level: level, "following \(Resource.resourceType.plural) is interrupted; trying again",
                metadata: ["error": "\(text)", "failures": "\(state.failures)"])
        }

        /// Idle watches that are cut and old resource versions are everyday life, as long as they pass.
        private func isRoutine(_ error: any Error) -> Bool {
            guard state.failures <= 2, let error = error as? KubernetesError else { return false }
            return error.isExpired || error.underlying?.code == .timeout || error.underlying?.code == .reset
        }

        private mutating func recovered() {
            guard lastComplaint != nil else { return }
            lastComplaint = nil
            reflector.onTrouble(nil)
        }
    }
}
