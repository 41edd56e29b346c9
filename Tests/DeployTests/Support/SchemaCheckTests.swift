import Shared
import Testing

/// A check that finds nothing would prove nothing.
@Suite struct SchemaCheckTests {
    private static let service: JSONValue = [
        "apiVersion": "v1", "kind": "Service", "metadata": ["name": "s"],
        "spec": ["ports": [["port": 8443, "targetPort": "https"]]],
    ]

    @Test func aGoodObjectHasNoFault() throws {
        #expect(try SchemaCheck().faults(Self.service) == [])
    }

    @Test(
        arguments: [
            (["spec": ["port": []]], "Service s.spec.port: unknown field"),
            (["spec": ["ports": [["targetPort": "https"]]]], "Service s.spec.ports[0].port: missing"),
            (["spec": ["ports": [["port": "8443"]]]], "Service s.spec.ports[0].port: no integer"),
            (["spec": ["ports": [["port": 1, "targetPort": true]]]], "Service s.spec.ports[0].targetPort: none of"),
            (["spec": ["selector": ["a": 1]]], "Service s.spec.selector.a: no string"),
            (["spec": .null], "Service s.spec: no object"),
            (["metadata": [:]], "no metadata.name"),
            (["metadata": ["name": "s", "labels": ["a": true]]], "Service s.metadata.labels.a: no string"),
            (["apiVersion": "v2"], "v2 Service: no schema"),
            (["kind": "Servise"], "v1 Servise: no schema"),
            (["extra": 1], "Service s.extra: unknown field"),
        ] as [(JSONValue, String)])
    func faultsAreFound(_ change: JSONValue, _ fault: String) throws {
        var object = Self.service
        for (name, value) in change.objectValue ?? [:] { object[name] = value }
        let faults = try SchemaCheck().faults(object)
        #expect(faults.count == 1 && faults.first?.contains(fault) == true, "\(faults)")
    }

    @Test func missingPermissionsAndPowersAreFound() {
        let faults = PodStandard.faults([
            "volumes": [["name": "h", "hostPath": ["path": "/"]]], "containers": [["name": "c"]],
        ])
        #expect(
            faults == [
                #"volume of ["hostPath"]"#, "runAsNonRoot", "seccompProfile", "allowPrivilegeEscalation",
                "readOnlyRootFilesystem", "capabilities.drop",
            ])
        let grants = Grants(objects: [
            [
                "kind": "RoleBinding", "metadata": ["name": "b", "namespace": "n"],
                "roleRef": ["kind": "Role", "name": "gone"], "subjects": [["kind": "ServiceAccount", "name": "a"]],
            ]
        ])
        #expect(grants.of("a") == ["namespace/n a role that is missing"])
    }
}
