import Shared

/// Fetches a list page by page: which page to ask for next, and what to do when one fails. A value without I/O.
///
/// Pages have about the same number of bytes, however large the objects are: pods with a hundred containers are a hundred
/// times those with one. The first page is a small one; what it weighs tells how many objects fit into the next.
///
/// A list whose continue token expires is started over with larger pages: the token that such an answer offers would
/// give an inconsistent list, in which objects can be missing.
struct ListPager: Sendable, Hashable {
    /// How many objects to ask for.
    private(set) var limit: Int
    /// Nil on the first page.
    private(set) var continueToken: String?
    private(set) var restarts = 0
    /// Never more objects than these.
    private var most: Int
    /// Whether a page was too large for us: then `most` stays.
    private var wasTooLarge = false

    static let maximumRestarts = 3
    static let firstLimit = 50
    /// An object has at most 1.5 MiB: one always fits.
    static let minimumLimit = 1
    /// What a page is to have. Decoding it takes several times as much for a moment.
    static let pageBytes = 4 << 20
    /// What a page may have. A longer one is refused, and asked for in halves.
    static let maximumPageBytes = 8 << 20

    /// - Parameter limit: the most objects in one page.
    init(limit: Int) {
        most = limit
        self.limit = min(limit, Self.firstLimit)
    }

    enum Next: Sendable, Hashable {
        /// Ask for the page.
        case page
        /// Forget what was collected and ask for the first page.
        case restart
        case done
    }

    /// - Parameters:
    ///   - objects: in the page.
    ///   - bytes: of the page.
    mutating func received(_ meta: ListMeta?, objects: Int, bytes: Int) -> Next {
        guard let token = meta?.continue, !token.isEmpty else { return .done }
        continueToken = token
        if objects > 0, bytes > 0 {
            limit = min(most, max(Self.minimumLimit, Self.pageBytes / max(1, bytes / objects)))
        }
        return .page
    }

    /// - Returns: nil when the error is final.
    mutating func failed(_ error: KubernetesError) -> Next? {
        if error.isExpired, continueToken != nil, restarts < Self.maximumRestarts {
            restarts += 1
            continueToken = nil
            if !wasTooLarge { most *= 2 }
            limit = min(limit * 2, most)
            return .restart
        }
        // Objects differ in size, and a slow server may not manage a full page in time.
        let isTooMuch = error.reason == KubernetesError.tooLargeReason || error.underlying?.code == .timeout
        if isTooMuch, limit > Self.minimumLimit {
            wasTooLarge = true
            most = max(Self.minimumLimit, limit / 2)
            limit = most
            return .page
        }
        return nil
    }
}
