import CCurl
import Glibc
import Synchronization

/// The thread that runs every transfer, and the way in.
///
/// It is started with the first request, and doesn't keep the process from ending.
final class EventLoop: Sendable {
    enum Command {
        case start(Transfer)
        case resume(ObjectIdentifier)
        case cancel(ObjectIdentifier)
    }

    static let shared = EventLoop()

    private let multi: MultiHandle
    private let commands = Mutex<[Command]>([])
    private let isParking = Atomic(false)
    private let isParked = Atomic(false)

    private init() {
        guard ccurl_global_init() == CURLE_OK, let multi = curl_multi_init() else {
            fatalError("libcurl can't be initialised: is the process out of memory?")
        }
        self.multi = MultiHandle(pointer: multi)
        startThread()
        // Handlers run in reverse order, so this one runs before that of OpenSSL, which was registered by libcurl's
        // initialisation: OpenSSL must not be cleaned up under a thread that is using it.
        atexit { EventLoop.shared.park() }
    }

    func post(_ command: Command) {
        let wakes = commands.withLock { commands in
            commands.append(command)
            return commands.count == 1
        }
        // Who finds the mailbox filled knows that the loop has been woken and hasn't looked yet.
        if wakes { curl_multi_wakeup(multi.pointer) }
    }

    private func startThread() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // Signals are the other threads' affair, and a broken pipe is an error like any other.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().run()
            }, Unmanaged.passRetained(self).toOpaque())
        guard result == 0 else { fatalError("the HTTP thread can't be started: error \(result)") }
    }

    private func run() -> Never {
        ccurl_name_this_thread("http")
        let driver = TransferDriver(multi: multi.pointer)
        while !isParking.load(ordering: .acquiring) {
            let commands = commands.withLock { commands in
                defer { commands = [] }
                return commands
            }
            driver.turn(commands)
        }
        isParked.store(true, ordering: .releasing)
        while true { pause() }
    }

    /// Stops the thread at a safe place as the process ends; gives up after a second.
    private func park() {
        isParking.store(true, ordering: .releasing)
        curl_multi_wakeup(multi.pointer)
        for _ in 0..<1000 where !isParked.load(ordering: .acquiring) { usleep(1000) }
    }
}

/// The pointer to libcurl's multi handle.
///
/// Sendable because the thread of ``EventLoop`` alone uses it, but for `curl_multi_wakeup`, which libcurl allows from
/// every thread; it is never freed.
private struct MultiHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
}
