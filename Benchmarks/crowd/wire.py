"""The few messages of Sources/Shared/Wire/agent.proto that an agent needs, in the wire format of Protocol Buffers."""

from collections.abc import Iterator


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value) if value else b""


def text(field: int, value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def fields(message: bytes | memoryview) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: numbers, and contents of what has a length."""
    position = 0

    def read() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(message):
        key = read()
        if key & 7 == 0:
            yield key >> 3, read()
        elif key & 7 == 2:
            length = read()
            yield key >> 3, bytes(message[position:position + length])
            position += length
        else:
            raise ValueError(f"wire type {key & 7}")


def inventory(references: list[str], absent: set[int] = frozenset()) -> bytes:
    """An Inventory: each reference but some resolves to an image of its own, which a container uses."""
    return b"".join(
        text(1, image(index, reference)) for index, reference in enumerate(references) if index not in absent)


def image(index: int, reference: str) -> bytes:
    """An Image, which a container uses."""
    repository = reference.rsplit(":", 1)[0]
    return b"".join((
        text(1, image_id(index)), text(2, reference), text(3, f"{repository}@{image_id(index)}"),
        number(4, 50_000_000 + index), number(6, 1)))


def image_id(index: int) -> str:
    return f"sha256:{index:064x}"


def delta(since: int, references: list[str], changed: dict[int, bool]) -> bytes:
    """An InventoryDelta, of images by their index: whether they are there now."""
    return number(1, since) + b"".join(
        text(2, image(index, references[index])) if is_there else text(3, image_id(index))
        for index, is_there in changed.items())


def report(
    node: str, boot: str, sequence: int, acknowledged: int, age: int, full: bytes | None = None, news: bytes = b""
) -> bytes:
    """A Report: with an inventory, or a heartbeat.

    `news` are further fields: a delta, attempts, running pulls.
    """
    runtime = text(1, "containerd") + text(2, "1.7.24") + text(3, "/run/containerd/containerd.sock") + number(6, 1)
    disk = number(1, 200_000_000_000) + number(2, 120_000_000_000)
    parts = [
        text(1, node), text(2, boot), number(3, sequence), text(4, "bench"), text(5, runtime), text(6, disk),
        text(7, "0" * 64)]
    if full is not None:
        parts.append(text(8, full))
    parts += [news, number(12, age), number(13, acknowledged)]
    return b"".join(parts)


def reply(message: bytes) -> tuple[bool, int | None, int, int]:
    """Of a ReportReply: whether the whole inventory is wanted, the assignment's generation (None: it's as it was), and its
    intervals in ms: of looks at the runtime, and of reports that say nothing."""
    wants_full, generation, interval, heartbeat = False, None, 10_000, 0
    for field, value in fields(message):
        if field == 2:
            wants_full = bool(value)
        elif field == 5:
            for inner, content in fields(value):
                if inner == 1:
                    generation = content
                elif inner == 4:
                    interval = content
                elif inner == 5:
                    heartbeat = content
    return wants_full, generation, interval, heartbeat or interval


def orders(message: bytes) -> tuple[dict[int, str] | None, int]:
    """Of a ReportReply: the assignment's pulls, references by their ids (None: it's as it was), and the last attempt that is
    acknowledged."""
    pulls, acknowledged = None, 0
    for field, value in fields(message):
        if field == 3:
            acknowledged = value
        elif field == 5:
            each = [dict(fields(content)) for inner, content in fields(value) if inner == 3]
            pulls = {pull[1]: pull[2].decode() for pull in each}
    return pulls, acknowledged
