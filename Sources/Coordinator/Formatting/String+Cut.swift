extension String {
    /// The longest prefix of whole characters that fits.
    package func cut(toUTF8Bytes limit: Int) -> String {
        if utf8.count <= limit { return self }
        var end = startIndex
        var size = 0
        while end < endIndex {
            let next = index(after: end)
            size += self[end..<next].utf8.count
            if size > limit { break }
            end = next
        }
        return String(self[..<end])
    }
}
