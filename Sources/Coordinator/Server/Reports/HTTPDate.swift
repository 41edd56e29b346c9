import Glibc
import Synchronization

/// The time as HTTP's header `Date` has it (RFC 9110, 5.6.7), made once a second.
enum HTTPDate {
    private static let made = Mutex((second: time_t.min, text: ""))

    static var now: String {
        let second = time(nil)
        return made.withLock { made in
            if made.second != second { made = (second, text(second)) }
            return made.text
        }
    }

    static func text(_ second: time_t) -> String {
        var second = second
        var parts = tm()
        guard gmtime_r(&second, &parts) != nil else { return "" }
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { two($0) }.joined(separator: ":")
        return "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) "
            + "\(1900 + parts.tm_year) \(clock) GMT"
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
