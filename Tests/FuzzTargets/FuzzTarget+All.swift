import Cluster
import Failures
import FoundationEssentials
import HTTPTypes
import Hummingbird
import ImageSets
import NIOCore
import SwiftProtobuf
import Yams

@testable import Access
@testable import ConfigurationParsing
@testable import Control
@testable import Formatting
@testable import History
@testable import KubernetesClient
@testable import Planning
@testable import Registry
@testable import Reporting
@testable import Server
@testable import Shared

extension FuzzTarget {
    /// Everything that reads outside input, but for what only the agent has.
    package static let all: [FuzzTarget] = wire + runtime + configuration + kubernetes + texts + requests

    // MARK: Agents and runtimes

    private static let report = WireReport.with {
        $0.node = "worker-1"
        $0.bootID = "b1"
        $0.sequence = 7
        $0.runtime.name = "containerd"
        $0.imageFilesystem.capacityBytes = 1 << 40
        $0.full.images = (0..<3).map { number in
            .with {
                $0.id = "sha256:" + String(repeating: "\(number)", count: 64)
                $0.tags = ["docker.io/library/nginx:1.\(number)"]
                $0.digests = ["docker.io/library/nginx@sha256:" + String(repeating: "\(number)", count: 64)]
                $0.size = 1 << 27
            }
        }
        $0.attempts = [
            .with {
                $0.id = 1; $0.pullID = 2; $0.reference = "nginx"; $0.message = "not found"
            }
        ]
        $0.running = [
            .with {
                $0.pullID = 3; $0.reference = "redis"; $0.ageMs = 5
            }
        ]
    }

    private static let heartbeat = WireReport.with {
        $0.node = "worker-1"
        $0.bootID = "b1"
        $0.sequence = 8
        $0.runtime.name = "containerd"
        $0.runtime.listed = true
        $0.imageFilesystem.capacityBytes = 1 << 40
        $0.imageFilesystem.freeBytes = 1 << 39
        $0.inventoryAgeMs = 9000
        $0.acknowledged = 7
        $0.standingBy = true
    }

    /// What is heard without decoding it says the same when it is decoded, and nothing else.
    private static func hear(_ body: [UInt8]) throws {
        guard let read = body.withUnsafeBytes({ HeartbeatReader($0) }), read.isHeartbeat else {
            throw BinaryDecodingError.malformedProtobuf
        }
        let report = try WireReport(serializedBytes: body)
        var rest = report
        (rest.node, rest.bootID, rest.agentVersion, rest.pullSecretsDigest) = ("", "", "", "")
        (rest.sequence, rest.acknowledged, rest.inventoryAgeMs, rest.standingBy) = (0, 0, 0, false)
        rest.clearRuntime()
        rest.clearImageFilesystem()
        let heard = read.heartbeat
        guard rest == WireReport(), heard.sequence == report.sequence, heard.acknowledged == report.acknowledged,
            heard.inventoryAgeMilliseconds == report.inventoryAgeMs,
            heard.capacityBytes == report.imageFilesystem.capacityBytes,
            heard.freeBytes == report.imageFilesystem.freeBytes
        else { fatalError("a heartbeat says something else") }
    }

    private static func bytes(_ message: some Message) -> [UInt8] { (try? message.serializedBytes()) ?? [] }
    private static func json(_ message: some Message) -> [UInt8] { (try? message.jsonUTF8Bytes()) ?? [] }

    private static let wire = [
        FuzzTarget("report", seeds: [bytes(report)]) { try take($0, isJSON: false) },
        FuzzTarget("report-json", seeds: [json(report)], words: ["{", "}", "[]", "\"full\":", "null", "\\u0000"]) {
            try take($0, isJSON: true)
        },
        FuzzTarget("heartbeat", seeds: [bytes(heartbeat), bytes(report)]) { try hear($0) },
        FuzzTarget(
            "reply",
            seeds: [
                bytes(
                    WireReportReply.with {
                        $0.acknowledgedSequence = 7
                        $0.assignment.images = [
                            .with {
                                $0.name = "web"; $0.reference = "nginx"
                            }
                        ]
                        $0.assignment.pulls = [
                            .with {
                                $0.id = 1; $0.reference = "nginx"; $0.timeoutSeconds = 9
                            }
                        ]
                    })
            ]
        ) { _ = try WireReportReply(serializedBytes: $0) },
    ]

    /// A report that is taken keeps its bounds, and does a fleet no harm.
    private static func take(_ body: [UInt8], isJSON: Bool) throws {
        let report = try CheckedReport(body: body, isJSON: isJSON)
        guard try CheckedReport(report.wire).cuts.isEmpty else { fatalError("what was cut is cut again") }
        var fleet = Fleet(epoch: 1)
        var random = SystemRandomNumberGenerator()
        var configuration = ImageSets.Configuration()
        configuration.images = [ImageEntry(name: "web", reference: try ImageReference("nginx:1.1"))]
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        _ = fleet.adopt(configuration, at: now)
        _ = fleet.ingest(report, at: now, using: &random)
        _ = fleet.ingest(report, at: now + 1, using: &random)
        _ = fleet.assignment(node: report.node)
        fleet.remove(node: report.node, at: now + 2)
    }

    private static let runtime = [
        FuzzTarget(
            "cri-images",
            seeds: [
                GRPCFrame.encode(
                    bytes(
                        CRIListImagesResponse.with {
                            $0.images = [
                                .with {
                                    $0.id = "sha256:1"; $0.repoTags = ["nginx:1"]; $0.size = 5
                                }
                            ]
                        }))
            ]
        ) { _ = try CRIListImagesResponse(serializedBytes: try GRPCFrame.decode($0)) },
        FuzzTarget(
            "cri-containers",
            seeds: [
                bytes(
                    CRIListContainersResponse.with {
                        $0.containers = [
                            .with {
                                $0.id = "c"; $0.imageRef = "i"
                            }
                        ]
                    })
            ]
        ) { _ = try CRIListContainersResponse(serializedBytes: $0) },
        FuzzTarget(
            "failure-message",
            texts: [
                "failed to pull and unpack image \"docker.io/library/nginx:x\": failed to resolve reference "
                    + "\"docker.io/library/nginx:x\": docker.io/library/nginx:x: not found",
                "unexpected status from HEAD request to https://r.example/v2/a/manifests/1: 429 Too Many Requests",
                "toomanyrequests: retry-after: 5s", "write /var/lib/x: no space left on device",
            ], words: [": ", "\"", "status code", "401", "503", "retry-after: ", "://", "dial tcp", "x509:"]
        ) { message in
            _ = FailureExplanation(message: message)
            _ = RetryAfter.seconds(in: message)
            _ = Explanation(of: message)
            guard message.withoutControls.hasControls == false else { fatalError("controls are left") }
        },
    ]

    // MARK: The user's configuration

    private static let configuration = [
        FuzzTarget(
            "image-list",
            texts: ["web=nginx:1.27;db=docker.io/library/redis@sha256:" + String(repeating: "a", count: 64)],
            words: [";", "=", "\n", ":", "@sha256:", "a=b;"]
        ) { _ = ImageListParser($0) },
        FuzzTarget(
            "reference", texts: ["nginx", "registry.example.com:5000/team/app:1.2", "[::1]:5000/a@sha256:0"],
            words: ["/", ":", "@", "sha256:", "localhost/", ".."]
        ) { text in
            let reference = try ImageReference(text)
            guard try ImageReference(reference.normalised).normalised == reference.normalised else {
                fatalError("a normalised reference reads as another one")
            }
        },
        FuzzTarget(
            "configuration",
            texts: [
                "IMAGES\u{1}a=nginx;b=redis\u{2}NODE_SELECTOR\u{1}{\"a\":\"b\"}\u{2}TOLERATIONS\u{1}[{\"operator\":\"Exists\"}]",
                "AFFINITY\u{1}{\"nodeAffinity\":{}}\u{2}CACHING_MEMORY_LIMIT\u{1}20Mi\u{2}PULL_MAX_PARALLEL\u{1}9\u{2}"
                    + "RUNTIME_SOCKET\u{1}/run/x.sock\u{2}ALERT_WEBHOOK_URL\u{1}https://a/b",
                "IMAGES\u{1}nginx;r.example.com/a:1\u{2}NODES\u{1}n1;n2\u{2}NODE_COUNT\u{1}3",
            ],
            words: ConfigurationKey.allCases.map(\.rawValue)
                + ["NODES", "NODE_COUNT", "\u{1}", "\u{2}", "{", "}", "[", "null", "Ei", "m"]
        ) { text in
            var data: [String: String] = [:]
            for entry in text.split(separator: "\u{2}") {
                let key = entry.prefix { $0 != "\u{1}" }
                data[String(key)] = String(entry.dropFirst(key.count + 1))
            }
            for set in [nil, "gpu"] {
                var parser = ConfigurationParser()
                parser.options.imageSet = set
                _ = parser.decide(ConfigMapContent(data: data), last: nil) { $0.images.count * 1000 }
            }
            if let order = try? PrefetchOrder(data: data), (try? PrefetchOrder(data: order.data)) != order {
                fatalError("a prefetch reads as another one")
            }
        },
        FuzzTarget(
            "puller-object",
            texts: [
                #"{"images":"a=nginx;b=redis","imageList":[{"name":"web","image":"nginx"},{"image":"redis:7"}]}"#,
                #"{"nodeLabels":{"a":"b"},"tolerationList":[{"operator":"Exists"}],"affinityObject":{"nodeAffinity":{}}}"#,
                #"{"pullSecrets":["a"],"daemonSetAnnotations":{"a":"b"},"daemonsetName":"x","imagePullerImage":"y","z":1}"#,
            ],
            words: [
                "{", "}", "[", "]", ",", "null", "\"image\":", "\"imageList\":", "\"nodeLabels\":", "1e999", ";", "=",
            ]
        ) { text in
            let spec = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
            var parser = ConfigurationParser()
            parser.options.imageSet = "che"
            for insteadOf in [nil, "che"] {
                let place = PullerObject.Place(
                    namespace: "k8s-image-puller", daemonSetName: "kubernetes-image-puller-che", insteadOf: insteadOf)
                let content = PullerObject.content(spec: spec, annotations: [:], place: place)
                _ = parser.decide(content, last: nil) { $0.images.count * 1000 }
            }
        },
        FuzzTarget(
            "prefetch",
            texts: [
                #"{"references":["nginx","r.example.com/a:1"],"selector":{"a":"b"},"nodes":["n1"],"nodeCount":3,"ttlSeconds":60}"#
            ], words: ["{", "[", "null", "\"nodes\":", "\"references\":", "1e999", ","]
        ) { text in
            let request = try JSONDecoder().decode(PrefetchRequest.self, from: Data(text.utf8))
            let order = try PrefetchOrder(
                references: request.references, selector: request.selector ?? [:], nodes: request.nodes ?? [],
                nodeCount: request.nodeCount)
            _ = order.set(named: "prefetch-1")
        },
        FuzzTarget(
            "manifest",
            texts: [
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  IMAGES: |\n    a=b;\n  PULL_MAX_PARALLEL: \"5\"\n"
            ], words: ["---\n", "- ", ": ", "&a ", "*a", "!!int ", "|\n", ">\n", "{", "<<: "]
        ) { _ = try ManifestReader.read($0) },
        FuzzTarget(
            "json", texts: ["{\"a\":[1,2.5e3,true,null,\"\\u00e9\\n\"]}"], words: ["{", "[", "\\u", "\"", "\\", ","]
        ) {
            _ = try JSONReader.read($0)
        },
        FuzzTarget("quantity", texts: ["10Mi", "200m", ".05", "1e3", "-5Ki"], words: ["e", "Ei", "Ki", ".", "-"]) {
            _ = try Quantity($0)
        },
    ]

    // MARK: The API server

    private static let pod =
        "{\"metadata\":{\"name\":\"p\",\"uid\":\"u\",\"resourceVersion\":\"9\",\"creationTimestamp\":\"2026-01-02T03:04:05Z\","
        + "\"labels\":{\"a\":\"b\"}},\"spec\":{\"nodeName\":\"n\"},\"status\":{\"phase\":\"Running\",\"containerStatuses\":"
        + "[{\"name\":\"c\",\"imageID\":\"i\",\"state\":{\"waiting\":{\"reason\":\"r\",\"message\":\"m\"}}}]}}"

    private static let kubernetes = [
        FuzzTarget(
            "pods",
            texts: ["{\"metadata\":{\"resourceVersion\":\"1\",\"continue\":\"c\"},\"items\":[\(pod),\(pod)]}"],
            words: ["{", "}", "[", "]", "null", "\"status\":", "\\uD800", "1e999"]
        ) { _ = try Pod.page(Array($0.utf8)) },
        FuzzTarget(
            "watch", texts: ["{\"type\":\"ADDED\",\"object\":\(pod)}"], words: ["ERROR", "BOOKMARK", "null", "{"]
        ) {
            _ = try Pod.watchLine(Array($0.utf8))
        },
        FuzzTarget(
            "node",
            texts: [
                "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{\"name\":\"n\"},\"status\":{\"conditions\":"
                    + "[{\"type\":\"Ready\",\"status\":\"True\",\"lastTransitionTime\":\"2026-01-02T03:04:05Z\"}],\"allocatable\":"
                    + "{\"memory\":\"30Gi\"}}}]}"
            ], words: ["null", "{", "\"allocatable\":", "9999-99-99T"]
        ) { try FuzzReaders.nodes(Array($0.utf8)) },
        FuzzTarget(
            "kubeconfig",
            texts: [
                "current-context: a\ncontexts:\n- name: a\n  context: {cluster: c, user: u}\nclusters:\n- name: c\n  cluster:\n"
                    + "    server: https://x:6443\n    certificate-authority-data: YQ==\nusers:\n- name: u\n  user: {token: t}\n"
            ], words: ["- ", ": ", "&a ", "*a", "exec:", "!!binary "]
        ) { _ = try YAMLDecoder().decode(KubeconfigDocument.self, from: $0) },
        FuzzTarget(
            "puller-objects",
            texts: [
                #"{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a","namespace":"b"},"spec":{"images":"a=b","#
                    + #""imageList":[{"image":"c"}],"affinityObject":{"x":[1,2.5,true,null]}},"status":{}}]}"#
            ], words: ["{", "}", "[", "]", "null", "\"spec\":", "1e999", "\\u0000"]
        ) { text in
            let page = try KubernetesImagePuller.page(Array(text.utf8))
            let place = PullerObject.Place(namespace: "k8s-image-puller", daemonSetName: "x")
            for object in page.items ?? [] {
                _ = PullerObject.content(spec: object.spec, annotations: object.metadata.annotations, place: place)
            }
        },
        FuzzTarget(
            "events",
            texts: [
                #"{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"},"involvedObject":{"name":"p"},"count":3,"#
                    + #""reason":"Pulled","type":"Normal","message":"Successfully pulled image \"nginx\" in 1m2.5s (3s including "#
                    + #"waiting). Image size: 5 bytes."}]}"#
            ], words: ["null", "{", "h", "µs", "9e9", "size: ", "\\\""]
        ) { text in
            let pulls = try FuzzReaders.events(Array(text.utf8)).compactMap {
                SuggestionReport.Pull(message: $0.message, node: "n", count: $0.count)
            }
            let report = SuggestionReport(pulls: pulls, uses: [], listed: .init(), limit: 5)
            _ = try JSONEncoder().encode(report)
        },
        FuzzTarget(
            "time", texts: ["2026-11-22T21:19:22Z", "2026-11-22T21:19:22.123456+02:00"], words: ["T", "Z", "+", ":"]
        ) {
            guard let time = KubernetesTime($0) else { return }
            _ = "\(time) \(time.micro)"
            _ = Timestamp(time).rfc3339
        },
    ]

    // MARK: Texts of clients and registries

    private static let texts = [
        FuzzTarget(
            "registry-challenge", texts: ["realm=\"https://auth.example/token\",service=\"r\",scope=\"a:b:c\""],
            words: ["=", "\"", ",", "realm="]
        ) { _ = RegistryChallenge.fields(Substring($0)) },
        FuzzTarget(
            "registry-manifest",
            texts: [
                #"{"config":{"digest":"a","size":5},"layers":[{"digest":"b","size":6}]}"#,
                #"{"manifests":[{"digest":"a","platform":{"os":"linux","architecture":"amd64"}}]}"#,
            ], words: ["{", "[", "null", "\"size\":", "\"layers\":", ","]
        ) { text in
            let manifest = try JSONDecoder().decode(RegistryReader.Manifest.self, from: Data(text.utf8))
            guard (0...1 << 50).contains(manifest.bytes) else { fatalError("an image has \(manifest.bytes) bytes") }
        },
        FuzzTarget(
            "registry-credentials",
            texts: ["{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"YTpi\"}}}"],
            words: ["{", "auth", "\"\"", "=="]
        ) { _ = try RegistryCredentials(json: Data($0.utf8)) },
        FuzzTarget(
            "moment", texts: ["2h ago", "1h30m", "2026-11-23T01:02:03Z", "30 days"], words: ["h", "ago", "e9", "."]
        ) {
            let now = Timestamp(milliseconds: 1_700_000_000_000)
            if let moment = MomentText.moment($0, now: now) { _ = moment.rfc3339 }
            if let seconds = MomentText.seconds($0) { _ = (now + -seconds).rfc3339 }
        },
        FuzzTarget("csv", texts: ["=1+1", "a,\"b\"\nc", "-5"], words: ["\"", ",", "\n", "=", "\u{301}"]) { field in
            let line = CSV.line([field, field])
            // Each quotation mark within a field is doubled, so their number is even.
            guard line.utf8.count(where: { $0 == 0x22 }) % 2 == 0 else { fatalError("a field ends too early") }
        },
    ]

    // MARK: Requests

    private static let requests = [
        FuzzTarget("cursor", texts: ["17-4", "1700000000000-9", "-5--6"], words: ["-", "."]) {
            if let cursor = HistoryCursor($0) { _ = cursor.description }
            if let position = EventPosition($0) { _ = "\(position)" }
        },
        FuzzTarget("path", texts: ["/api/v1/nodes/a%20b", "/metrics"], words: ["%", "..", "//", "%2F", "\\", "%00"]) {
            _ = CanonicalPath.decode($0)
        },
        FuzzTarget("host", texts: ["localhost:8080", "[::1]:80", "10.1.2.3"], words: [".", ":", "[", "localhost"]) {
            try LocalRequests().check(host: $0, origin: "http://" + $0)
        },
        FuzzTarget(
            "url", texts: ["https://a.example:8443/b?c=d", "http://[::1]/"], words: ["://", "@", "?", "#", "%", "["]
        ) {
            _ = WebLink($0)
            _ = try RequestTarget($0)
        },
        FuzzTarget(
            "bearer-token",
            texts: [
                "Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAwMDAsImt1YmVybmV0ZXMuaW8iOnsicG9kIjp7InVpZCI6InUifX19.c2ln",
                "Bearer abc",
            ], words: [".", "=", "-", "_", "Bearer ", "e30"]
        ) { text in
            guard let token = BearerToken(authorization: text) else { throw AccessRefusal.noToken }
            _ = (token.expiry, token.claimedPod, "\(token)")
        },
        FuzzTarget(
            "report-call", texts: ["5\u{1}application/json\u{1}20\u{1}1"],
            words: ["\u{1}", "nan", "inf", "-", "1e308", "application/json"]
        ) { text in
            let parts =
                text.split(separator: "\u{1}", omittingEmptySubsequences: false).map(String.init) + ["", "", "", ""]
            let call = ReportCall(
                authorization: nil, contentType: parts[1], length: Int(parts[0]), after: parts[3], wait: parts[2])
            guard (0...AgentRoutes.maximumWaitSeconds).contains(call.wait) else { fatalError("a wait of \(call.wait)") }
            _ = ReportIntake.places(forLength: call.length)
        },
        FuzzTarget(
            "accept", texts: ["text/csv, application/json;q=0.5", "*/*;q=0.1,text/event-stream"],
            words: [",", ";", "q=", "*/*", "nan"]
        ) { text in
            _ = try? AnswerForm.wantsEvents(text)
            _ = try AnswerForm.negotiate(text, hasTable: true)
            _ = EntityTag.matches(text, "W/\"a-j\"")
        },
        FuzzTarget(
            "page-link", texts: ["limit=2&cursor=a", "by=label:a%20b"], words: ["&", ">", "\"", "%", "cursor="]
        ) {
            let link = PageLink.next($0, after: $0)
            guard !link.hasControls, link.utf8.count(where: { $0 == 0x3E }) == 1 else {
                fatalError("the link ends early")
            }
        },
        FuzzTarget(
            "query", texts: ["at=2h+ago&limit=5&cursor=1-2&by=label:a", "since=1h&failed=true&step=60s"],
            words: ["&", "=", "%", "+", "limit=", "step=", "set=", "selector=", "%28", "%29", "!", " in ("]
        ) { text in
            let head = HTTPTypes.HTTPRequest(
                method: .get, scheme: nil, authority: nil, path: "/api/v1/coverage?" + text)
            let request = Request(head: head, body: .init(buffer: ByteBuffer()))
            let parameters = QueryParameters(request, now: Timestamp(milliseconds: 1_700_000_000_000))
            // Each, though another one can't be read.
            let results: [Result<Void, any Error>] = [
                Result { _ = try parameters.moment("at") },
                Result { _ = try parameters.span("step", default: 60) },
                Result { _ = try parameters.integer("limit", in: 1...1000, default: 5) },
                Result { _ = try parameters.cursor() },
                Result { _ = try parameters.flag("failed") },
                Result { _ = try parameters.set() },
                Result { _ = try parameters.selector()?.matches(["zone": "a"]) },
            ]
            _ = CoverageGrouping(parameters["by"] ?? "")
            for result in results { try result.get() }
        },
        FuzzTarget("log-line", texts: ["a\u{1B}[2J", "größe\r\n"], words: ["\u{202E}", "\0", "\u{2028}"]) {
            guard !$0.cleaned(maximumBytes: 50).hasControls else { fatalError("controls are left") }
        },
    ]
}
