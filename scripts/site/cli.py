"""Makes docs/cli.md of the JSON that a program of swift-argument-parser prints with --experimental-dump-help.

    coordinator --experimental-dump-help | python3 scripts/site/cli.py write|check
"""

import difflib
import json
import pathlib
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/cli.md"
HEAD = """# Command line

Made out of the program's own help by `scripts/cli-reference`. `coordinator` is the one program of the coordinator's image: it runs
the coordinator (`serve`), and as any other subcommand asks a running one or reads files. In the pod it is asked by

    kubectl -n k8s-image-puller exec deploy/kubernetes-image-puller -- coordinator coverage

and with [the plugin](install.md#the-kubectl-plugin) by `kubectl image-puller coverage`.

"""
# What every program of this library has; not worth a row in each table.
STANDARD = {"help", "version"}
# An option that so many commands share is described once.
SHARED = 4


def text(value):
    return " ".join((value or "").split())


def cell(value):
    return text(value).replace("|", "\\|").replace("<", "&lt;")


def name(argument):
    """As it is written: `--by`, or `<file>` for an argument by its place."""
    if argument["kind"] == "positional":
        return f"<{argument['valueName']}>"
    names = [("-" if one["kind"] == "short" else "--") + one["name"] for one in argument["names"]]
    written = ", ".join(sorted(names, key=len))
    return written + (f" <{argument['valueName']}>" if argument["kind"] == "option" else "")


def shown(command):
    for argument in command.get("arguments", []):
        plain = {one["name"] for one in argument.get("names") or []}
        if argument.get("shouldDisplay", True) and not plain & STANDARD:
            yield argument


def identity(argument):
    return name(argument), text(argument.get("abstract"))


def meaning(argument):
    words = text(argument.get("abstract"))
    choices = argument.get("allValueStrings") or argument.get("allValues") or []
    if choices and not all(choice in words for choice in choices):
        words += " One of: " + ", ".join(choices) + "."
    default = argument.get("defaultValue")
    if default is not None and argument["kind"] == "option" and "Default:" not in words:
        words += f" Default: {default}."
    if argument.get("isRepeating") and "several times" not in words and "given again" not in words:
        words += " Can be given several times."
    return words.strip()


def table(arguments):
    yield "| | |\n| --- | --- |\n"
    for argument in arguments:
        yield f"| `{name(argument)}` | {cell(meaning(argument))} |\n"


def commands(command, path=()):
    """All that can be called, each with the words before its options."""
    path = path + (command["commandName"],)
    children = [child for child in command.get("subcommands", []) if child["commandName"] != "help"]
    if not children:
        yield path, command
    for child in children:
        if child.get("shouldDisplay", True):
            yield from commands(child, path)


def usage(path, command):
    words = [" ".join(path)]
    for argument in shown(command):
        if argument["kind"] == "positional":
            word = f"<{argument['valueName']}>"
            words.append(f"[{word}]" if argument.get("isOptional") else word)
    return " ".join(words) + " [options]"


def paragraphs(value):
    """A discussion as Markdown: its own line breaks within paragraphs mean nothing."""
    for part in (value or "").split("\n\n"):
        if part.strip():
            yield cell(part) + "\n\n"


def reference(root):
    all_commands = list(commands(root))
    counts = {}
    for _, command in all_commands:
        for argument in shown(command):
            counts[identity(argument)] = counts.get(identity(argument), 0) + 1
    # Of two options of one name the one that more commands have: a row that isn't theirs would mislead the others.
    usual = {}
    for one in sorted(counts, key=counts.get):
        usual[one[0]] = one
    shared = {}
    for _, command in all_commands:
        for argument in shown(command):
            if counts[identity(argument)] >= SHARED and usual[name(argument)] == identity(argument):
                shared.setdefault(identity(argument), argument)
    yield HEAD
    yield from paragraphs(root.get("discussion"))
    yield "| command | |\n| --- | --- |\n"
    for path, command in all_commands:
        title = " ".join(path[1:])
        yield f"| [`{title}`](#{title.replace(' ', '-')}) | {cell(command.get('abstract'))} |\n"
    yield "\n`--help` works with each of them, and `coordinator --version` prints the version and its commit.\n"
    yield "\n## Options that several commands have\n\n"
    yield from table(shared.values())
    for path, command in all_commands:
        yield f"\n## {' '.join(path[1:])}\n\nUsage: `{usage(path, command)}`\n\n"
        yield from paragraphs(command.get("abstract"))
        yield from paragraphs(command.get("discussion"))
        own = [argument for argument in shown(command) if identity(argument) not in shared]
        if own:
            yield from table(own)
        common = [name(argument).split(" ")[0].rstrip(",") if argument["kind"] == "flag" else name(argument).split(" <")[0]
                  for argument in shown(command) if identity(argument) in shared]
        if common:
            yield ("\n" if own else "") + "And " + ", ".join(f"`{one}`" for one in common) \
                + " ([above](#options-that-several-commands-have)).\n"


def main():
    made = "".join(reference(json.load(sys.stdin)["command"]))
    if sys.argv[1:] != ["check"]:
        PAGE.write_text(made)
        return
    present = PAGE.read_text() if PAGE.exists() else ""
    if present != made:
        lines = difflib.unified_diff(
            present.splitlines(), made.splitlines(), "docs/cli.md", "the program's help", lineterm="", n=0)
        print("\n".join(list(lines)[:40]), file=sys.stderr)
        sys.exit("error: docs/cli.md isn't what the program's help makes: run scripts/cli-reference")


if __name__ == "__main__":
    main()
