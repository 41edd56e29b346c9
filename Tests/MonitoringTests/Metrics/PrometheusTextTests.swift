import Testing

@testable import Telemetry

@Suite("The exporter's text") struct PrometheusTextTests {
    /// Whatever stands in labels and help, and whatever the values: what is printed reads as what was meant.
    @Test(arguments: 0..<200) func readsBackAsItWas(seed: Int) throws {
        var random = Seeded(seed)
        let families = (0..<Int.random(in: 0...8, using: &random)).map { Self.family($0, &random) }
        for format in PrometheusText.Format.allCases {
            let text = PrometheusText(format: format).render(families)
            let read = try ExpositionParser.parse(text, isOpenMetrics: format == .openMetrics)
            let expected = families.filter { !$0.samples.isEmpty }
            #expect(read.map(\.help) == expected.map(\.spec.help), "seed \(seed)")
            for (family, wanted) in zip(read, expected) {
                #expect(Self.isEqual(family.samples, wanted), "seed \(seed) \(format)")
            }
        }
    }

    private static func isEqual(_ read: [ExpositionParser.Sample], _ wanted: MetricFamily) -> Bool {
        read.count == wanted.samples.count
            && zip(read, wanted.samples).allSatisfy { read, sample in
                let labels = Dictionary(sample.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
                return read.name == wanted.spec.name + sample.suffix && read.labels == labels
                    && (read.value == sample.value || read.value.isNaN && sample.value.isNaN)
            }
    }

    private static func family(_ number: Int, _ random: inout Seeded) -> MetricFamily {
        let kinds: [(String, MetricSpec.Kind)] = [
            ("f\(number)_total", .counter), ("f\(number)", .gauge), ("f\(number)_info", .info),
            ("f\(number)_seconds", .histogram(bounds: [0.25, 1])),
        ]
        let (name, kind) = kinds[Int.random(in: 0..<kinds.count, using: &random)]
        let spec = MetricSpec(name, kind, text(&random))
        if case .histogram(let bounds) = kind {
            let recording = HistogramRecording(bounds: bounds)
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                recording.record(Double.random(in: 0...2, using: &random))
            }
            return MetricFamily(spec, recording.samples([MetricLabel("registry", text(&random))]))
        }
        let values = [0, 1, -1, 0.1, 1e300, 1e-300, 123_456_789_012, 1e15, 1e16, .infinity, -.infinity, .nan]
        return MetricFamily(
            spec,
            (0..<Int.random(in: 0...4, using: &random)).map { index in
                var labels = [MetricLabel("index", "\(index)")]
                if random.chance(70) { labels.append(MetricLabel("text", text(&random))) }
                return .init(labels: labels, value: values[Int.random(in: 0..<values.count, using: &random)])
            })
    }

    private static func text(_ random: inout Seeded) -> String {
        let pieces = ["a", "\\", "\"", "\n", "{", "}", ",", "=", " ", "é", "🐳", "\\n", "#", "\t", "\r", "e\u{301}"]
        return (0..<Int.random(in: 0...8, using: &random))
            .map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
    }

    @Test func theFormatsAreThose() {
        let families = [
            MetricFamily(MetricSpec("x_seconds_total", .counter, "A \"b\"."), 3),
            MetricFamily(MetricSpec("x_build_info", .info, "B"), [.init(labels: [MetricLabel("v", "1")], value: 1)]),
        ]
        #expect(
            PrometheusText(format: .text).render(families) == """
                # HELP x_seconds_total A "b".
                # TYPE x_seconds_total counter
                x_seconds_total 3
                # HELP x_build_info B
                # TYPE x_build_info gauge
                x_build_info{v="1"} 1

                """)
        #expect(
            PrometheusText(format: .openMetrics).render(families) == """
                # HELP x_seconds A \\"b\\".
                # TYPE x_seconds counter
                # UNIT x_seconds seconds
                x_seconds_total 3
                # HELP x_build B
                # TYPE x_build info
                x_build_info{v="1"} 1
                # EOF

                """)
    }

    @Test func histogramsAreCumulative() {
        let recording = HistogramRecording(bounds: [1, 5])
        for value in [0.5, 1, 3, 7] { recording.record(value) }
        recording.recordNanoseconds(2_000_000_000)
        recording.record(Double.nan)
        #expect(
            recording.samples([]).map { "\($0.suffix)\($0.labels.map(\.value)) \($0.value)" } == [
                "_bucket[\"1.0\"] 2.0", "_bucket[\"5.0\"] 4.0", "_bucket[\"+Inf\"] 5.0", "_sum[] 13.5", "_count[] 5.0",
            ])
    }

    @Test(arguments: [
        (nil, PrometheusText.Format.text), ("", .text), ("*/*", .text), ("text/html", .text),
        ("application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics),
        ("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics),
        ("application/openmetrics-text;version=9.0.0,text/plain;q=0.1", .text),
        ("text/plain;q=1, application/openmetrics-text;q=0.2", .text), ("application/openmetrics-text;q=0", .text),
    ])
    func theScraperChooses(accept: String?, format: PrometheusText.Format) {
        #expect(PrometheusText.Format(accept: accept) == format)
    }

    @Test func namesAreAsConventionsWantThem() {
        for spec in MetricCatalogue.all {
            let name = spec.name
            #expect(name.hasPrefix("image_puller_") || name.hasPrefix("process_"))
            #expect((spec.kind == .counter) == name.hasSuffix("_total"), "\(name)")
            #expect((spec.kind == .info) == name.hasSuffix("_info"), "\(name)")
            #expect(spec.help.hasSuffix(".") && spec.help.count > 10, "\(name)")
        }
        #expect(Set(MetricCatalogue.all.map(\.name)).count == MetricCatalogue.all.count)
    }
}
