#!/usr/bin/env bash
# One would think: a program that calls curl_multi_perform and curl_multi_poll in turn, as libcurl's manual has it, gets
# an HTTP/2 answer when its last byte has arrived.
#
# What happens: with libcurl 7.88.1 (Debian 12; HTTP/2 by prior knowledge, a connection for each request) nearly every
# answer that is read at once and doesn't fit into CURLOPT_BUFFERSIZE (16,384 bytes by default) ends about 0.2 s late,
# some as late as curl_multi_poll may sleep, though all of it is in the process. One read of the connection takes up to
# 32,768 bytes. What the buffer has no place for is handed over by the next curl_multi_perform, but nothing says that
# there's more to do: cf_h2_data_pending in lib/http2.c asks for nread_inbuf > inbuflen, which is never so, and with the
# overhang cf_h2_recv sets its drain flag and no timer. curl_multi_poll sleeps on an empty socket, until the left-over
# timer of connecting (200 ms), the connect timeout, or its own limit. The same goes for a head line longer than the
# buffer, such as gRPC's text of an error.
#
# A CURLOPT_BUFFERSIZE that holds the longest read (32 KiB and the head) prevents it. To perform once more without
# sleeping whenever a callback ran helps with bodies, but not with long head lines: libcurl calls back for whole lines.
#
# Versions: 7.88.1 as Debian 12 has it; the code is another since 8.1.0. Apart from this, up to 8.3 a timer that is due
# in less than a millisecond can be dropped (add_next_timeout in lib/multi.c), at any size; that is too rare to be shown
# here.
#
# Why it matters: container runtimes speak HTTP/2 by prior knowledge on a Unix socket, and the list of a node's images is
# longer than 16 KiB. An agent that waits for such lists is late in everything it does.
#
# Needs Debian 12, python3 with venv, and the package mirrors; installs into a temporary folder. Takes two minutes. Exits
# with 0 when all is as described, with 1 when it isn't, with 2 when it can't be tried.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cannot() {
    echo "can't be tried: $*" >&2
    exit 2
}

# libcurl of Debian 12, with whatever it needs that isn't installed.
mkdir -p "$work/packages/partial" "$work/root"
apt-get -qq -y --no-install-recommends --download-only --reinstall --allow-downgrades -o Debug::NoLocking=1 \
    -o "Dir::Cache::Archives=$work/packages" install 'libcurl4=7.88.1-10+deb12*' >"$work/apt.log" 2>&1 ||
    cannot "apt-get has no libcurl4 7.88.1: $(tail -n 1 "$work/apt.log")"
for package in "$work"/packages/*.deb; do dpkg-deb --extract "$package" "$work/root"; done
library=$(find "$work/root" -name 'libcurl.so.4' | head -n 1)
[[ -n $library ]] || cannot "the package has no libcurl.so.4"

# The server's side of HTTP/2 is written by others, so that what it sends is valid.
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check h2==4.1.0 hpack==4.0.0 hyperframe==6.0.1 ||
    cannot "pip can't install h2"

cat >"$work/server.py" <<'PYTHON'
"""Answers /body/N with a body of N bytes, /head/N with a head line of N bytes; all of it in one write.

When it has written, it tells the time on standard output: the clock is the one of all processes.
"""
import contextlib
import socket
import sys
import time

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived


def serve(connection):
    http = H2Connection(H2Configuration(client_side=False))
    http.initiate_connection()
    connection.sendall(http.data_to_send())
    while received := connection.recv(65536):
        answered = False
        for event in http.receive_data(received):
            if isinstance(event, RequestReceived):
                _, kind, size = dict(event.headers)[b":path"].decode().split("/")
                if kind == "body":
                    http.send_headers(event.stream_id, [(":status", "200")])
                    for start in range(0, int(size), 16384):
                        http.send_data(event.stream_id, b"x" * min(16384, int(size) - start))
                    http.send_headers(event.stream_id, [("end", "here")], end_stream=True)
                else:
                    fields = [(":status", "200"), ("text", "x" * int(size))]
                    http.send_headers(event.stream_id, fields, end_stream=True)
                answered = True
        connection.sendall(http.data_to_send())
        if answered:
            print(time.monotonic(), flush=True)


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(16)
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    # The client has what it wants and goes; an acknowledgement of its settings may find it gone.
    with connection, contextlib.suppress(ConnectionError):
        serve(connection)
PYTHON

cat >"$work/client.py" <<'PYTHON'
"""Asks for answers through libcurl's multi interface, and counts those that end late."""
import ctypes
import statistics
import subprocess
import sys
import time

python, server_file, socket_path, library = sys.argv[1:]
curl = ctypes.CDLL(library)
pointer, integer = ctypes.c_void_p, ctypes.c_int
for name, result, arguments in [
    ("curl_version", ctypes.c_char_p, []),
    ("curl_easy_init", pointer, []),
    ("curl_easy_cleanup", None, [pointer]),
    ("curl_easy_setopt", integer, [pointer, integer]),
    ("curl_multi_init", pointer, []),
    ("curl_multi_add_handle", integer, [pointer, pointer]),
    ("curl_multi_remove_handle", integer, [pointer, pointer]),
    ("curl_multi_perform", integer, [pointer, pointer]),
    ("curl_multi_poll", integer, [pointer, pointer, ctypes.c_uint, integer, pointer]),
]:
    function = getattr(curl, name)
    function.restype, function.argtypes = result, arguments
DATA = ctypes.CFUNCTYPE(ctypes.c_size_t, pointer, ctypes.c_size_t, ctypes.c_size_t, pointer)
# Numbers of options as in curl/curl.h.
FRESH_CONNECT, FORBID_REUSE, HTTP_VERSION, BUFFERSIZE, NOSIGNAL = 74, 75, 84, 98, 99
URL, UNIX_SOCKET_PATH, WRITEFUNCTION, HEADERFUNCTION = 10002, 10231, 20011, 20079
PRIOR_KNOWLEDGE = 5
LATE = 0.1
ROUNDS = 40

server = subprocess.Popen([python, server_file, socket_path], stdout=subprocess.PIPE, text=True)
assert server.stdout.readline() == "ready\n"
multi = curl.curl_multi_init()


def ask(path, buffer, eager):
    """Asks once; returns how many seconds after the server's last write the transfer was over.

    eager: perform again without sleeping when a callback ran.
    """
    got, called = [0], [False]

    @DATA
    def body(_, size, count, context):
        got[0] += size * count
        called[0] = True
        return size * count

    @DATA
    def head(_, size, count, context):
        called[0] = True
        return size * count

    easy = curl.curl_easy_init()
    texts = [ctypes.c_char_p(f"http://localhost/{path}".encode()), ctypes.c_char_p(socket_path.encode())]
    curl.curl_easy_setopt(easy, URL, texts[0])
    curl.curl_easy_setopt(easy, UNIX_SOCKET_PATH, texts[1])
    longs = {HTTP_VERSION: PRIOR_KNOWLEDGE, FRESH_CONNECT: 1, FORBID_REUSE: 1, NOSIGNAL: 1}
    if buffer:
        longs[BUFFERSIZE] = buffer
    for option, value in longs.items():
        curl.curl_easy_setopt(easy, option, ctypes.c_long(value))
    curl.curl_easy_setopt(easy, WRITEFUNCTION, body)
    curl.curl_easy_setopt(easy, HEADERFUNCTION, head)
    curl.curl_multi_add_handle(multi, easy)
    running = integer(1)
    while True:
        called[0] = False
        curl.curl_multi_perform(multi, ctypes.byref(running))
        if not running.value:
            break
        sleep = 0 if eager and called[0] else 2000
        curl.curl_multi_poll(multi, None, 0, sleep, None)
    end = time.monotonic()
    curl.curl_multi_remove_handle(multi, easy)
    curl.curl_easy_cleanup(easy)
    kind, size = path.split("/")
    assert kind == "head" or got[0] == int(size), f"{path}: {got[0]} bytes came"
    return end - float(server.stdout.readline())


def late(path, buffer=0, eager=False, rounds=ROUNDS):
    delays = [ask(path, buffer, eager) for _ in range(rounds)]
    share = sum(delay > LATE for delay in delays) / rounds
    how = f"{f'a buffer of {buffer:,}' if buffer else 'the default buffer'}{', eager' if eager else ''}"
    print(f"  {path:>11}  {how:<26} late: {share:4.0%} of {rounds}, median {statistics.median(delays):7.4f} s, "
          f"worst {max(delays):7.4f} s", flush=True)
    return share


print(curl.curl_version().decode())
try:
    most, few = 0.6, 0.2
    expected = [
        ("a body that fits is in time", late("body/16000") <= few),
        ("a body that doesn't is late", late("body/22800") >= most),
        ("a larger buffer helps", late("body/22800", buffer=163840) <= few),
        ("to perform again after callbacks helps", late("body/22800", eager=True) <= few),
        ("a long head line is late", late("head/40000", rounds=10) >= most),
        ("there, performing again doesn't help", late("head/40000", eager=True, rounds=10) >= most),
        ("a larger buffer does", late("head/40000", buffer=163840, rounds=10) <= few),
    ]
finally:
    server.kill()
for what, holds in expected:
    print("as described: " if holds else "NOT SO ANY MORE: ", what, sep="")
sys.exit(0 if all(holds for _, holds in expected) else 1)
PYTHON

libraries=$(dirname "$library")
LD_LIBRARY_PATH=$libraries "$work/venv/bin/python" "$work/client.py" "$work/venv/bin/python" "$work/server.py" \
    "$work/http.sock" "$library"
