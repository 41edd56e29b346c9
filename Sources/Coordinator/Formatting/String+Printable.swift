import Shared

extension StringProtocol {
    /// The text without what a terminal or a viewer would obey.
    package var printable: String { withoutControls }
}
