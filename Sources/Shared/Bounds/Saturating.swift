/// Arithmetic on numbers that came from outside: what doesn't fit becomes the nearest number that does, instead of ending
/// the program.
extension FixedWidthInteger {
    /// The nearest number, without its fraction; 0 for what is no number.
    @inlinable
    public init(saturating number: Double) {
        if number.isNaN {
            self = 0
        } else if number >= Double(Self.max) {
            self = .max
        } else if number <= Double(Self.min) {
            self = .min
        } else {
            self = Self(number)
        }
    }

    @inlinable
    public func saturatingAdd(_ other: Self) -> Self {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? (other > 0 ? .max : .min) : sum
    }

    @inlinable
    public func saturatingSubtract(_ other: Self) -> Self {
        let (difference, isOver) = subtractingReportingOverflow(other)
        return isOver ? (other > 0 ? .min : .max) : difference
    }

    @inlinable
    public func saturatingMultiply(_ other: Self) -> Self {
        let (product, isOver) = multipliedReportingOverflow(by: other)
        return isOver ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}

extension Sequence where Element: FixedWidthInteger {
    /// The sum of all, or the nearest number to it that there is.
    @inlinable
    public func saturatingSum() -> Element { reduce(0) { $0.saturatingAdd($1) } }
}
