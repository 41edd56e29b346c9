"""A made-up cluster of any size, in the shapes of the coordinator's API."""

import datetime
import random

STATES = ["unknown", "missing", "pulling", "failed", "present", "held"]
UNKNOWN, MISSING, PULLING, FAILED, PRESENT, HELD = range(6)
TROUBLES = [
    ("notFound", True, "failed to resolve reference: not found"),
    ("unauthorized", True, "failed to authorize: 401 Unauthorized"),
    ("registryUnavailable", False, "dial tcp 10.0.0.7:443: connect: connection refused"),
    ("rateLimited", False, "429 Too Many Requests: toomanyrequests: retry-after: 60"),
]


def rfc3339(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class Cluster:
    """Nodes and images with states that look like a cluster's: mostly held, with trouble in clumps."""

    def __init__(self, nodes, images, seed=1, names=None):
        chance = random.Random(seed)
        self.chance = chance
        words = ["frontend", "backend", "builder", "debug", "nginx", "postgres", "redis", "python", "node", "java"]
        self.images = [
            (f"{words[i % len(words)]}{'' if i < len(words) else f'-{i // len(words)}'}",
             f"registry.example.com/shop/{words[i % len(words)]}:{1 + i // len(words)}.{i % 7}")
            for i in range(images)]
        self.nodes = [f"worker-{'abc'[i % 3]}-{i:04d}" for i in range(nodes)]
        if names:
            names(self)
        self.zones = [f"eu-west-1{'abc'[i % 3]}" for i in range(nodes)]
        self.pools = [["general", "memory", "gpu", "spot"][min(3, i * 5 // max(1, nodes))] for i in range(nodes)]
        bad_images = {i: chance.random() * 0.5 for i in range(images) if chance.random() < 0.06}
        broken = {i for i in range(images) if i % 31 == 17 or (images < 10 and i == images - 1)}
        self.cells = []
        for n in range(nodes):
            if nodes > 20 and chance.random() < 0.012:
                self.cells.append(bytearray([UNKNOWN]) * images)
                continue
            row = bytearray([HELD]) * images
            new = nodes > 4 and chance.random() < 0.02
            for i in range(images):
                dice = chance.random()
                if i in broken:
                    row[i] = FAILED
                elif new:
                    row[i] = PULLING if dice < 0.1 else MISSING if dice < 0.7 else PRESENT
                elif i in bad_images and dice < bad_images[i]:
                    row[i] = chance.choice([FAILED, MISSING, PULLING])
                elif dice > 0.985:
                    row[i] = PRESENT
            self.cells.append(row)
        self.revision = 12

    def at(self, moment):
        """The cluster as it was: the further back, the more was missing."""
        if moment is None:
            return self
        hours = max(0, (now() - moment).total_seconds() / 3600)
        chance = random.Random(int(moment.timestamp() // 60))
        past = Cluster.__new__(Cluster)
        past.__dict__.update(self.__dict__)
        past.cells = [bytearray(row) for row in self.cells]
        for row in past.cells:
            for i in range(len(row)):
                if row[i] in (HELD, PRESENT) and chance.random() < min(0.5, hours / 100):
                    row[i] = MISSING
        return past

    @staticmethod
    def counts(cells):
        counts = dict.fromkeys(STATES, 0)
        for cell in cells:
            counts[STATES[cell]] += 1
        counts["present"] += counts["held"]
        total = len(cells)
        return {"cells": total, **counts, "percent": counts["present"] * 100 / total if total else None}

    def cells_answer(self, at):
        zones, pools = sorted(set(self.zones)), sorted(set(self.pools))
        return {
            "at": rfc3339(at or now()), "revision": self.revision, "evidence": "runtimes", "states": STATES,
            "images": [{"name": n, "reference": r} for n, r in self.images],
            "nodes": self.nodes,
            "reportAgeSeconds": [None if row and row[0] == UNKNOWN else (i * 7) % 10 for i, row in enumerate(self.cells)],
            "cells": ["".join(str(c) for c in row) for row in self.cells],
            "labels": [
                {"key": "topology.kubernetes.io/zone", "values": zones, "of": [zones.index(z) for z in self.zones]},
                {"key": "node.kubernetes.io/pool", "values": pools, "of": [pools.index(p) for p in self.pools]},
            ],
            "past": {"watched": True, "complete": True} if at else None,
        }

    def coverage_answer(self, at):
        rows = []
        for i, (name, reference) in enumerate(self.images):
            column = bytes(row[i] for row in self.cells)
            failing = [self.nodes[n] for n, c in enumerate(column) if c == FAILED]
            failures = []
            if failing:
                reason, permanent, message = TROUBLES[i % len(TROUBLES)]
                wait = 540 if permanent else 12 + i
                failures = [{
                    "reason": reason, "permanent": permanent, "cells": len(failing), "attempts": 1 + i % 9,
                    "message": f'failed to pull and unpack image "{reference}": {message}', "nodes": failing[:5],
                    "image": name, "nextAttempt": rfc3339(now() + datetime.timedelta(seconds=wait)),
                    "nextAttemptSeconds": wait}]
            rows.append({
                "name": name, "reference": reference, "counts": self.counts(column), "reportAgeSeconds": 7.2,
                "failures": failures,
                "notHeld": [{"reason": "CreateContainerError", "cells": 3, "message": "no command specified",
                             "nodes": self.nodes[:3], "image": name}] if i % 37 == 5 else []})
        return {
            "at": rfc3339(at or now()), "revision": self.revision, "evidence": "runtimes", "grouping": "image",
            "nodes": len(self.nodes), "images": len(self.images),
            "total": self.counts(b"".join(self.cells)), "rows": rows,
            **({"past": {"watched": True, "complete": True}} if at else {})}

    def node_answer(self, name):
        """None for a node that isn't there."""
        if name not in self.nodes:
            return None
        number = self.nodes.index(name)
        images = []
        for (image, reference), state in zip(self.images, self.cells[number]):
            one = {"name": image, "reference": reference, "state": STATES[state]}
            if state == FAILED:
                one |= {"reason": "notFound", "attempts": 3, "nextAttempt": rfc3339(now() + datetime.timedelta(minutes=7))}
            elif state >= PRESENT:
                one |= {"size": 184_000_000, "since": rfc3339(now() - datetime.timedelta(hours=30))}
            images.append(one)
        failing = [one["name"] for one in images if one["state"] == "failed"]
        causes = [{
            "kind": "imageFailing", "summary": f"{len(failing)} images fail: notFound.", "images": failing[:4],
            "evidence": [{"object": f"report of {name}", "field": "attempts", "at": rfc3339(now()),
                          "message": "failed to resolve reference: not found"}],
            "nextStep": "Correct the reference in IMAGES, or push the image.",
            "planned": "The next try is in 7 min."}] if failing else []
        return {"name": name, "at": rfc3339(now()), "revision": self.revision, "isTarget": True,
                "counts": self.counts(self.cells[number]), "causes": causes, "images": images, "reportAgeSeconds": 4,
                "agentVersion": "1.0.0", "runtime": "containerd 1.7.20", "diskCapacityBytes": 107_000_000_000,
                "diskFreeBytes": 61_000_000_000, "zone": self.zones[number],
                "past": {"joinedAt": rfc3339(now() - datetime.timedelta(days=12))}}

    def image_answer(self, name):
        """None for an image that isn't listed."""
        if not any(image == name for image, _ in self.images):
            return None
        return {"name": name, "digests": [
            {"digest": "sha256:" + "9f" * 32, "size": 184_000_000, "nodes": max(1, len(self.nodes) - 1),
             "example": self.nodes[0] if self.nodes else "", "architectures": ["amd64"]}],
            "pullSeconds": {"count": 1981, "p50": 14.2, "p95": 41, "p99": 77, "longest": 130},
            "failedAttempts": [{"reason": "registryUnavailable", "attempts": 12, "nodes": 7, "example": "refused",
                                "last": rfc3339(now())}],
            "firstSeen": rfc3339(now() - datetime.timedelta(days=20)), "lastChange": rfc3339(now())}

    def attempts_answer(self, node, image, limit):
        names = [node] * limit if node else self.nodes[:limit]
        return {"items": [
            {"startedAt": rfc3339(now()), "endedAt": rfc3339(now()), "seconds": 2.5 + i, "node": name,
             "image": self.images[i % len(self.images)][0], "reference": self.images[i % len(self.images)][1], "outcome": "failed" if i % 3 == 0 else "succeeded",
             **({"reason": "notFound", "message": "failed to resolve reference: not found"} if i % 3 == 0 else {})}
            for i, name in enumerate(names[:8]) if self.images]}

    def revisions_answer(self):
        name, reference = self.images[0] if self.images else ("web", "nginx:1.27")
        return {"items": [
            {"revision": 12, "at": rfc3339(now() - datetime.timedelta(hours=3)), "isAccepted": True, "errors": [],
             "changes": [{"key": "IMAGES", "entry": name, "from": "registry.example.com/shop/web:1.0", "to": reference},
                         {"key": "PULL_MAX_PARALLEL", "from": "250", "to": "100"}]},
            {"at": rfc3339(now() - datetime.timedelta(hours=4)), "isAccepted": False, "changes": [],
             "errors": ["PULL_MAX_PARALLEL: \"lots\" is no whole number. Next step: write one from 1 to 100000."]},
            {"revision": 11, "at": rfc3339(now() - datetime.timedelta(days=2)), "isAccepted": True, "errors": [],
             "changes": [{"key": "IMAGES", "entry": "old", "from": "registry.example.com/shop/old:0.9"}]}]}

    def series_answer(self, since, step, by, name=None):
        end = now()
        total = self.counts(b"".join(self.cells))
        points = []
        count = int(since // step)
        for k in range(count + 1):
            moment = end - datetime.timedelta(seconds=(count - k) * step)
            share = 1 - 0.25 * ((count - k) / max(1, count)) ** 2 - (0.12 if 0.55 < k / max(1, count) < 0.62 else 0)
            watched = not 0.3 < k / max(1, count) < 0.33
            cells = total["cells"]
            present = int(total["present"] * share) if watched else 0
            unknown = total["unknown"] if watched else cells
            counts = {"cells": cells, "present": present, "held": int(present * 0.98), "pulling": 0, "failed": 0,
                      "missing": cells - present - unknown, "unknown": unknown,
                      "percent": present * 100 / cells if cells else None}
            points.append({"at": rfc3339(moment), "revision": 12, "watched": watched, "nodes": len(self.nodes),
                           "images": len(self.images), "total": counts, "rows": []})
        return {"grouping": by, "stepSeconds": step, "points": points}
