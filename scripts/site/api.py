"""Writes docs/api.md out of Sources/Coordinator/Server/openapi.yaml; with --check only says whether it is what that makes."""

import pathlib
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = """# API

The HTTP API of the coordinator: on `127.0.0.1:8080` in its pod (`kubectl port-forward`, no token) and by TLS on port 8443 with a
bearer token ([security.md](security.md#api-clients)). This page is made out of
[openapi.yaml](../Sources/Coordinator/Server/openapi.yaml), which has the schemas and an example of each answer, by `make docs`; a
test compares that document with the routes of the program, which serves it at `/openapi.yaml`.

    curl --silent 'http://127.0.0.1:8080/api/v1/coverage?by=node'

"""


def resolved(value, document):
    """What a reference within the document leads to."""
    if "$ref" not in value:
        return value
    for part in value["$ref"].removeprefix("#/").split("/"):
        document = document[part]
    return document


def kind(schema, document):
    """A parameter's type in a few words, with its choices, bounds and default."""
    schema = resolved(schema, document)
    words = ""
    if "enum" in schema:
        words = ", ".join(f"`{choice}`" for choice in schema["enum"])
    else:
        words = str(schema.get("type", ""))
        if "minimum" in schema and "maximum" in schema:
            words += f" from {schema['minimum']} to {schema['maximum']}"
    if "default" in schema:
        default = str(schema["default"]).lower() if isinstance(schema["default"], bool) else schema["default"]
        words += f"; default `{default}`"
    return words


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def reference(document):
    yield HEAD
    yield document["info"]["description"].rstrip() + "\n\n"
    yield "| request | |\n| --- | --- |\n"
    operations = [
        (method.upper(), path, operation) for path, item in document["paths"].items()
        for method, operation in item.items() if method in ("get", "post", "put", "patch", "delete")]
    for method, path, operation in operations:
        anchor = "".join(c for c in f"{method} {path}".lower() if c.isalnum() or c in " -_").replace(" ", "-")
        yield f"| [`{method} {path}`](#{anchor}) | {cell(operation['summary'])} |\n"
    for method, path, operation in operations:
        yield f"\n## {method} {path}\n\n{operation['summary'].rstrip('.')}.\n"
        if operation.get("description"):
            yield "\n" + operation["description"].rstrip() + "\n"
        parameters = [resolved(parameter, document) for parameter in operation.get("parameters", [])]
        if parameters:
            yield "\n| parameter | in | type | meaning |\n| --- | --- | --- | --- |\n"
            for parameter in parameters:
                need = " (needed)" if parameter.get("required") and parameter["in"] != "path" else ""
                yield (f"| `{parameter['name']}`{need} | {parameter['in']} | {cell(kind(parameter['schema'], document))} "
                       f"| {cell(parameter.get('description', ''))} |\n")
        body = operation.get("requestBody")
        if body:
            body = resolved(body, document)
            types = ", ".join(f"`{name}`" for name in body["content"])
            yield f"\nBody: {types}. {cell(body.get('description', ''))}".rstrip() + "\n"
        yield "\n| status | |\n| --- | --- |\n"
        for status, answer in sorted(operation["responses"].items()):
            answer = resolved(answer, document)
            types = ", ".join(f"`{name}`" for name in answer.get("content", {}))
            yield f"| {status} | {cell(answer.get('description', ''))}{f' ({types})' if types else ''} |\n"


def main():
    with open(ROOT / "Sources/Coordinator/Server/openapi.yaml") as file:
        text = "".join(reference(yaml.safe_load(file)))
    page = ROOT / "docs/api.md"
    if "--check" not in sys.argv[1:]:
        page.write_text(text)
    elif not page.exists() or page.read_text() != text:
        sys.exit("error: docs/api.md isn't what Sources/Coordinator/Server/openapi.yaml makes: run scripts/docs write")


if __name__ == "__main__":
    main()
