import Shared

/// Fetches a list page by page: which page to ask for next, and what to do when one fails. A value without I/O.
///
/// A list whose continue token expires is started over with larger pages: the token that such an answer offers would
/// give an inconsistent list, in which objects can be missing.
struct ListPager: Sendable, Hashable {
    /// How many objects to ask for.
    private(set) var limit: Int
    /// Nil on the first page.
    private(set) var continueToken: String?
    private(set) var restarts = 0
    /// The page size that was too large for us once; never asked for again.
    private var tooLarge: Int?

    static let maximumRestarts = 3
    static let minimumLimit = 10

    init(limit: Int) { self.limit = limit }

    enum Next: Sendable, Hashable {
        /// Ask for the page.
        case page
        /// Forget what was collected and ask for the first page.
        case restart
        case done
    }

    mutating func received(_ meta: ListMeta?) -> Next {
        guard let token = meta?.continue, !token.isEmpty else { return .done }
        continueToken = token
        return .page
    }

    /// - Returns: nil when the error is final.
    mutating func failed(_ error: KubernetesError) -> Next? {
        if error.isExpired, continueToken != nil, restarts < Self.maximumRestarts {
            restarts += 1
            continueToken = nil
            limit = min(limit * 2, (tooLarge ?? .max) / 2)
            return .restart
        }
        // Objects can be as large as 1.5 MiB, and a slow server may not manage a full page in time.
        let isTooMuch = error.reason == KubernetesError.tooLargeReason || error.underlying?.code == .timeout
        if isTooMuch, limit > Self.minimumLimit {
            tooLarge = limit
            limit = max(Self.minimumLimit, limit / 2)
            return .page
        }
        return nil
    }
}
