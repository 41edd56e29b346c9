import SwiftProtobuf

/// A report that keeps to ``ReportLimits``: the only kind that planning takes.
///
/// What is over a bound and can be left out without saying anything false is cut, and counted in ``cuts``: a name that is
/// no name, a text that is too long, a number that can't be true. What would make the rest untrue (half an inventory) makes
/// the report a ``ReportFault``.
@dynamicMemberLookup
public struct CheckedReport: Sendable, Equatable {
    /// What was cut.
    public struct Cuts: Sendable, Hashable {
        /// Names and ids that no image can have, or more than an image may have.
        public var names = 0
        /// Texts that were too long, or had control characters.
        public var texts = 0
        /// Sizes and ages that can't be true.
        public var numbers = 0

        public init() {}

        public var isEmpty: Bool { self == Self() }
    }

    public private(set) var wire: WireReport
    public let cuts: Cuts

    @inlinable
    public subscript<Part>(dynamicMember part: KeyPath<WireReport, Part>) -> Part { wire[keyPath: part] }

    /// - Throws: ``ReportFault``.
    public init(_ wire: consuming WireReport) throws(ReportFault) {
        let images = wire.full.images.count + wire.delta.changed.count
        guard images <= ReportLimits.images else { throw .tooMany("images", limit: ReportLimits.images) }
        guard wire.delta.removed.count <= ReportLimits.images else {
            throw .tooMany("removed images", limit: ReportLimits.images)
        }
        guard wire.attempts.count <= ReportLimits.attempts else {
            throw .tooMany("attempts", limit: ReportLimits.attempts)
        }
        guard wire.running.count <= ReportLimits.running else {
            throw .tooMany("running pulls", limit: ReportLimits.running)
        }
        guard !wire.node.isEmpty, wire.node.utf8.count <= ReportLimits.nodeName, !wire.node.hasControls,
            !wire.bootID.isEmpty, wire.bootID.utf8.count <= ReportLimits.bootID, !wire.bootID.hasControls,
            wire.sequence > 0
        else { throw .incomplete }
        var cleaning = ReportCleaning(consume wire)
        try cleaning.clean()
        (self.wire, cuts) = cleaning.finish()
    }

    /// Leaves out the attempts that nothing is to be made of.
    public mutating func keepAttempts(where isKept: (WireAttempt) throws -> Bool) rethrows {
        let kept = try wire.attempts.filter(isKept)
        if kept.count < wire.attempts.count { wire.attempts = kept }
    }

    /// Decodes a body.
    ///
    /// - Parameter isJSON: it is protobuf-JSON, not protobuf.
    /// - Throws: ``ReportFault``.
    public init(body: [UInt8], isJSON: Bool) throws(ReportFault) {
        guard body.count <= ReportLimits.bodyBytes else {
            throw .tooMany("bytes", limit: ReportLimits.bodyBytes)
        }
        let scanned = body.withUnsafeBytes { bytes -> Result<ReportScan, ReportFault> in
            if isJSON { return .success(ReportScan(json: bytes)) }
            do throws(ReportFault) { return .success(try ReportScan(protobuf: bytes)) } catch { return .failure(error) }
        }
        try scanned.get().check(bodyBytes: body.count)
        let wire: WireReport
        do {
            wire = isJSON ? try WireReport(jsonUTF8Bytes: body) : try WireReport(serializedBytes: body)
        } catch {
            throw .unreadable
        }
        try self.init(consume wire)
    }

    /// A report that a model or a test has made: one that isn't in bounds is a mistake in it.
    package init(modelled wire: WireReport) {
        do throws(ReportFault) { try self.init(wire) } catch {
            preconditionFailure("the report isn't in bounds: \(error)")
        }
    }
}
