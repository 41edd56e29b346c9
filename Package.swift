// swift-tools-version: 6.2
import PackageDescription

/// Our own targets treat every warning as an error; dependencies are not held to that.
let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
    ]

/// Of pure code thousands of histories are played in tests: those are compiled with optimisation in debug builds too.
let quick: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")

/// The coordinator's parts, each a folder of its own. What a part may use is what it names here: arrows point down.
let coordinatorParts: [Target] = [
    part("KubernetesClient", ["Shared", "Yams", crypto, logging, subprocess, system]),
    part("Formatting", ["Cluster", "Shared"]),
    part("Manifests", ["Cluster", "ImageSets", "KubernetesClient", "Planning", "Shared", logging]),
    part("Telemetry", ["Cluster", "KubernetesClient", "Planning", "Shared", metrics]),
    part("Events", ["Formatting", "KubernetesClient", "Manifests", "Shared", "Telemetry", logging]),
    part("Leadership", ["KubernetesClient", "Manifests", "Shared", logging]),
    part(
        "Certificates", ["KubernetesClient", "Manifests", "Shared", crypto, logging, nioCore, nioSSL, asn1, x509]),
    part(
        "ConfigurationParsing", folder: "Configuration",
        ["Cluster", "Failures", "Formatting", "ImageSets", "Manifests", "Shared", "Supervision", "Yams"]),
    part("Alerts", ["Cluster", "ImageSets", "Planning"]),
    part(
        "History", ["Alerts", "Cluster", "ConfigurationParsing", "Formatting", "ImageSets", "Planning", "Shared", grdb]),
    part(
        "Reporting",
        [
            "Cluster", "ConfigurationParsing", "Formatting", "History", "ImageSets", "KubernetesClient", "Planning",
            "RegistryPacing", "Shared", "Supervision", grdb,
        ]),
    part("HTTPListener", [httpTypes, hummingbird, logging, nioCore, nioHTTP1]),
    part("Registry", ["KubernetesClient", "Shared"]),
    part(
        "Control",
        [
            "Certificates", "Cluster", "ConfigurationParsing", "Events", "Formatting", "History", "ImageSets",
            "KubernetesClient",
            "Leadership",
            "Manifests", "Planning", "Reporting", "Shared", "Supervision", "Telemetry", logging,
        ]),
    part(
        "Access",
        [
            "Cluster", "Control", "HTTPListener", "KubernetesClient", "Manifests", "Planning", "Reporting", "Shared",
            "Telemetry", httpTypes, hummingbird, logging, metrics,
        ]),
    part(
        "Alerting",
        [
            "Alerts", "Cluster", "ConfigurationParsing", "Control", "Events", "Formatting", "History",
            "ImageSets", "KubernetesClient",
            "Planning", "Reporting", "Shared", "Telemetry", logging,
        ]),
    part(
        "Exporter",
        [
            "Alerting", "Cluster", "ConfigurationParsing", "Control", "Formatting", "History", "ImageSets", "Planning",
            "Reporting", "Shared", "Telemetry", httpTypes, hummingbird,
        ]),
    // The page is part of the program: there's no file to forget.
    part("Dashboard", [crypto, httpTypes, hummingbird], resources: [.embedInCode("Page")]),
    part(
        "Server",
        [
            "Access", "Certificates", "Cluster", "ConfigurationParsing", "Control", "Dashboard", "Exporter",
            "Formatting",
            "History", "HTTPListener", "ImageSets", "KubernetesClient", "Leadership", "Manifests", "Planning",
            "Reporting", "Shared",
            "Telemetry", grdb, httpTypes, hummingbird, hummingbirdCore, lifecycle, logging, nioCore, nioHTTP1,
            nioHTTPTypes, nioSSL, protobuf,
        ],
        // What describes the API is served by it.
        resources: [.embedInCode("openapi.yaml")]),
    .executableTarget(
        name: "Coordinator",
        dependencies: [
            "Access", "Alerting", "Certificates", "Cluster", "ConfigurationParsing", "Control", "Events", "Exporter",
            "Formatting", "History", "HTTPListener", "ImageSets", "KubernetesClient", "Leadership", "Manifests",
            "Planning", "Registry", "Reporting", "Server", "Shared", "Telemetry", "Yams", argumentParser, hummingbird,
            lifecycle, logging, metrics, unixSignals,
        ],
        path: "Sources/Coordinator/Commands", swiftSettings: strict),
]

/// A part of the coordinator: a library in the folder of its name.
func part(
    _ name: String, folder: String? = nil, _ dependencies: [Target.Dependency], resources: [Resource] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/Coordinator/\(folder ?? name)",
        resources: resources.isEmpty ? nil : resources, swiftSettings: strict)
}

/// What tests of several parts share, and the tests of each part: they build without the parts that they don't name.
/// `Tests/XCTMain.swift` is where all of them begin.
let coordinatorTests: [Target] = [
    fixtures("TestBasics", [logging]),
    fixtures(
        "KubernetesFixtures",
        ["KubernetesClient", "Shared", "TestBasics", "TestServer", httpTypes, hummingbird, logging, nioCore],
        exclude: ["Facts"]),
    fixtures("ConfigurationFixtures", ["ConfigurationParsing", "ImageSets", "Shared"]),
    fixtures("HistoryFixtures", ["History", grdb]),
    fixtures(
        "ControlFixtures",
        [
            "Cluster", "Control", "Events", "History", "ImageSets", "KubernetesClient", "KubernetesFixtures",
            "Manifests",
            "Planning",
            "Reporting", "Shared", "TestBasics", logging, protobuf,
        ]),
    fixtures(
        "ServerFixtures",
        [
            "Access", "Certificates", "ConfigurationParsing", "Control", "ControlFixtures", "History", "HTTPListener",
            "KubernetesClient", "Manifests", "Reporting", "Server", "Shared", "TestBasics", "TestServer", hummingbird,
            logging,
        ]),
    // Everything that reads what comes from outside, with inputs made up from seeds.
    fixtures(
        "FuzzTargets",
        [
            "Access", "Cluster", "ConfigurationParsing", "Control", "Failures", "Formatting", "History", "ImageSets",
            "KubernetesClient", "Planning", "Registry", "Reporting", "Server", "Shared", "Yams", httpTypes, hummingbird,
            nioCore, protobuf,
        ]),
    .executableTarget(
        name: "fuzz", dependencies: ["FuzzTargets"], path: "Benchmarks/Fuzz", swiftSettings: strict),
    tests(
        "KubernetesClient", ["KubernetesFixtures", "Shared", "TestBasics", hummingbird, logging, nioCore]),
    tests(
        "Manifests",
        ["Cluster", "ImageSets", "KubernetesClient", "KubernetesFixtures", "Planning", "Shared"]),
    tests("Events", ["KubernetesClient", "KubernetesFixtures", "Shared", "TestBasics", logging]),
    tests("Leadership", ["Shared", "TestBasics", logging]),
    tests(
        "Certificates",
        ["ControlFixtures", "KubernetesClient", "Shared", "TestBasics", logging, nioSSL, asn1, x509]),
    tests(
        "ConfigurationParsing",
        [
            "Cluster", "ConfigurationFixtures", "Formatting", "ImageSets", "Manifests", "Shared",
            "TestBasics",
        ]),
    tests(
        "History", ["HistoryFixtures", "TestBasics", grdb]),
    tests(
        "Reporting",
        [
            "Cluster", "ConfigurationParsing", "Control", "ControlFixtures", "Exporter", "Formatting", "History",
            "HistoryFixtures", "ImageSets", "Planning", "Registry", "Shared", "Supervision", "Telemetry", "TestBasics",
            grdb, logging, protobuf,
        ]),
    tests(
        "HTTPListener",
        ["TestBasics", hummingbird, logging, nioCore, nioHTTP1, .product(name: "NIOEmbedded", package: "swift-nio")]),
    tests("Registry", ["KubernetesFixtures", "Shared"]),
    tests(
        "Control",
        [
            "Access", "Certificates", "Cluster", "ConfigurationFixtures", "ConfigurationParsing", "ControlFixtures",
            "Events",
            "History", "HistoryFixtures",
            "ImageSets", "KubernetesClient", "KubernetesFixtures", "Manifests", "Planning", "Reporting", "Shared",
            "Supervision", "TestBasics",
            "ClusterSimulator", grdb, logging, protobuf,
        ]),
    tests(
        "Access",
        [
            "Cluster", "Control", "ControlFixtures", "HTTPListener", "ImageSets", "KubernetesClient",
            "KubernetesFixtures", "Manifests", "Reporting", "ServerFixtures", "Shared", "TestBasics", logging, protobuf,
        ]),
    tests(
        "Server",
        [
            "Access", "Certificates", "Cluster", "ConfigurationParsing", "Control", "ControlFixtures", "Coordinator",
            "Exporter", "Formatting", "FuzzTargets", "HTTPListener", "History", "HistoryFixtures", "ImageSets",
            "KubernetesClient", "Leadership", "Manifests", "Planning", "Reporting", "ServerFixtures", "Shared",
            "TestBasics", "TestServer", "WebDriver", asn1, grdb, httpTypes, hummingbird, hummingbirdCore, logging,
            nioCore, nioHTTP1, nioPosix, nioSSL, protobuf, x509, .product(name: "NIOEmbedded", package: "swift-nio"),
        ]),
    tests(
        "Coordinator",
        [
            "Control", "ControlFixtures", "Formatting", "History", "HistoryFixtures", "ImageSets", "Leadership",
            "Planning", "Reporting", "ServerFixtures", "Shared", "TestBasics", argumentParser, logging, protobuf,
        ]),
    .testTarget(
        name: "DashboardTests",
        dependencies: [
            "Cluster", "ConfigurationParsing", "Control", "Dashboard", "Formatting", "HTTPListener", "ImageSets",
            "Planning", "Reporting", "Server", "Shared", "TestServer", "WebDriver", httpTypes, hummingbird, logging,
            protobuf, nioCore,
        ],
        swiftSettings: strict),
    // Metrics, alerts and their rules, with Debian's Prometheus and Alertmanager.
    .testTarget(
        name: "MonitoringTests",
        dependencies: [
            "Access", "Alerting", "Alerts", "Cluster", "ConfigurationParsing", "Control", "ControlFixtures",
            "Coordinator", "Exporter", "Formatting", "History", "ImageSets", "KubernetesClient", "Planning",
            "RealRuntime", "Reporting", "Server", "Shared", "Telemetry", "Yams", grdb, hummingbird, logging, metrics,
            nioCore,
        ],
        swiftSettings: strict),
    .testTarget(
        name: "EndToEndTests",
        // The programs are started as processes; of the coordinator its client and its report types are used.
        dependencies: [
            "Access", "Certificates", "Cluster", "ClusterSimulator", "ConfigurationParsing", "Control", "Coordinator",
            "Formatting", "History", "HTTPListener", "ImageSets", "KubernetesClient", "KubernetesFixtures",
            "Leadership", "Manifests", "NodeAgent", "Planning", "RealRuntime", "Reporting", "Shared", "TestBasics",
            "WebDriver", "Yams", logging,
        ],
        swiftSettings: strict),
    // The chart, the templates, the images and the kubectl plugin, by the tools that their users have.
    .testTarget(
        name: "DeployTests",
        dependencies: [
            "ClusterModel", "ClusterSimulator", "ConfigurationParsing", "Coordinator", "NodeAgent", "RealRuntime",
            "Shared", "Yams",
        ],
        exclude: ["GoPuller", "Schemas"], swiftSettings: strict),
]

/// What tests share: a library in the folder of its name.
func fixtures(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, swiftSettings: strict)
}

/// The tests of one part of the coordinator.
func tests(_ part: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(part)Tests", dependencies: [.init(stringLiteral: part)] + dependencies, swiftSettings: strict)
}

let package = Package(
    name: "image-puller",
    products: [
        .executable(name: "coordinator", targets: ["Coordinator"]),
        .executable(name: "node-agent", targets: ["NodeAgent"]),
        .executable(name: "cluster-simulator", targets: ["ClusterSimulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        // Without its default traits swift-protobuf leaves Foundation out, and so does the agent.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(
            name: "Shared", dependencies: ["CCurl", logging, protobuf],
            exclude: ["Runtime/cri.proto", "Wire/agent.proto"], swiftSettings: quick),
        // Reads what runtimes say of failed pulls; pure, and without any dependency.
        .target(name: "Failures", swiftSettings: quick),
        // What a cluster is made of, as far as the coordinator looks: nodes, pods, scheduling, quantities. Pure.
        .target(name: "Cluster", dependencies: ["Shared"], swiftSettings: quick),
        // What is wanted: image entries, where they are to be, and by which rules. Pure.
        .target(name: "ImageSets", dependencies: ["Cluster", "Shared"], swiftSettings: quick),
        // How many pulls a registry is given at once, by how it answered. Pure.
        .target(name: "RegistryPacing", dependencies: ["Cluster", "ImageSets"], swiftSettings: quick),
        // When a failed pull is tried again. Pure.
        .target(
            name: "Retries", dependencies: ["Cluster", "Failures", "ImageSets", "Shared"], swiftSettings: quick),
        .target(
            name: "Planning",
            dependencies: ["Cluster", "Failures", "ImageSets", "RegistryPacing", "Retries", "Shared", protobuf],
            swiftSettings: quick),
        // What is decided beside pulls and roll-outs: node-ready gates, restricted mode, trials of our own image. Pure.
        .target(
            name: "Supervision", dependencies: ["Cluster", "ImageSets", "Planning", "Shared"], swiftSettings: quick),
        .target(name: "ClusterModel", dependencies: ["Shared"], swiftSettings: quick),
        .executableTarget(
            name: "NodeAgent", dependencies: ["CCurl", "Shared", logging, protobuf], swiftSettings: strict),
        .executableTarget(
            name: "ClusterSimulator",
            dependencies: [
                "Shared", "ClusterModel", argumentParser, httpTypes, hummingbird, lifecycle, logging, protobuf,
                subprocess, system, unixSignals, nioCore, nioPosix,
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
            ],
            swiftSettings: strict),
        // What the benchmarks compare the product with.
        .executableTarget(
            name: "cri-pull", dependencies: ["Shared"], path: "Benchmarks/CRIPull", swiftSettings: strict),
        .executableTarget(
            name: "history-bench",
            dependencies: [
                "Cluster", "Formatting", "History", "ImageSets", "Planning", "Reporting", "Server", "Shared", grdb,
                protobuf,
            ],
            path: "Benchmarks/History", swiftSettings: strict),
        .testTarget(
            name: "SharedTests",
            dependencies: [
                "Shared", "TestBasics", "TestServer", httpTypes, hummingbird, hummingbirdCore, hummingbirdTLS,
                lifecycle, logging,
                protobuf, nioCore, nioPosix, .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "planner-bench",
            dependencies: [
                "Cluster", "ClusterModel", "ConfigurationParsing", "ImageSets", "Manifests", "PlannedCluster",
                "Planning", "RegistryPacing", "Shared", protobuf,
            ],
            path: "Benchmarks/Planner", swiftSettings: strict),
        // The planner against a modelled cluster, in virtual time: for its tests and its benchmark.
        .target(
            name: "PlannedCluster",
            dependencies: ["Cluster", "ImageSets", "Planning", "ClusterModel", "Shared", "Supervision", protobuf],
            path: "Tests/PlannedCluster", swiftSettings: quick),
        .testTarget(
            name: "PlanningTests",
            dependencies: [
                "Cluster", "ImageSets", "Planning", "PlannedCluster", "ClusterModel", "RegistryPacing", "Shared",
                "Supervision", protobuf,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ImageSetsTests", dependencies: ["Cluster", "ImageSets", "Shared"], swiftSettings: strict),
        .testTarget(
            name: "RetriesTests", dependencies: ["ClusterModel", "Failures", "ImageSets", "Retries", "Shared"],
            swiftSettings: strict),
        .testTarget(
            name: "SupervisionTests",
            dependencies: [
                "Cluster", "ClusterModel", "ImageSets", "PlannedCluster", "Planning", "Shared", "Supervision", protobuf,
            ],
            swiftSettings: strict),
        .testTarget(name: "FailuresTests", dependencies: ["Failures"], exclude: ["Messages"], swiftSettings: strict),
        .testTarget(name: "ClusterModelTests", dependencies: ["ClusterModel", "Shared"], swiftSettings: strict),
        // Debian's Chromium for the tests of the dashboard.
        .target(name: "WebDriver", dependencies: ["Shared"], path: "Tests/WebDriver", swiftSettings: strict),
        // A server for the tests that need a real one.
        .target(
            name: "TestServer",
            dependencies: [lifecycle, logging, nioCore],
            path: "Tests/TestServer", swiftSettings: strict),
        // containerd and docker-registry for the tests that run against real ones.
        .target(
            name: "RealRuntime", dependencies: [subprocess], path: "Tests/RealRuntime", swiftSettings: strict),
        .testTarget(
            name: "NodeAgentTests",
            dependencies: [
                "Cluster", "ImageSets", "NodeAgent", "Planning", "RealRuntime", "Shared", "TestServer", httpTypes,
                hummingbird, logging, nioCore, protobuf, subprocess,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ClusterSimulatorTests",
            dependencies: ["ClusterSimulator", "ClusterModel", "Shared", "TestServer", logging, protobuf],
            exclude: ["Facts"], swiftSettings: strict),
    ] + coordinatorParts + coordinatorTests
)
