import Shared

/// What references and ids mean to the runtime.
extension RuntimeModel {
    /// The image that a reference or an id means here; nil also where the runtime refuses to say.
    public func image(_ reference: String) -> Image? { (try? status(of: reference)) ?? nil }

    /// What ImageStatus answers.
    ///
    /// - Returns: nil when there's no such image, which is no error in CRI.
    public func status(of text: String) throws(RuntimeRefusal) -> Image? {
        if text.isEmpty {
            throw .unknown(
                flavour.isContainerd ? "can not resolve \"\" locally: ambiguous digest string" : "no image specified")
        }
        if let image = images.first(where: { $0.id == text || isOtherSpelling(text, of: $0) }) { return image }
        switch reference(text) {
        case .success(let parsed): return images.first { parsed.matches(tags: $0.tags, digests: $0.digests) }
        case .failure(let trouble):
            // To containerd what it can't read is just not there.
            if flavour.isContainerd { return nil }
            throw .unknown(words(for: text).failure(trouble).message)
        }
    }

    /// containerd takes an id with and without its algorithm.
    private func isOtherSpelling(_ text: String, of image: Image) -> Bool {
        flavour.isContainerd && image.id == "sha256:" + text
    }

    /// How the runtime reads a reference.
    func reference(_ text: String) -> Result<ImageReference, PullTrouble> {
        guard let parsed = try? ImageReference(text) else { return .failure(.invalidReference) }
        guard !flavour.isContainerd, parsed.isShort else { return .success(parsed) }
        let name = String(parsed.written.prefix { $0 != ":" && $0 != "@" })
        let rest = parsed.digest.map { "@\($0)" } ?? ":\(parsed.tag ?? "latest")"
        guard let full = shortNames[name], let resolved = try? ImageReference(full + rest) else {
            return .failure(.unresolvedShortName)
        }
        return .success(resolved)
    }

    private func words(for text: String) -> PullWords {
        PullWords(
            flavour: flavour, written: text, reference: nil, host: "", address: "", isPlain: false,
            hasCredential: false, architecture: "")
    }

    /// The runtime's spelling of an image's id.
    ///
    /// To CRI-O the id of an artifact is its manifest's.
    func id(of image: ImageDescriptor) -> String {
        guard !flavour.isContainerd else { return image.id }
        let digest = image.kind == .artifact ? image.digest : image.id
        return digest.hasPrefix("sha256:") ? String(digest.dropFirst("sha256:".count)) : digest
    }

    func image(of descriptor: ImageDescriptor) -> Image? {
        let id = id(of: descriptor)
        return images.first { $0.id == id }
    }
}
