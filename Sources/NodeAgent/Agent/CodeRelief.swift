/// When code that was mapped for work that is over is given back.
struct CodeRelief {
    /// The work is over when nothing was done for so long.
    static let quiet = Duration.seconds(30)
    /// How often it's done without any work: rare things happen meanwhile, such as a new token.
    static let interval = Duration.seconds(3600)

    /// When something was last done: the start, or a pull.
    private var worked: Duration
    private var relieved: Duration?

    init(at start: Duration) { worked = start }

    mutating func work(at now: Duration) { worked = now }

    /// Whether it's to be done now; it counts as done then.
    mutating func isDue(at now: Duration) -> Bool {
        guard now - worked >= Self.quiet else { return false }
        if let relieved, relieved >= worked, now - relieved < Self.interval { return false }
        relieved = now
        return true
    }
}
