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

        init(_ reflector: Reflector) {
            self.reflector = reflector
            state = ReflectorState(backoff: reflector.options.backoff)
        }

        /// The next event; nil once the task is cancelled.
        package mutating func next() async -> ReflectorEvent<Resource>? {
            while !Task.isCancelled {
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
            do {
                let list: ResourceList<Resource> = try await reflector.client.list(
                    Resource.self, reflector.selection, pageSize: reflector.options.pageSize)
                state.listed(resourceVersion: list.resourceVersion)
                recovered()
                return .synced(list.items)
            } catch {
                guard !Task.isCancelled else { return nil }
                state.listFailed(error as? KubernetesError) { .random(in: $0) }
                complain(error)
                return nil
            }
        }

        private mutating func open(_ resourceVersion: String) async {
            connectionWasUseful = false
            openedAt = .now
            if hasWatched { reflector.client.observer?.watchRestarted(Resource.resourceType) }
            hasWatched = true
            do {
                connection = try await reflector.client.watch(
                    Resource.self, reflector.selection, resourceVersion: resourceVersion,
                    serverTimeout: .seconds(Int64(Double.random(in: reflector.options.serverTimeout))),
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
            case .bookmark(let resourceVersion):
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
            guard !Task.isCancelled else { return }
            state.watchFailed(error as? KubernetesError) { .random(in: $0) }
            complain(error)
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
