import Logging
import Shared

extension Agent {
    func carryOut(_ actions: [PullBoard.Action]) {
        for action in actions {
            switch action {
            case .cancel(let key):
                log.info("pull is cancelled", metadata: ["image": "\(key.reference)", "pull": "\(key.id)"])
                pulls[key]?.cancel()
            case .start(let pull):
                log.info("pull starts", metadata: ["image": "\(pull.reference)", "pull": "\(pull.id)"])
                let former = Set(state.inventory.images.keys)
                let runner = PullRunner(source: source, secrets: secrets, uptime: uptime)
                pulls[pull.key] = Task {
                    let began = uptime.now
                    let result = await runner.run(pull)
                    await ended(pull, from: began, to: uptime.now, result, among: former)
                }
            }
        }
    }

    /// - Parameter former: the ids of the images that the node had when the pull began.
    private func ended(
        _ pull: WirePull, from start: Duration, to end: Duration, _ result: PullRunner.Result, among former: Set<String>
    ) async {
        pulls[pull.key] = nil
        var former = former
        if let removal = result.removal {
            log.notice("\(removal)", metadata: ["image": "\(pull.reference)", "pull": "\(pull.id)"])
            if case .removed(let id) = removal { former.remove(id) }
        }
        let milliseconds = (end - start).wholeMilliseconds
        if result.outcome == .succeeded {
            log.info("pull is done", metadata: ["image": "\(pull.reference)", "milliseconds": "\(milliseconds)"])
        } else {
            log.warning(
                "pull ended without the image: \(result.message)",
                metadata: ["image": "\(pull.reference)", "milliseconds": "\(milliseconds)"])
        }
        // The image and the attempt that brought it go into one report. A failure is told at once: what has come of the image
        // is lost within half a second, unless the pull goes on.
        switch result.outcome {
        case .succeeded: await listAgain()
        case .cancelled: break
        default: listSoon()
        }
        let image = result.outcome == .succeeded ? find(result.image, pulledAs: pull.reference) : nil
        // What the node had before was only asked for: its size would make a pull of a tenth of a second of it.
        let size = image.flatMap { former.contains($0.id) ? nil : $0.size }
        state.attempts.append(
            pull.key, from: start, to: end, result: result, imageID: image?.id ?? result.image, bytes: size ?? 0)
        carryOut(board.end(pull.key, at: uptime.now))
        changed()
    }

    /// The listed image that the runtime's answer names: by its id (containerd) or by a digest (CRI-O).
    private func find(_ name: String, pulledAs reference: String) -> WireImage? {
        let images = state.inventory.images
        if let image = images[name] { return image }
        if let image = images.values.first(where: { $0.digests.contains(name) }) { return image }
        guard let reference = try? ImageReference(reference) else { return nil }
        return images.values.first { reference.matches(tags: $0.tags, digests: $0.digests) }
    }
}
