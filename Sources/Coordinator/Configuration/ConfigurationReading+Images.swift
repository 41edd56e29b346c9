import Formatting
import ImageSets

extension ConfigurationReading {
    /// Reads the image list, and decides what becomes of the entries that were accepted before.
    mutating func readImages(last: [ImageEntry]) {
        let list = ImageListParser(content.data[ConfigurationKey.images.rawValue] ?? "", last: last)
        guard list.count > 0 else {
            readEmptyList(last: last)
            return
        }
        guard list.count <= ImageListParser.mostEntries else {
            configuration.images = last
            reject(
                .images,
                ValueFault(
                    "the list has \(list.count) entries, and the limit is \(ImageListParser.mostEntries)",
                    next: "list fewer images; nothing changes until then"))
            return
        }
        guard !list.valid.isEmpty else {
            add(list.refused.map { $0.finding(outcome: nil) })
            configuration.images = last
            reject(
                .images,
                ValueFault(
                    list.count == 1 ? "the only entry is not valid" : "none of the \(list.count) entries is valid",
                    next: "put at least one right; nothing changes until then"))
            return
        }
        let merge = ImageListMerge(list, last: last)
        configuration.images = merge.images
        add(merge.findings)
    }

    private mutating func readEmptyList(last: [ImageEntry]) {
        let isAbsent = content.data[ConfigurationKey.images.rawValue] == nil
        let what = isAbsent ? "the key is missing" : "the list is empty"
        guard !last.isEmpty else {
            note(.info, .images, "\(what), so nothing is cached", next: "write entries: name=reference;name=reference")
            return
        }
        let images = counted(last.count, "image")
        if content.annotations[ConfigMapContent.allowEmptyAnnotation] == "true" {
            note(
                .warning, .images, "\(what): the \(images) cached until now \(last.count == 1 ? "is" : "are") released")
            return
        }
        configuration.images = last
        reject(
            .images,
            ValueFault(
                "\(what), which would release the \(images) that \(last.count == 1 ? "is" : "are") cached",
                next:
                    "write the entries again, or set the annotation \(ConfigMapContent.allowEmptyAnnotation): \"true\" "
                    + "if you mean it"))
    }
}
