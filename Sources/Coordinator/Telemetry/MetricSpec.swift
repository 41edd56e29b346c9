/// What a family of metrics is: its name as in Prometheus' text format, its kind and its meaning.
///
/// Names and units follow https://prometheus.io/docs/practices/naming/.
package struct MetricSpec: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
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

    package init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }
}

/// A family with its series.
package struct MetricFamily: Sendable, Equatable {
    package struct Sample: Sendable, Equatable {
        /// What follows the family's name: `_bucket`, `_sum`, `_count`, or nothing.
        var suffix = ""
        package var labels: [MetricLabel] = []
        package var value: Double

        package init(suffix: String = "", labels: [MetricLabel] = [], value: Double) {
            self.suffix = suffix
            self.labels = labels
            self.value = value
        }
    }

    let spec: MetricSpec
    var samples: [Sample]

    package init(_ spec: MetricSpec, _ samples: [Sample]) {
        self.spec = spec
        self.samples = samples
    }

    /// A single series without labels.
    package init(_ spec: MetricSpec, _ value: some BinaryInteger) { self.init(spec, [Sample(value: Double(value))]) }

    /// A single series without labels.
    init(_ spec: MetricSpec, _ value: Double) { self.init(spec, [Sample(value: value)]) }
}

package struct MetricLabel: Sendable, Hashable {
    var name: String
    var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
