/// Why an attempt or a cell failed, as history keeps it.
///
/// The raw values are what the database holds. They are never changed or given a new meaning.
///
/// | code | reason | | code | reason |
/// | --- | --- | --- | --- | --- |
/// | 0 | none | | 7 | network |
/// | 1 | notFound | | 8 | tls |
/// | 2 | unauthorized | | 9 | diskFull |
/// | 3 | invalidReference | | 10 | timeout |
/// | 4 | noMatchingPlatform | | 11 | cancelled |
/// | 5 | rateLimited | | 12 | runtimeUnavailable |
/// | 6 | registryUnavailable | | 13 | unknown |
/// | 14 | corruptContent | | 16 | unsupportedImage |
/// | 15 | nodeStorage | | 17 | policyRejected |
package enum RecordedReason: Int64, Sendable, Codable, CaseIterable {
    case none = 0
    case notFound = 1
    case unauthorized = 2
    case invalidReference = 3
    case noMatchingPlatform = 4
    case rateLimited = 5
    case registryUnavailable = 6
    case network = 7
    case tls = 8
    case diskFull = 9
    case timeout = 10
    case cancelled = 11
    case runtimeUnavailable = 12
    case unknown = 13
    case corruptContent = 14
    case nodeStorage = 15
    case unsupportedImage = 16
    case policyRejected = 17
}
