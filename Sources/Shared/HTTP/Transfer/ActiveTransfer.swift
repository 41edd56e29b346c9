import CCurl

/// One transfer in libcurl's hands. It belongs to the event loop's thread.
final class ActiveTransfer {
    let transfer: Transfer
    private(set) var isRunning = false
    private var easy = EasyHandle()
    private var timers: TransferTimers
    private var head: ResponseHeadParser
    /// Why our callbacks stopped libcurl.
    private var failure: HTTPError?
    private let calledBack: (ActiveTransfer) -> Void

    /// - Parameter calledBack: called after each call of libcurl's; a deadline may have come nearer.
    init(_ transfer: Transfer, calledBack: @escaping (ActiveTransfer) -> Void) {
        self.transfer = transfer
        self.calledBack = calledBack
        timers = TransferTimers(transfer.request.timeouts, now: .now)
        head = ResponseHeadParser(maximumBytes: transfer.request.configuration.maximumHeadBytes)
    }

    var id: ObjectIdentifier { ObjectIdentifier(transfer) }

    func owns(_ pointer: UnsafeMutableRawPointer) -> Bool { easy.pointer == pointer }

    func start(on multi: UnsafeMutableRawPointer) throws(HTTPError) {
        do {
            try easy.prepare(transfer.request)
        } catch {
            let text = String(cString: curl_easy_strerror(error.code))
            throw transfer.request.error(
                .invalidRequest, "libcurl refused option \(error.option.rawValue): \(text)", stage: .connecting,
                curlCode: Int32(error.code.rawValue))
        }
        setCallbacks()
        curl_multi_add_handle(multi, easy.pointer)
        isRunning = true
    }

    func stop(on multi: UnsafeMutableRawPointer) {
        guard isRunning else { return }
        isRunning = false
        curl_multi_remove_handle(multi, easy.pointer)
    }

    /// The reader has caught up.
    func resume(now: ContinuousClock.Instant) {
        timers.received(now: now)
        curl_easy_pause(easy.pointer, CURLPAUSE_CONT)
    }

    // MARK: Time

    var deadline: ContinuousClock.Instant? { timers.deadline }

    func expiry(now: ContinuousClock.Instant) -> HTTPError? {
        timers.expiry(now: now).map { transfer.request.error(.timeout, "\($0)", stage: timers.errorStage) }
    }

    // MARK: What libcurl tells

    private func setCallbacks() {
        // Not retained: the driver holds this object until libcurl has let go of the handle.
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = ccurl_set_pointer(easy.pointer, CURLOPT_PREREQDATA, context)
        _ = ccurl_set_prerequest_callback(easy.pointer) { context, _, _, _, _ in
            ActiveTransfer.at(context)?.connected()
            return CURL_PREREQFUNC_OK
        }
        _ = ccurl_set_pointer(easy.pointer, CURLOPT_HEADERDATA, context)
        _ = ccurl_set_data_callback(easy.pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            ActiveTransfer.at(context)?.headerLine(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
        }
        _ = ccurl_set_pointer(easy.pointer, CURLOPT_WRITEDATA, context)
        _ = ccurl_set_data_callback(easy.pointer, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            ActiveTransfer.at(context)?.bodyPart(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
        }
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> ActiveTransfer? {
        context.map { Unmanaged<ActiveTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func connected() {
        timers.connected(now: .now)
        calledBack(self)
    }

    private func headerLine(_ line: UnsafeRawBufferPointer) -> Int {
        defer { calledBack(self) }
        do {
            guard let head = try head.consume(line) else { return line.count }
            timers.received(now: .now)
            transfer.headArrived(head)
            return line.count
        } catch {
            switch error {
            case .tooLarge: failure = headTooLarge
            case .malformed:
                failure = transfer.request.error(
                    .badResponse, "the response's head has a line that is no header", stage: timers.errorStage)
            }
            return 0
        }
    }

    private func bodyPart(_ bytes: UnsafeRawBufferPointer) -> Int {
        defer { calledBack(self) }
        switch transfer.offer(Array(bytes)) {
        case .taken:
            timers.received(now: .now)
            return bytes.count
        case .paused:
            timers.paused()
            return ccurl_write_pause()
        case .refused: return 0
        }
    }

    // MARK: The end

    /// What libcurl's result means for the one who waits.
    func result(of code: CURLcode) -> Result<HTTPHeaders, any Error> {
        if let failure { return .failure(failure) }
        if code == CURLE_OK {
            // libcurl is content with half a head.
            guard head.isComplete else {
                return .failure(transfer.request.error(.reset, "the response's head broke off", stage: .waiting))
            }
            return .success(head.trailers)
        }
        if !head.isComplete, code == CURLE_OUT_OF_MEMORY || code.rawValue == 100 { return .failure(headTooLarge) }
        return .failure(HTTPError(curl: code, easy, request: transfer.request, stage: timers.errorStage))
    }

    /// libcurl has a limit of its own, 100 KiB a line, and reports it as out of memory; from 8.6 on as code 100.
    private var headTooLarge: HTTPError {
        let limit = transfer.request.configuration.maximumHeadBytes
        return transfer.request.error(
            .headTooLarge, "the response's head is longer than \(limit) bytes", stage: timers.errorStage)
    }
}
