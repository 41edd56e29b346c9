/// What a family of metrics is: its name as in Prometheus' text format, its kind and its meaning.
///
/// Names and units follow https://prometheus.io/docs/practices/naming/.
struct MetricSpec: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// Only ever grows, from 0 at the start of the process; the name ends in `_total`.
        case counter
        case gauge
        /// Always 1, its labels are what it says; the name ends in `_info`.
        case info
        /// Values by upper bounds, ascending, without the infinite one.
        case histogram(bounds: [Double])
    }

    let name: String
    let kind: Kind
    let help: String

    init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }
}

/// A family with its series.
struct MetricFamily: Sendable, Equatable {
    struct Sample: Sendable, Equatable {
        /// What follows the family's name: `_bucket`, `_sum`, `_count`, or nothing.
        var suffix = ""
        var labels: [MetricLabel] = []
        var value: Double
    }

    let spec: MetricSpec
    var samples: [Sample]

    init(_ spec: MetricSpec, _ samples: [Sample]) {
        self.spec = spec
        self.samples = samples
    }

    /// A single series without labels.
    init(_ spec: MetricSpec, _ value: some BinaryInteger) { self.init(spec, [Sample(value: Double(value))]) }

    /// A single series without labels.
    init(_ spec: MetricSpec, _ value: Double) { self.init(spec, [Sample(value: value)]) }
}

struct MetricLabel: Sendable, Hashable {
    var name: String
    var value: String

    init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
