import FoundationEssentials
import Shared
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

@Suite struct WriteTests {
    @Test func applyIsServerSideUnderOurName() async throws {
        try await ScriptedServer.run { asked, _ in
            .json(asked.body)
        } _: { url, server in
            let client = KubernetesClient.patient(url)
            let document: JSONValue = ["kind": "DaemonSet", "metadata": ["name": "d"]]
            #expect(try await client.apply(document, .daemonSets, name: "d", namespace: "n") == document)
            let asked = try #require(server.requests.first)
            #expect(asked.method == "PATCH")
            #expect(asked.path == "/apis/apps/v1/namespaces/n/daemonsets/d")
            #expect(asked.query == ["fieldManager": "image-puller", "force": "true"])
            #expect(asked.headers["content-type"] == "application/apply-patch+yaml")
            #expect(asked.headers["accept"] == "application/json")
        }
    }

    @Test func patchesAndCreations() async throws {
        try await ScriptedServer.run { asked, _ in
            .json(asked.body, status: 201)
        } _: { url, server in
            let client = KubernetesClient.patient(url)
            try await client.mergePatch(
                ["metadata": ["annotations": ["image-puller/x": .null]]], .configMaps, name: "c", namespace: "n")
            try await client.create(["a": "x/y"] as JSONValue, .configMaps, namespace: "n")
            let requests = server.requests
            #expect(requests[0].headers["content-type"] == "application/merge-patch+json")
            #expect(requests[0].body == #"{"metadata":{"annotations":{"image-puller/x":null}}}"#)
            #expect(requests[1].method == "POST")
            #expect(requests[1].path == "/api/v1/namespaces/n/configmaps")
            #expect(requests[1].query["fieldManager"] == "image-puller")
        }
    }

    @Test func replacementIsOfOneVersionAndSentOnce() async throws {
        try await ScriptedServer.run { asked, _ in
            asked.path.hasSuffix("/taken") ? .json("{}", status: 503) : .json(asked.body)
        } _: { url, server in
            let client = KubernetesClient.patient(url)
            let lease: JSONValue = ["metadata": ["name": "l", "resourceVersion": "7"]]
            #expect(try await client.replace(lease, .leases, name: "l", namespace: "n") == lease)
            let asked = try #require(server.requests.first)
            #expect(asked.method == "PUT")
            #expect(asked.path == "/apis/coordination.k8s.io/v1/namespaces/n/leases/l")
            #expect(asked.query["fieldManager"] == "image-puller")
            #expect(asked.headers["content-type"] == "application/json")
            // Nobody knows what became of it: the caller has to look.
            await #expect(throws: KubernetesError.self) {
                try await client.replace(lease, .leases, name: "taken", namespace: "n")
            }
            #expect(server.requests.count == 2)
        }
    }

    @Test func nothingIsWrittenWithoutPermission() async throws {
        try await ScriptedServer.run { asked, _ in
            .json(#"{"metadata":{"name":"d"}}"#)
        } _: { url, server in
            var client = KubernetesClient.patient(url)
            client.permit = { false }
            await #expect {
                try await client.create([:] as JSONValue, .configMaps, namespace: "n")
            } throws: {
                ($0 as? KubernetesError)?.reason == KubernetesError.notLeadingReason
            }
            await #expect(throws: KubernetesError.self) {
                try await client.delete(.pods, name: "p", namespace: "n")
            }
            #expect(server.requests.isEmpty)
            _ = try await client.get(DaemonSet.self, "d", namespace: "n")
            client.permit = { true }
            try await client.create([:] as JSONValue, .configMaps, namespace: "n")
            #expect(server.requests.map(\.method) == ["GET", "POST"])
        }
    }

    @Test func deletionCarriesItsConditions() async throws {
        try await ScriptedServer.run { _, _ in
            .json("{}")
        } _: { url, server in
            let options = KubernetesClient.DeleteOptions(
                gracePeriodSeconds: 0, uid: "u1", resourceVersion: "9", propagation: .foreground)
            try await KubernetesClient.patient(url).delete(.pods, name: "p", namespace: "n", options: options)
            let asked = try #require(server.requests.first)
            #expect(asked.method == "DELETE")
            let body = try JSONDecoder().decode(JSONValue.self, from: Data(asked.body.utf8))
            #expect(
                body == [
                    "kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0,
                    "propagationPolicy": "Foreground", "preconditions": ["uid": "u1", "resourceVersion": "9"],
                ])
        }
    }

    @Test func whatIsGoneIsDeletedAndWhatWasReplacedIsNot() async throws {
        let gone = try Facts.text("status.404.json")
        let conflict = try Facts.text("status.409.Conflict.json")
        try await ScriptedServer.run { _, number in
            number == 0 ? .json(gone, status: 404) : .json(conflict, status: 409)
        } _: { url, _ in
            let client = KubernetesClient.patient(url)
            try await client.delete(.pods, name: "p", namespace: "n")
            let error = try await failure(KubernetesError.self) {
                try await client.delete(.pods, name: "p", namespace: "n", options: .init(uid: "other"))
            }
            #expect(error.isConflict)
        }
    }

    @Test func findingNothingIsNoError() async throws {
        let gone = try Facts.text("status.404.json")
        try await ScriptedServer.run { _, _ in
            .json(gone, status: 404)
        } _: { url, _ in
            let found = try await KubernetesClient.patient(url).find(ConfigMap.self, "none", namespace: "facts")
            #expect(found == nil)
        }
    }

    @Test func theOwnerIsFoundThroughTheReplicaSet() async throws {
        @Sendable func object(_ kind: String, _ name: String, owner: String, _ ownerName: String) -> Answer {
            .json(
                #"{"kind":"\#(kind)","metadata":{"name":"\#(name)","ownerReferences":[{"apiVersion":"apps/v1","#
                    + #""kind":"\#(owner)","name":"\#(ownerName)","uid":"u","controller":true,"blockOwnerDeletion":true}]}}"#
            )
        }
        try await ScriptedServer.run { asked, _ in
            switch asked.path {
            case "/api/v1/namespaces/n/pods/coordinator-1-x":
                object("Pod", "coordinator-1-x", owner: "ReplicaSet", "coordinator-1")
            case "/apis/apps/v1/namespaces/n/replicasets/coordinator-1":
                object("ReplicaSet", "coordinator-1", owner: "Deployment", "coordinator")
            default: object("Pod", "x", owner: "Job", "j")
            }
        } _: { url, _ in
            let client = KubernetesClient.patient(url)
            let owner = try await client.owningDeployment(ofPod: "coordinator-1-x", namespace: "n")
            #expect(owner == OwnerReference(apiVersion: "apps/v1", kind: "Deployment", name: "coordinator", uid: "u"))
            #expect(try await client.owningDeployment(ofPod: "x", namespace: "n") == nil)
        }
    }
}
