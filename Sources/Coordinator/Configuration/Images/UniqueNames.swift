import ImageSets

/// Gives each entry a name of its own, as near as possible to the one that is asked for.
struct UniqueNames {
    private var taken = Configuration.reservedContainerNames
    /// By name, as far as that stays before a number: all numbers below are taken.
    private var numbers: [String: Int] = [:]

    /// `web`, and for the next one that is called so `web-2`. Names have 63 characters at most.
    mutating func take(_ name: String) -> String {
        var candidate = name
        // Long names that differ behind it take each other's.
        let beginning = String(name.prefix(58))
        var number = numbers[beginning] ?? 2
        while !taken.insert(candidate).inserted {
            let suffix = "-\(number)"
            candidate = String(name.prefix(63 - suffix.count)) + suffix
            number += 1
        }
        if number > 2 { numbers[beginning] = number }
        return candidate
    }

    mutating func reserve(_ names: some Sequence<String>) { taken.formUnion(names) }
}
