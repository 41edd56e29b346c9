"""Prints a filter for the tests of those targets that a change reaches: `^(HistoryTests|ReportingTests)\\.`; nothing when
there are none.

Reads the package's description (`swift package describe --type json`) from standard input. The argument is the commit since
which something has changed; files that git doesn't track yet, and doesn't ignore, count too.
"""

import json
import pathlib
import re
import subprocess
import sys

# What programs read that tests start. What tests read themselves stands in their sources.
READ_BY_PROGRAMS = {
    "deploy/": {"DeployTests", "EndToEndTests", "ServerTests"},
    "docs/": {"DeployTests"},
    "scripts/": {"DeployTests"},
}


def changed_files(base: str) -> list[str]:
    def lines(*command: str) -> list[str]:
        return subprocess.run(["git", *command], check=True, capture_output=True, text=True).stdout.splitlines()

    return lines("diff", "--name-only", base, "--") + lines("ls-files", "--others", "--exclude-standard")


def named(file: str) -> re.Pattern:
    """Finds a file in a source that names it, or all of a folder that it is in: `"docs/a.md"`, `"docs"`, `"docs/\\(name)`."""
    folders = [re.escape(str(folder)) for folder in pathlib.PurePath(file).parents if str(folder) != "."]
    folder = rf"|(?:{'|'.join(folders)})(?:/?\"|/\\\()" if folders else ""
    return re.compile(rf"[\"/](?:{re.escape(file)}(?![\w.]){folder})")


def readers(targets: list[dict], files: list[str]) -> set[str]:
    """The targets of Tests/ whose sources name one of the files."""
    patterns = [named(file) for file in files]
    names = set()
    for target in targets:
        if target["path"].startswith("Tests/"):
            text = "".join(path.read_text() for path in pathlib.Path(target["path"]).rglob("*.swift"))
            if any(pattern.search(text) for pattern in patterns):
                names.add(target["name"])
    return names


def reached(targets: list[dict], files: list[str]) -> set[str]:
    """The names of all test targets that depend on a target in whose folder one of the files is."""
    tests = {target["name"] for target in targets if target["type"] == "test"}
    if "Package.swift" in files:
        return tests
    folders = sorted(((target["path"] + "/", target["name"]) for target in targets), reverse=True)
    names = readers(targets, [file for file in files if not file.endswith(".swift")])
    for file in files:
        owner = next((name for folder, name in folders if file.startswith(folder)), None)
        if owner:
            names.add(owner)
        for place, tests_of in READ_BY_PROGRAMS.items():
            if file.startswith(place):
                names |= tests_of
    users: dict[str, set[str]] = {}
    for target in targets:
        for dependency in target.get("target_dependencies", []):
            users.setdefault(dependency, set()).add(target["name"])
    waiting = list(names)
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in names:
                names.add(user)
                waiting.append(user)
    return names & tests


if __name__ == "__main__":
    found = sorted(reached(json.load(sys.stdin)["targets"], changed_files(sys.argv[1])))
    if found:
        print(f"^({'|'.join(found)})\\.")
