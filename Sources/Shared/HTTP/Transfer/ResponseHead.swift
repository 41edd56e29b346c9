/// Status and headers of a response.
struct ResponseHead: Sendable, Equatable {
    let status: Int
    let headers: HTTPHeaders
}

/// Puts a head together from the lines that libcurl hands over, and the trailers after it.
struct ResponseHeadParser {
    enum Failure: Error {
        case tooLarge
        /// Not a status line, or a header line without a colon.
        case malformed
    }

    /// For head and trailers together.
    let maximumBytes: Int
    private var bytes = 0
    private var status: Int?
    private var headers = HTTPHeaders()
    /// The final head was handed out; lines that come now are trailers.
    private(set) var isComplete = false
    private(set) var trailers = HTTPHeaders()

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// Takes one line, with its line end.
    ///
    /// - Returns: the head, with the empty line that ends it. Interim heads (100 to 199) are passed over.
    mutating func consume(_ line: some Collection<UInt8>) throws(Failure) -> ResponseHead? {
        bytes += line.count
        guard bytes <= maximumBytes else { throw .tooLarge }
        let isFolded = line.first.map(Self.isBlank) ?? false
        let text = Self.text(line[...])
        if isComplete {
            if !text.isEmpty { try Self.add(text, isFolded, to: &trailers) }
            return nil
        }
        guard let status else {
            self.status = try Self.status(text)
            return nil
        }
        guard text.isEmpty else {
            try Self.add(text, isFolded, to: &headers)
            return nil
        }
        defer {
            headers = HTTPHeaders()
            self.status = nil
        }
        // 101 would end HTTP on this connection; libcurl asks for it nowhere.
        guard status >= 200 else { return nil }
        isComplete = true
        return ResponseHead(status: status, headers: headers)
    }

    /// `HTTP/1.1 200 OK`, `HTTP/2 200`.
    private static func status(_ text: String) throws(Failure) -> Int {
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/"), let status = Int(words[1]), (100...999).contains(status)
        else { throw .malformed }
        return status
    }

    private static func add(_ text: String, _ isFolded: Bool, to headers: inout HTTPHeaders) throws(Failure) {
        if isFolded { return headers.extendLast(by: text) }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon != text.startIndex else {
            throw .malformed
        }
        let value = text.utf8[text.utf8.index(after: colon)...]
        headers.add(String(text[..<colon]), Self.text(value))
    }

    /// Without the white space around it.
    private static func text<Bytes: Collection<UInt8>>(_ bytes: Bytes) -> String where Bytes.SubSequence == Bytes {
        var rest = bytes
        while let first = rest.first, isBlank(first) { rest = rest.dropFirst() }
        var end = rest.endIndex
        var index = rest.startIndex
        end = index
        while index != rest.endIndex {
            let next = rest.index(after: index)
            if !isBlank(rest[index]) { end = next }
            index = next
        }
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
}
