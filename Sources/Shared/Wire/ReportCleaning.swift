/// Cuts what a report may not hold. Texts are looked at first and written only where something is wrong: nearly all reports
/// are right, and thousands come a second.
struct ReportCleaning {
    private(set) var report: WireReport
    private(set) var cuts = CheckedReport.Cuts()
    private var names = 0

    init(_ report: consuming WireReport) { self.report = report }

    /// The report, which is nobody else's then.
    consuming func finish() -> (WireReport, CheckedReport.Cuts) { (report, cuts) }

    /// - Throws: ``ReportFault`` when there are too many names.
    mutating func clean() throws(ReportFault) {
        cleanStatus()
        switch report.inventory {
        case .full?:
            // Held by nobody else they are changed where they are: a copy of all would take as much memory again.
            var images = report.full.images
            if try needsCleaning(images) {
                report.full.images = []
                clean(&images)
                report.full.images = images
            }
        case .delta?:
            var images = report.delta.changed
            if try needsCleaning(images) {
                report.delta.changed = []
                clean(&images)
                report.delta.changed = images
            }
            let removed = report.delta.removed.filter(Self.isID)
            if removed.count < report.delta.removed.count {
                cuts.names += report.delta.removed.count - removed.count
                report.delta.removed = removed
            }
        case nil: break
        }
        for index in report.attempts.indices {
            var attempt = report.attempts[index]
            if clean(&attempt) { report.attempts[index] = attempt }
        }
        for index in report.running.indices {
            var pull = report.running[index]
            if clean(&pull) { report.running[index] = pull }
        }
    }

    private mutating func cleanStatus() {
        if let text = text(report.agentVersion, ReportLimits.version) { report.agentVersion = text }
        if let text = text(report.pullSecretsDigest, ReportLimits.digest) { report.pullSecretsDigest = text }
        if let age = age(report.inventoryAgeMs) { report.inventoryAgeMs = age }
        let runtime = report.runtime
        if let text = text(runtime.name, ReportLimits.version) { report.runtime.name = text }
        if let text = text(runtime.version, ReportLimits.version) { report.runtime.version = text }
        if let text = text(runtime.socket, ReportLimits.socket) { report.runtime.socket = text }
        if let text = text(runtime.error, ReportLimits.message) { report.runtime.error = text }
        let disk = report.imageFilesystem
        if let size = size(disk.capacityBytes) { report.imageFilesystem.capacityBytes = size }
        if let size = size(disk.freeBytes) { report.imageFilesystem.freeBytes = size }
        // More than there is can't be free.
        if disk.capacityBytes > 0, report.imageFilesystem.freeBytes > report.imageFilesystem.capacityBytes {
            cuts.numbers += 1
            report.imageFilesystem.freeBytes = report.imageFilesystem.capacityBytes
        }
    }

    private mutating func needsCleaning(_ images: [WireImage]) throws(ReportFault) -> Bool {
        var isRight = true
        for image in images {
            names += image.tags.count + image.digests.count + image.resolved.count + image.misread.count
            isRight = isRight && Self.isRight(image)
        }
        guard names <= ReportLimits.names else { throw .tooMany("names of images", limit: ReportLimits.names) }
        return !isRight
    }

    private mutating func clean(_ images: inout [WireImage]) {
        let count = images.count
        // Nothing could say later that they have gone.
        images.removeAll { !Self.isID($0.id) }
        cuts.names += count - images.count
        for index in images.indices where !Self.isRight(images[index]) {
            if let text = text(images[index].platform, ReportLimits.platform) { images[index].platform = text }
            clean(&images[index].tags)
            clean(&images[index].digests)
            clean(&images[index].resolved)
            clean(&images[index].misread)
            if let size = size(images[index].size) { images[index].size = size }
        }
    }

    private static func isRight(_ image: WireImage) -> Bool {
        isID(image.id) && image.size <= ReportLimits.largestSize
            && image.platform.utf8.count <= ReportLimits.platform && !image.platform.hasControls
            && [image.tags, image.digests, image.resolved, image.misread].allSatisfy {
                $0.count <= ReportLimits.namesOfAnImage && $0.allSatisfy(isName)
            }
    }

    private static func isID(_ id: String) -> Bool {
        !id.isEmpty && id.utf8.count <= ReportLimits.imageID && !id.hasControls
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= ReportLimits.reference && !name.hasControls
    }

    private mutating func clean(_ names: inout [String]) {
        guard names.count > ReportLimits.namesOfAnImage || !names.allSatisfy(Self.isName) else { return }
        let good = Array(names.lazy.filter(Self.isName).prefix(ReportLimits.namesOfAnImage))
        cuts.names += names.count - good.count
        names = good
    }

    /// - Returns: whether anything was cut.
    private mutating func clean(_ attempt: inout WireAttempt) -> Bool {
        let before = cuts
        if let text = text(attempt.reference, ReportLimits.reference) { attempt.reference = text }
        if let text = text(attempt.message, ReportLimits.message) { attempt.message = text }
        if let text = text(attempt.imageID, ReportLimits.imageID) { attempt.imageID = text }
        if let size = size(attempt.bytes) { attempt.bytes = size }
        let credentials = attempt.refusedCredentials
        if credentials.count > ReportLimits.credentials || !credentials.allSatisfy(Self.isName) {
            attempt.refusedCredentials = Array(credentials.lazy.filter(Self.isName).prefix(ReportLimits.credentials))
            cuts.names += credentials.count - attempt.refusedCredentials.count
        }
        if let age = age(attempt.startedAgeMs) { attempt.startedAgeMs = age }
        if let age = age(attempt.endedAgeMs) { attempt.endedAgeMs = age }
        // They are kept as SQLite's integers.
        if attempt.id > UInt64(Int64.max) {
            cuts.numbers += 1
            attempt.id = UInt64(Int64.max)
        }
        return cuts != before
    }

    private mutating func clean(_ pull: inout WireRunningPull) -> Bool {
        let before = cuts
        if let text = text(pull.reference, ReportLimits.reference) { pull.reference = text }
        if let age = age(pull.ageMs) { pull.ageMs = age }
        return cuts != before
    }

    // MARK: Parts

    private mutating func text(_ text: String, _ limit: Int) -> String? {
        guard text.utf8.count > limit || text.hasControls else { return nil }
        cuts.texts += 1
        return text.cleaned(maximumBytes: limit)
    }

    private mutating func size(_ size: UInt64) -> UInt64? {
        guard size > ReportLimits.largestSize else { return nil }
        cuts.numbers += 1
        return ReportLimits.largestSize
    }

    private mutating func age(_ age: UInt64) -> UInt64? {
        guard age > ReportLimits.longestAge else { return nil }
        cuts.numbers += 1
        return ReportLimits.longestAge
    }
}
