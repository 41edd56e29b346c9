/// Writes families in the two text formats that Prometheus reads.
package struct PrometheusText: Sendable {
    package enum Format: Sendable, Hashable, CaseIterable {
        /// https://prometheus.io/docs/instrumenting/exposition_formats/
        case text
        /// https://prometheus.io/docs/specs/om/open_metrics_spec/
        case openMetrics

        package var contentType: String {
            switch self {
            case .text: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    package let format: Format

    package init(format: Format) {
        self.format = format
    }

    /// The families with their series; those without series are left out.
    package func render(_ families: [MetricFamily]) -> String {
        var text = ""
        text.reserveCapacity(1 << 17)
        for family in families where !family.samples.isEmpty { append(family, to: &text) }
        if format == .openMetrics { text += "# EOF\n" }
        return text
    }

    private func append(_ family: MetricFamily, to text: inout String) {
        let full = family.spec.name
        let (name, suffix) = names(family.spec)
        text += "# HELP \(name) "
        // Only OpenMetrics wants quotes escaped in help.
        text += escaped(family.spec.help, quotes: format == .openMetrics)
        text += "\n# TYPE \(name) \(kind(family.spec.kind))\n"
        if format == .openMetrics, let unit = Self.unit(of: name) { text += "# UNIT \(name) \(unit)\n" }
        for sample in family.samples {
            text += suffix == nil ? full + sample.suffix : full
            append(sample.labels, to: &text)
            text += " "
            text += Self.number(sample.value)
            text += "\n"
        }
    }

    /// The name of the family, and what its series' name has beside it. OpenMetrics knows a family without the
    /// suffixes that its kind asks for.
    private func names(_ spec: MetricSpec) -> (family: String, suffix: String?) {
        guard format == .openMetrics else { return (spec.name, nil) }
        let suffix: String? =
            switch spec.kind {
            case .counter: "_total"
            case .info: "_info"
            case .gauge, .histogram: nil
            }
        guard let suffix, spec.name.hasSuffix(suffix) else { return (spec.name, nil) }
        return (String(spec.name.dropLast(suffix.count)), suffix)
    }

    private func kind(_ kind: MetricSpec.Kind) -> String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .info: format == .openMetrics ? "info" : "gauge"
        case .histogram: "histogram"
        }
    }

    /// OpenMetrics: the family's name ends in its unit.
    private static func unit(of name: String) -> String? {
        ["seconds", "bytes"].first { name.hasSuffix("_" + $0) }
    }

    private func append(_ labels: [MetricLabel], to text: inout String) {
        guard !labels.isEmpty else { return }
        var separator = "{"
        for label in labels {
            text += separator
            text += label.name
            text += "=\""
            text += escaped(label.value, quotes: true)
            text += "\""
            separator = ","
        }
        text += "}"
    }

    private func escaped(_ value: String, quotes: Bool) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"" where quotes: text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// As Go reads floats; whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }

    /// A bucket's bound as OpenMetrics wants it, in both formats, so that series don't depend on the scraper.
    static func bound(_ value: Double) -> String { value.isInfinite ? "+Inf" : "\(value)" }
}

extension PrometheusText.Format {
    /// The format that a scraper prefers, by its Accept header (RFC 9110, 12.5.1).
    package init(accept: String?) {
        var best = (format: Self.text, quality: 0.0)
        for range in (accept ?? "").split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            let version = parts.dropFirst().first { $0.hasPrefix("version=") }?.dropFirst("version=".count)
            let format: Self
            switch parts.first {
            case "application/openmetrics-text" where version == nil || version == "1.0.0" || version == "0.0.1":
                format = .openMetrics
            case "text/plain", "text/*", "*/*": format = .text
            default: continue
            }
            if quality > best.quality { best = (format, quality) }
        }
        self = best.format
    }
}
