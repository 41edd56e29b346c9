import Formatting
import ImageSets
import Shared

/// Puts a list together with the one that was accepted before, so that no mistake releases an image.
///
/// Names are labels: an entry is what it was before when its reference is the same. One whose reference is new takes the
/// place of the entry that had its name, if that one's reference has gone.
/// - A wrong entry keeps the last good reference of its name, unless that is listed under another name now, or the wrong
///   entry is another image.
/// - An entry that can't be attributed could have been meant for any: while there's one, what is missing from the list
///   stays.
/// - Everything keeps the place that it was first accepted at, and the name of its container; see ``order(_:after:)``.
struct ImageListMerge {
    private(set) var images: [ImageEntry]
    private(set) var findings: [Finding]

    init(_ list: ImageListParser, last: [ImageEntry]) {
        let successors = Self.successors(of: last, in: list.valid)
        var open = Open(last.indices.filter { successors[$0] == nil }, in: last)
        var kept: [ImageEntry] = []
        var uncertain: [ImageListEntry] = []
        var findings = list.findings
        let names = Set(list.valid.map(\.name))

        for refusal in list.refused {
            let outcome: String
            if refusal.isRepetition {
                outcome = "it has no effect"
            } else if let name = refusal.entry.certainName {
                let repository = refusal.entry.repository
                let hasNamesake = names.contains(name)
                let position =
                    repository.flatMap { open.first(of: $0, named: name) ?? open.first(of: $0) }
                    ?? (hasNamesake ? nil : open.first(named: name))
                if let position, repository == nil || last[position].reference.name == repository {
                    open.close(position)
                    var good = last[position]
                    good.name = name
                    kept.append(good)
                    outcome = "\(name) keeps its last good reference \(good.reference)"
                } else if position != nil {
                    uncertain.append(refusal.entry)
                    outcome = "it has no effect, for it is another image than \(name) was"
                } else if hasNamesake {
                    // What it was meant for is anybody's guess.
                    uncertain.append(refusal.entry)
                    outcome = "it has no effect, for another entry has the name \(name) too"
                } else {
                    outcome = "\(name) is left out"
                }
            } else {
                uncertain.append(refusal.entry)
                outcome = "it has no effect"
            }
            findings.append(refusal.finding(outcome: outcome))
        }

        if !uncertain.isEmpty {
            let missing = open.all.map { last[$0] }
            kept += missing
            if let finding = Self.held(missing, because: uncertain) { findings.append(finding) }
        }
        images = Self.order(Self.withUniqueNames(list.valid + kept), after: last)
        self.findings = findings + Self.sameImage(images)
    }

    /// By position in `last`: the position of the entry that continues it.
    private static func successors(of last: [ImageEntry], in images: [ImageEntry]) -> [Int: Int] {
        var successors: [Int: Int] = [:]
        var taken: Set<Int> = []
        func pair(by key: (ImageEntry) -> [String]) {
            // The first one last, to be taken off.
            var free: [[String]: [Int]] = [:]
            for index in images.indices.reversed() where !taken.contains(index) {
                free[key(images[index]), default: []].append(index)
            }
            for (position, entry) in last.enumerated() where successors[position] == nil {
                guard let found = free[key(entry)]?.popLast() else { continue }
                successors[position] = found
                taken.insert(found)
            }
        }
        pair { [$0.reference.normalised, $0.name] }
        pair { [$0.reference.normalised] }
        pair { [$0.name] }
        return successors
    }

    /// Positions of entries that were accepted and that no entry of the list continues.
    private struct Open {
        private var positions: Set<Int>
        /// By repository and name, by repository, by name: the first one last, closed ones among them.
        private var lists: [[String?]: [Int]] = [:]

        init(_ positions: [Int], in last: [ImageEntry]) {
            self.positions = Set(positions)
            for position in positions.reversed() {
                let (repository, name) = (last[position].reference.name, last[position].name)
                for key in [[repository, name], [repository, nil], [nil, name]] {
                    lists[key, default: []].append(position)
                }
            }
        }

        var all: [Int] { positions.sorted() }

        mutating func close(_ position: Int) { positions.remove(position) }

        mutating func first(of repository: String? = nil, named name: String? = nil) -> Int? {
            let key = [repository, name]
            while let position = lists[key]?.last {
                if positions.contains(position) { return position }
                lists[key]?.removeLast()
            }
            return nil
        }
    }

    /// Entries in the order of their first acceptance, which is the order of the pod's containers: those of `last` keep
    /// their places and the names of their containers, whatever they are called now, and new ones come after them in the
    /// order of the list.
    static func order(_ images: [ImageEntry], after last: [ImageEntry]) -> [ImageEntry] {
        let successors = successors(of: last, in: images)
        let old = last.indices.compactMap { position in successors[position].map { (position, $0) } }
        var names = UniqueNames()
        var result: [ImageEntry] = []
        for (position, index) in old {
            var entry = images[index]
            entry.container = names.take(last[position].container)
            result.append(entry)
        }
        let continued = Set(successors.values)
        for index in images.indices where !continued.contains(index) {
            var entry = images[index]
            entry.container = names.take(entry.name)
            result.append(entry)
        }
        return result
    }

    /// What is kept may have a name that another entry has by now.
    private static func withUniqueNames(_ images: [ImageEntry]) -> [ImageEntry] {
        var names = UniqueNames()
        return images.map { entry in
            var entry = entry
            entry.name = names.take(entry.name)
            return entry
        }
    }

    private static func held(_ missing: [ImageEntry], because uncertain: [ImageListEntry]) -> Finding? {
        guard !missing.isEmpty else { return nil }
        let numbers =
            uncertain.prefix(10).map { "\($0.number)" }.joined(separator: ", ") + (uncertain.count > 10 ? ", …" : "")
        let names = missing.map(\.name).prefix(10).joined(separator: ", ") + (missing.count > 10 ? ", …" : "")
        return Finding(
            severity: .warning, key: ConfigurationKey.images.rawValue,
            message: "\(names): missing from the list, and kept, for \(uncertain.count == 1 ? "entry" : "entries") "
                + "\(numbers) can't be read and may have been meant for \(missing.count == 1 ? "it" : "them")",
            nextStep: "put the unreadable \(uncertain.count == 1 ? "entry" : "entries") right; "
                + "what is missing from a readable list is released")
    }

    /// Two sleep containers for one image cost twice and hold no more.
    private static func sameImage(_ images: [ImageEntry]) -> [Finding] {
        var first: [String: ImageEntry] = [:]
        return images.compactMap { entry in
            guard let earlier = first[entry.reference.normalised] else {
                first[entry.reference.normalised] = entry
                return nil
            }
            return Finding(
                severity: .info, key: ConfigurationKey.images.rawValue,
                message: "\(entry.name) and \(earlier.name) are the same image, \(entry.reference.normalised)",
                nextStep: "remove one of the two to save a sleep container on each node")
        }
    }
}
