"""Takes the picture of the dashboard that README.md shows, over a made-up cluster; without any build.

    PYTHONPATH=Benchmarks python3 -m dashboard.screenshot docs/images/dashboard.png
"""

import pathlib
import struct
import sys
import zlib

from dashboard.browser import Browser
from dashboard.server import serve

WIDTH, HEIGHT = 1200, 800
# A made-up cluster in which two images give trouble.
NODES, IMAGES, SEED = 48, 14, 96
# A page of documentation shouldn't wait for its picture.
MOST_BYTES = 150_000


def pixels(png):
    """The rows of an 8-bit RGB or RGBA picture, each a list of RGB triples, and the picture's width."""
    place, data, header = 8, b"", None
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place:place + 8])
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", png[place + 8:place + 8 + length])
        elif kind == b"IDAT":
            data += png[place + 8:place + 8 + length]
        place += 12 + length
    width, height, depth, colour, *_ = header
    if depth != 8 or colour not in (2, 6):
        raise SystemExit(f"error: a picture of colour type {colour} with {depth} bits is none that Chromium makes")
    size = 3 if colour == 2 else 4
    raw = zlib.decompress(data)
    before = bytearray(width * size)
    rows = []
    for y in range(height):
        start = y * (width * size + 1)
        kind, row = raw[start], bytearray(raw[start + 1:start + 1 + width * size])
        for x in range(len(row)):
            left = row[x - size] if x >= size else 0
            above = before[x]
            corner = before[x - size] if x >= size else 0
            if kind == 1:
                row[x] = (row[x] + left) & 255
            elif kind == 2:
                row[x] = (row[x] + above) & 255
            elif kind == 3:
                row[x] = (row[x] + (left + above) // 2) & 255
            elif kind == 4:
                guess = left + above - corner
                best = min((abs(guess - left), 0, left), (abs(guess - above), 1, above), (abs(guess - corner), 2, corner))
                row[x] = (row[x] + best[2]) & 255
        rows.append([bytes(row[x:x + 3]) for x in range(0, len(row), size)])
        before = row
    return rows, width


def indexed(rows, width):
    """The same picture with a palette of at most 256 colours: the most frequent ones, and for the rest the nearest."""
    counts = {}
    for row in rows:
        for pixel in row:
            counts[pixel] = counts.get(pixel, 0) + 1
    palette = sorted(counts, key=counts.get, reverse=True)[:256]
    number = {colour: index for index, colour in enumerate(palette)}
    for colour in counts:
        if colour not in number:
            number[colour] = min(
                range(len(palette)), key=lambda i: sum((a - b) ** 2 for a, b in zip(palette[i], colour)))
    body = b"".join(b"\0" + bytes(number[pixel] for pixel in row) for row in rows)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0))
            + chunk(b"PLTE", b"".join(palette)) + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b""))


def main():
    file = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/dashboard.png")
    file.parent.mkdir(parents=True, exist_ok=True)
    server = serve(NODES, IMAGES, seed=SEED)
    with Browser(WIDTH, HEIGHT) as browser:
        browser.prefer("light")
        browser.resize(WIDTH, HEIGHT)
        browser.open(f"http://127.0.0.1:{server.server_port}/")
        browser.await_true("return document.querySelector('main') !== null && document.body.innerText.includes('%')")
        # Until the heat map is painted, whose picture comes a moment after the numbers.
        browser.run("return new Promise(done => setTimeout(done, 1500))")
        browser.screenshot(str(file))
    picture = indexed(*pixels(file.read_bytes()))
    file.write_bytes(picture)
    print(f"{file}: {len(picture)} bytes")
    if len(picture) > MOST_BYTES:
        raise SystemExit(f"error: that is more than {MOST_BYTES} bytes: make the window or the cluster smaller")


if __name__ == "__main__":
    main()
