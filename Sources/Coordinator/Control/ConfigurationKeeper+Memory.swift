import Cluster
import ConfigurationParsing
import FoundationEssentials
import History
import ImageSets
import KubernetesClient
import Logging
import Manifests
import Planning
import Reporting
import Shared

extension ConfigurationKeeper {
    /// The configuration that was in force before this run, so that a ConfigMap that is broken now changes nothing.
    func restore() async {
        guard let revision = try? await history.lastAcceptedRevision(imageSet: status.historyName) else { return }
        let content = ConfigMapContent(
            data: revision.data,
            annotations: [ConfigMapContent.allowEmptyAnnotation: "true", ConfigMapContent.allowResetAnnotation: "true"])
        let notes = RevisionNotes(text: revision.findings)
        // Judged again: what was granted then may not be now.
        guard case .accepted(let configuration, _) = decide(content, last: notes?.configuration),
            await claim(configuration) == nil
        else { return }
        logger.info("the last accepted revision is in force", metadata: ["revision": "\(revision.number ?? 0)"])
        inForce = revision
        await putInForce(
            configuration, revision: Int(clamping: revision.number ?? 0), at: Timestamp(milliseconds: revision.at))
    }

    /// The configuration that the live DaemonSet was made from, as far as it shows: for a coordinator without history.
    ///
    /// It tells the order of the entries, and the references that malformed ones had before.
    func remembered(for configuration: Configuration) async -> Configuration? {
        var pause = Duration.seconds(1)
        while !Task.isCancelled {
            do {
                let live = try await client.find(
                    DaemonSet.self, configuration.daemonSetName, namespace: configuration.namespace)
                guard let live, live.metadata.labels[PodNames.managedByLabel] == PodNames.application,
                    live.metadata.labels[PodNames.setLabel] == parser.options.imageSet
                else { return nil }
                var former = configuration
                former.images = (live.spec?.template?.spec?.containers ?? []).compactMap { container in
                    guard !Configuration.reservedContainerNames.contains(container.name), let text = container.image,
                        let reference = try? ImageReference(text)
                    else { return nil }
                    return ImageEntry(name: container.name, reference: reference)
                }
                return former.images.isEmpty ? nil : former
            } catch {
                logger.warning("can't read the DaemonSet, it is tried again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(30))
            }
        }
        return nil
    }

    /// Stores what became of an edit; an accepted revision until it is stored.
    func record(_ content: ConfigMapContent, number: Int?, findings: [Finding], configuration: Configuration?) async {
        let record = RevisionRecord(
            imageSet: status.historyName, number: number.map(Int64.init), at: clock.now.milliseconds,
            data: content.data, findings: RevisionNotes(findings: findings, configuration: configuration).text)
        if number != nil { inForce = record }
        let isStored = await history.record(revision: record)
        if number != nil { storedIn = isStored ? await history.health.databaseID : nil }
    }

    /// Stores the revision in force again where history lost it: a coordinator that starts with a broken ConfigMap
    /// needs it.
    func keepStored() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: storingInterval)
            guard let record = inForce else { continue }
            let database = await history.health.databaseID
            guard database == nil || database != storedIn else { continue }
            if let stored = try? await history.lastAcceptedRevision(imageSet: status.historyName),
                stored.number == record.number, stored.data == record.data
            {
                storedIn = await history.health.databaseID
            } else if await history.record(revision: record), inForce == record {
                storedIn = await history.health.databaseID
            }
        }
    }
}
