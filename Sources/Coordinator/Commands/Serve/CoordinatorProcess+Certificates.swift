import Certificates
import Events
import KubernetesClient
import Logging

extension CoordinatorProcess {
    /// The keeper of the certificates of this coordinator's Service.
    func makeCertificates(
        client: KubernetesClient, namespace: String, events: EventRecorder, logger: Logger
    ) throws -> CertificateKeeper {
        let configMap = ObjectReference(
            apiVersion: "v1", kind: "ConfigMap", namespace: namespace, name: options.configMap)
        return CertificateKeeper(
            client: client, namespace: namespace, service: options.service,
            names: ServingNames.all(service: options.service, namespace: namespace, agentURL: options.agentURL),
            identity: try ServingIdentity(), policy: options.certificateTimes.policy, logger: logger,
            warn: Self.warning(about: configMap, events: events, logger: logger))
    }

    /// Tells people of something: in the log, and in an Event.
    static func warning(
        about object: ObjectReference, events: EventRecorder, logger: Logger
    ) -> @Sendable (_ reason: String, _ message: String) -> Void {
        { reason, message in
            logger.warning("\(message)")
            events.record(.warning, about: object, reason: reason, message: message)
        }
    }
}
