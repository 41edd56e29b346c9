import KubernetesClient

/// Counts the requests of a Kubernetes client.
package struct RequestInstruments: ClientObserver {
    package init() {}

    package func requestEnded(_ operation: String, status: Int?) {
        let verb = operation.prefix { $0 != " " }
        Instruments.count(
            MetricCatalogue.requests, [("verb", String(verb)), ("code", status.map { String($0) } ?? "error")])
    }

    package func watchRestarted(_ type: ResourceType) {
        Instruments.count(MetricCatalogue.watchRestarts, [("resource", type.plural)])
    }
}
