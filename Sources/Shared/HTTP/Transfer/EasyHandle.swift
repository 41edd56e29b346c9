import CCurl

/// One libcurl easy handle with the memory that libcurl refers to but doesn't copy.
struct EasyHandle: ~Copyable {
    let pointer: UnsafeMutableRawPointer
    private let message: UnsafeMutablePointer<CChar>
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    /// A text of libcurl's options couldn't be set.
    struct Refused: Error {
        let option: CURLoption
        let code: CURLcode
    }

    init() {
        guard let pointer = curl_easy_init() else { fatalError("libcurl is out of memory") }
        self.pointer = pointer
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        _ = ccurl_set_pointer(pointer, CURLOPT_ERRORBUFFER, message)
    }

    deinit {
        curl_easy_cleanup(pointer)
        message.deallocate()
        lists.forEach(curl_slist_free_all)
    }

    /// libcurl's words for what went wrong.
    func errorText(_ code: CURLcode) -> String {
        let text = String(cString: message)
        // Some messages quote a proxy's URL, which may hold a password.
        guard !text.isEmpty, !text.contains("@"), !text.contains("://") else {
            return String(cString: curl_easy_strerror(code))
        }
        return text
    }

    func set(_ option: CURLoption, _ value: Int) throws(Refused) {
        try check(option, ccurl_set_long(pointer, option, value))
    }

    func set(_ option: CURLoption, _ value: Bool) throws(Refused) { try set(option, value ? 1 : 0) }

    func set(_ option: CURLoption, _ value: String?) throws(Refused) {
        try check(option, ccurl_set_string(pointer, option, value))
    }

    /// PEM that libcurl copies.
    func set(_ option: CURLoption, blob value: String) throws(Refused) {
        var value = value
        try check(option, value.withUTF8 { ccurl_set_blob(pointer, option, $0.baseAddress, $0.count) })
    }

    mutating func set(_ option: CURLoption, list values: [String]) throws(Refused) {
        var list: UnsafeMutablePointer<curl_slist>?
        for value in values {
            guard let longer = curl_slist_append(list, value) else { fatalError("libcurl is out of memory") }
            list = longer
        }
        guard let list else { return }
        lists.append(list)
        try check(option, ccurl_set_list(pointer, option, list))
    }

    /// A body, which libcurl copies.
    func set(body: [UInt8]) throws(Refused) {
        // The size must be set first, or the body ends at its first zero.
        try check(
            CURLOPT_POSTFIELDSIZE_LARGE,
            ccurl_set_offset(pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        let result = body.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                ccurl_set_string(pointer, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
            }
        }
        try check(CURLOPT_COPYPOSTFIELDS, result)
    }

    private func check(_ option: CURLoption, _ code: CURLcode) throws(Refused) {
        guard code == CURLE_OK else { throw Refused(option: option, code: code) }
    }
}
