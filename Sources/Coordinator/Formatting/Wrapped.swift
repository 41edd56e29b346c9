/// Breaks a line between words.
///
/// - Parameter indent: of the lines that follow the first.
package func wrapped(_ text: String, width: Int?, indent: String) -> [String] {
    guard let width, text.count > width else { return [text] }
    var lines: [String] = []
    var line = String(text.prefix { $0 == " " })
    var isFresh = true
    for word in text.split(separator: " ") {
        if !isFresh, line.count + 1 + word.count > width {
            lines.append(line)
            line = indent
            isFresh = true
        }
        line += (isFresh ? "" : " ") + word
        isFresh = false
    }
    return lines + [line]
}
