// swift-tools-version: 6.2
import PackageDescription

/// scripts/bench-history sets this: its benchmark looks into the coordinator, which is a library then; nothing else is built.
let isBenchmark = Context.environment["IMAGE_PULLER_BENCHMARK"] != nil

/// Our own targets treat every warning as an error; dependencies are not held to that.
let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
    ] + (isBenchmark ? [.unsafeFlags(["-enable-testing"])] : [])

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
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

let coordinatorDependencies: [Target.Dependency] = [
    "Shared", "Planning", argumentParser, crypto, grdb, httpTypes, hummingbird, hummingbirdCore, lifecycle,
    logging, metrics, protobuf, subprocess,
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "SwiftASN1", package: "swift-asn1"),
    .product(name: "UnixSignals", package: "swift-service-lifecycle"),
    .product(name: "X509", package: "swift-certificates"), "Yams",
]

/// The dashboard is part of the program: there's no file to forget.
let dashboard: [Resource] = [.embedInCode("Dashboard/Page")]

let coordinator: Target =
    isBenchmark
    ? .target(
        name: "Coordinator", dependencies: coordinatorDependencies, resources: dashboard,
        // The benchmark has a main function of its own.
        swiftSettings: strict + [
            .unsafeFlags(["-Xfrontend", "-entry-point-function-name", "-Xfrontend", "coordinator_main"])
        ])
    : .executableTarget(
        name: "Coordinator", dependencies: coordinatorDependencies, resources: dashboard, swiftSettings: strict)

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
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        // Without its default traits swift-protobuf leaves Foundation out, and so does the agent.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(
            name: "Shared", dependencies: ["CCurl", logging, protobuf],
            exclude: ["Runtime/cri.proto", "Wire/agent.proto"], swiftSettings: quick),
        .target(name: "Planning", dependencies: ["Shared", protobuf], swiftSettings: quick),
        .target(name: "ClusterModel", dependencies: ["Shared"], swiftSettings: quick),
        coordinator,
        .executableTarget(name: "NodeAgent", dependencies: ["Shared", logging, protobuf], swiftSettings: strict),
        .executableTarget(
            name: "ClusterSimulator",
            dependencies: [
                "Shared", "ClusterModel", argumentParser, hummingbird, lifecycle, logging, protobuf, subprocess,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
            ],
            swiftSettings: strict),
        // What the benchmarks compare the product with.
        .executableTarget(
            name: "cri-pull", dependencies: ["Shared"], path: "Benchmarks/CRIPull", swiftSettings: strict),
        .testTarget(
            name: "SharedTests",
            dependencies: [
                "Shared", "TestServer", hummingbird, hummingbirdTLS, lifecycle, logging, protobuf,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "planner-bench", dependencies: ["Planning", "ClusterModel", "PlannedCluster", "Shared", protobuf],
            path: "Benchmarks/Planner", swiftSettings: strict),
        // The planner against a modelled cluster, in virtual time: for its tests and its benchmark.
        .target(
            name: "PlannedCluster", dependencies: ["Planning", "ClusterModel", "Shared", protobuf],
            path: "Tests/PlannedCluster", swiftSettings: quick),
        .testTarget(
            name: "PlanningTests", dependencies: ["Planning", "PlannedCluster", "ClusterModel", "Shared", protobuf],
            swiftSettings: strict),
        .testTarget(name: "ClusterModelTests", dependencies: ["ClusterModel"], swiftSettings: strict),
        .testTarget(
            name: "CoordinatorTests",
            dependencies: [
                "Coordinator", "Planning", "Shared", "TestServer", grdb, hummingbird, logging,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            exclude: ["Facts"], swiftSettings: strict),
        .testTarget(
            name: "DashboardTests",
            dependencies: [
                "Coordinator", "Planning", "Shared", "TestServer", "WebDriver", httpTypes, hummingbird, logging,
                protobuf, .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict),
        // Debian's Chromium for the tests of the dashboard.
        .target(name: "WebDriver", dependencies: ["Shared"], path: "Tests/WebDriver", swiftSettings: strict),
        // A server for the tests that need a real one.
        .target(
            name: "TestServer",
            dependencies: [lifecycle, logging, .product(name: "NIOCore", package: "swift-nio")],
            path: "Tests/TestServer", swiftSettings: strict),
        // containerd and docker-registry for the tests that run against real ones.
        .target(
            name: "RealRuntime", dependencies: [subprocess], path: "Tests/RealRuntime", swiftSettings: strict),
        .testTarget(
            name: "NodeAgentTests",
            dependencies: ["NodeAgent", "Planning", "RealRuntime", "Shared", "TestServer", hummingbird, subprocess],
            swiftSettings: strict),
        .testTarget(
            name: "ClusterSimulatorTests", dependencies: ["ClusterSimulator", "ClusterModel", "Shared", "TestServer"],
            exclude: ["Facts"], swiftSettings: strict),
        // Metrics, alerts and their rules, with Debian's Prometheus and Alertmanager.
        .testTarget(
            name: "MonitoringTests",
            dependencies: [
                "Coordinator", "Planning", "RealRuntime", "Shared", grdb, hummingbird, logging, metrics,
                .product(name: "NIOCore", package: "swift-nio"), "Yams",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            // The programs are started as processes; of the coordinator its client and its report types are used.
            dependencies: [
                "ClusterSimulator", "Coordinator", "NodeAgent", "Planning", "RealRuntime", "Shared", "WebDriver",
                "Yams",
                logging,
            ],
            swiftSettings: strict),
        // The chart, the templates, the images and the kubectl plugin, by the tools that their users have.
        .testTarget(
            name: "DeployTests",
            dependencies: ["ClusterSimulator", "Coordinator", "NodeAgent", "RealRuntime", "Shared", "Yams"],
            exclude: ["GoPuller", "Schemas"], swiftSettings: strict),
    ]
)

if isBenchmark {
    let needed: Set = ["CCurl", "Shared", "Planning", "Coordinator"]
    package.targets.removeAll { !needed.contains($0.name) }
    package.targets.append(
        .executableTarget(
            name: "history-bench", dependencies: ["Coordinator", "Planning", "Shared", grdb, protobuf],
            path: "Benchmarks/History", swiftSettings: strict))
    package.products = [.executable(name: "history-bench", targets: ["history-bench"])]
}
