/// `1 image`, `2 images`.
package func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}

/// `a, b, c and 4 more`: some of many, for a sentence.
package func abridged(_ names: some Collection<String>, most: Int = 3) -> String {
    let more = names.count - most
    return names.prefix(most).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
}
