/// A proxy before a registry that misbehaves: for all that it is asked, or for the first requests of one object.
public final class FaultyProxy: Sendable {
    public enum Fault: Sendable {
        /// An answer with this status and nothing of the registry's.
        case status(Int)
        /// Connections are reset after so many bytes of an answer's body.
        case reset(afterBytes: Int)
        /// The answer's head comes, and then nothing for so many seconds.
        case stall(seconds: Int)
        /// The last byte of an answer's body is another one.
        case corrupt
    }

    /// As it stands in references and in containerd's configuration.
    public let host: String
    public let daemon: Daemon

    /// - Parameters:
    ///   - path: what the paths of faulty requests contain: `/v2/` for all, `/blobs/` for layers and configurations.
    ///   - times: after so many faults all goes well; nil: never.
    init(
        directory: String, port: Int, before registry: Registry, _ fault: Fault, path: String, times: Int?
    ) async throws {
        host = "127.0.0.1:\(port)"
        let program = directory + "/faulty-proxy.py"
        try TextFile.write(program, Self.program)
        let (kind, value) =
            switch fault {
            case .status(let status): ("status", status)
            case .reset(let bytes): ("reset", bytes)
            case .stall(let seconds): ("stall", seconds)
            case .corrupt: ("corrupt", 0)
            }
        daemon = try Daemon(
            "python3",
            [program, "\(port)", "\(registry.port)", kind, "\(value)", path, times.map { "\($0)" } ?? "-1"],
            log: directory + "/faulty-proxy.log")
        for _ in 0..<600 {
            if LoopbackPort.isTaken(port) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw RealRuntimeError("the proxy doesn't listen: \(daemon.output())")
    }

    /// The paths that it was asked for, in order; `!` in front of those that got the fault.
    public func requests() -> [String] { daemon.output().split(separator: "\n").map(String.init) }

    private static let program = """
        import http.client, http.server, socket, struct, sys, threading, time
        port, registry, kind, value, path, times = sys.argv[1:]
        lock, left = threading.Lock(), [int(times)]

        def is_faulty(asked):
            with lock:
                if path not in asked or left[0] == 0:
                    return False
                left[0] -= 1
                return True

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                faulty = is_faulty(self.path)
                print(("!" if faulty else "") + self.path, flush=True)
                if faulty and kind == "status":
                    self.send_response(int(value))
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                upstream = http.client.HTTPConnection("127.0.0.1", int(registry))
                upstream.request(self.command, self.path, headers=dict(self.headers))
                answer = upstream.getresponse()
                self.send_response(answer.status)
                for name, text in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                        self.send_header(name, text)
                self.end_headers()
                if self.command == "HEAD":
                    return
                if faulty and kind == "stall":
                    self.wfile.flush()
                    time.sleep(int(value))
                rest = int(value) if faulty and kind == "reset" else None
                while data := answer.read(min(65536, rest) if rest else 65536):
                    if faulty and kind == "corrupt" and answer.length == 0:
                        data = data[:-1] + bytes([data[-1] ^ 1])
                    self.wfile.write(data)
                    if rest is not None:
                        rest -= len(data)
                        if rest <= 0:
                            # What was sent arrives first; then the reset.
                            time.sleep(0.2)
                            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                            self.close_connection = True
                            self.rfile.close()
                            return self.connection.close()

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

            def finish(self):
                try:
                    super().finish()
                except (OSError, ValueError):
                    pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

            def shutdown_request(self, request):
                # A reset connection is closed already; an orderly end would undo the reset.
                if request.fileno() >= 0:
                    super().shutdown_request(request)

        Server(("127.0.0.1", int(port)), Handler).serve_forever()
        """
}
