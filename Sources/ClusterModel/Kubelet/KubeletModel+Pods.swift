import Shared

/// One pass over a pod's containers.
extension KubeletModel {
    /// Goes on where the last pass stopped, until something has to be waited for.
    mutating func work(on index: Int, runtime: RuntimeModel, at now: Seconds) {
        switch pods[index].work {
        case .pulling: return
        case .idle(let time), .starting(let time): guard time <= now else { return }
        }
        if case .idle = pods[index].work, pods[index].cursor == 0 { lookForImages(of: index, at: now) }
        if case .starting = pods[index].work {
            finishStart(in: index, runtime: runtime, at: now)
            pods[index].cursor += 1
        }
        while pods[index].cursor < pods[index].containers.count {
            let container = pods[index].containers[pods[index].cursor]
            if !container.isRunning, !container.isCompleted, !container.isOver, container.retryAt <= now {
                if let work = step(container, in: index, runtime: runtime, at: now) {
                    pods[index].work = work
                    return
                }
            }
            let isDone = pods[index].containers[pods[index].cursor].isCompleted
            if container.isInit && !isDone { break }
            pods[index].cursor += 1
        }
        pods[index].cursor = 0
        showBackOff(in: index, at: now)
        pods[index].listedAgainAt = now + random.unit() * configuration.relistPeriod
        if pods[index].hasStarted {
            // The listing shows the new container, and that is news.
            pods[index].hasStarted = false
            lookForImages(of: index, at: pods[index].listedAgainAt)
        }
        pods[index].work = .idle(until: nextLook(at: pods[index]))
    }

    /// What the container needs first; nil when it can only wait.
    private mutating func step(
        _ container: PodModel.Container, in index: Int, runtime: RuntimeModel, at now: Seconds
    ) -> PodModel.Work? {
        let cursor = pods[index].cursor
        guard let reference = try? ImageReference(container.spec.image) else {
            let message = KubeletMessages.invalidName(container.spec.image)
            wait(cursor, in: index, reason: "InvalidImageName", message: message)
            pods[index].containers[cursor].retryAt = now + 15
            return nil
        }
        let image: RuntimeModel.Image?
        do {
            image = try runtime.status(of: reference.withTag)
        } catch {
            let message = KubeletMessages.uninspected(container.spec.image, error)
            wait(cursor, in: index, reason: "ImageInspectError", message: message)
            pods[index].containers[cursor].retryAt = now + waitForImage()
            return nil
        }
        let isPresent = image.map { !mustAsk(for: $0, as: reference, pod: pods[index]) } ?? false
        switch container.spec.policy {
        case .never where !isPresent:
            let message = KubeletMessages.neverPulled(container.spec.image)
            wait(cursor, in: index, reason: "ErrImageNeverPull", message: message)
            pods[index].containers[cursor].retryAt = now + waitForImage()
            return nil
        case .ifNotPresent where !isPresent && !container.isPulled, .always where !container.isPulled:
            return .pulling(enqueuePull(pod: pods[index], reference: container.spec.image))
        case .never, .ifNotPresent, .always:
            switch container.state {
            // A container that ended stays in back-off until it runs again.
            case .waiting("ContainerCreating", _), .waiting("CrashLoopBackOff", _): break
            default: if !container.isInit { wait(cursor, in: index, reason: "ContainerCreating", message: nil) }
            }
            let range = configuration.startDelay
            let delay = range.lowerBound + random.unit() * (range.upperBound - range.lowerBound)
            return .starting(until: now + delay)
        }
    }

    private mutating func waitForImage() -> Seconds {
        let range = configuration.neverInterval
        return range.lowerBound + random.unit() * (range.upperBound - range.lowerBound)
    }

    /// Whether the image counts as absent until the registry has been asked for it under this name.
    private func mustAsk(for image: RuntimeModel.Image, as reference: ImageReference, pod: PodModel) -> Bool {
        configuration.keepsPullRecords
            && records.mustAsk(for: image.id, repository: reference.name, secrets: pod.pullSecrets)
    }

    private mutating func finishStart(in index: Int, runtime: RuntimeModel, at now: Seconds) {
        let cursor = pods[index].cursor
        var container = pods[index].containers[cursor]
        let wasPulled = container.isPulled
        container.isPulled = false
        pods[index].containers[cursor] = container
        guard let reference = try? ImageReference(container.spec.image) else { return }
        guard let image = runtime.image(reference.written) else {
            // It went away in the meantime: look again. Or the runtime said that it has it, and hasn't.
            if wasPulled { return notCreated(in: index, runtime.missingError(reference), at: now) }
            pods[index].containers[cursor].retryAt = now + 1
            return
        }
        if let refusal = runtime.createError(of: image) { return notCreated(in: index, refusal, at: now) }
        pods[index].hasStarted = true
        container.state = .running(since: now)
        container.failures = 0
        container.pullError = nil
        container.imageID =
            image.digests.first { $0.hasPrefix(reference.name + "@") } ?? image.digests.first ?? image.id
        container.imageName = image.tags.min() ?? container.imageID
        container.containerID = StableHash.hex64(
            "container \(pods[index].id) \(container.spec.name) \(container.restartCount)")
        pods[index].containers[cursor] = container
        if let error = image.startError {
            // It was made, so its image counts as pulled, but it never ran (measured: a command that isn't there).
            return exited(cursor, in: index, code: 128, reason: "StartError", message: error, at: now)
        }
        actions.append(
            .started(
                pod: pods[index].id, container: container.spec.name, attempt: container.restartCount, imageID: image.id)
        )
        actions.append(.changed(pod: pods[index].id))
    }

    private mutating func notCreated(in index: Int, _ refusal: RuntimeRefusal, at now: Seconds) {
        let cursor = pods[index].cursor
        let message = KubeletMessages.error(code: refusal.code, refusal.message)
        wait(cursor, in: index, reason: "CreateContainerError", message: message)
        pods[index].containers[cursor].retryAt = now + waitForImage()
    }

    mutating func pullFailed(in index: Int, _ failure: PullFailure, at now: Seconds) {
        let cursor = pods[index].cursor
        let image = pods[index].containers[cursor].spec.image
        let (reason, message) = KubeletMessages.pullError(failure, image: image)
        pods[index].containers[cursor].failures += 1
        pods[index].containers[cursor].pullError = message
        pods[index].containers[cursor].pullReason = reason
        let gap = configuration.pullGap(afterFailures: pods[index].containers[cursor].failures)
        pods[index].containers[cursor].retryAt = now + random.around(gap, by: configuration.pullBackOffJitter)
        pods[index].containers[cursor].backOffShownAt = now + configuration.backOffShownAfter
        wait(cursor, in: index, reason: reason, message: message)
        // The pass goes on behind it.
        if !pods[index].containers[cursor].isInit { pods[index].cursor += 1 }
    }

    private mutating func showBackOff(in index: Int, at now: Seconds) {
        for place in pods[index].containers.indices {
            let container = pods[index].containers[place]
            guard case .waiting(container.pullReason, _) = container.state, container.backOffShownAt <= now,
                let error = container.pullError
            else { continue }
            wait(
                place, in: index, reason: "ImagePullBackOff",
                message: KubeletMessages.backOff(
                    container.spec.image, reason: container.pullReason, error: error))
        }
    }

    private func nextLook(at pod: PodModel) -> Seconds {
        var next: Seconds = .infinity
        for container in pod.containers where !container.isCompleted && !container.isOver {
            if !container.isRunning {
                if case .waiting(container.pullReason, _) = container.state {
                    next = min(next, container.backOffShownAt)
                }
                next = min(next, container.retryAt)
            }
            // What stands behind an init container can't go on before it.
            if container.isInit { break }
        }
        return next
    }

    private mutating func wait(_ place: Int, in index: Int, reason: String, message: String?) {
        let state = PodModel.State.waiting(reason: reason, message: message)
        guard pods[index].containers[place].state != state else { return }
        pods[index].containers[place].state = state
        actions.append(.changed(pod: pods[index].id))
    }

    // MARK: Ends

    mutating func endShortContainers(of index: Int, at now: Seconds) {
        for place in pods[index].containers.indices {
            let container = pods[index].containers[place]
            guard let after = container.spec.exitsAfter, case .running(let since) = container.state,
                since + after <= now
            else { continue }
            exited(place, in: index, code: 0, reason: nil, message: nil, at: since + after)
            if case .idle = pods[index].work { pods[index].work = .idle(until: now) }
        }
    }

    mutating func exited(
        _ place: Int, in index: Int, code: Int, reason: String?, message: String?, at now: Seconds
    ) {
        var container = pods[index].containers[place]
        guard case .running(let since) = container.state else { return }
        let end = PodModel.Termination(
            exitCode: code, startedAt: since, finishedAt: now, containerID: container.containerID ?? "",
            reason: reason ?? (code == 0 ? "Completed" : "Error"), message: message)
        actions.append(.stopped(pod: pods[index].id, container: container.spec.name))
        actions.append(.changed(pod: pods[index].id))
        if container.isInit && code == 0 || container.isEphemeral {
            container.state = .terminated(end)
        } else {
            let gap = configuration.crashGap(afterRestarts: container.restartCount)
            container.lastTermination = end
            container.restartCount += 1
            container.retryAt = now + gap
            container.state = .waiting(
                reason: "CrashLoopBackOff",
                message: KubeletMessages.crashed(container.spec.name, pod: pods[index].id, gap: gap))
        }
        pods[index].containers[place] = container
    }
}

extension ImageReference {
    /// As the kubelet gives it to the runtime: it completes a missing tag, and nothing else.
    fileprivate var withTag: String {
        let last = written.split(separator: "/").last ?? ""
        return last.contains(":") || written.contains("@") ? written : written + ":latest"
    }
}
