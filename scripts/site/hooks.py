"""Brings pages of the repository that lie outside of docs into the site, and makes links work on both.

Files link to each other as they lie in the repository, so that they can be read there. In the site a page that is one of
`PAGES` has another place, and any other file of the repository that is linked to is copied.
"""

import os
import pathlib
import posixpath
import re

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Where a file of the repository is in the site.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-policy.md",
    "deploy/helm/README.md": "chart.md",
}
LINK = re.compile(r"(\]\()([^)#\s]+)(#[^)\s]*)?(\))")


def copy_of(path):
    """Where any other file of the repository is copied to; MkDocs leaves out names that begin with a dot."""
    return "source/" + "/".join(part.removeprefix(".") for part in path.split("/"))


def source_of(page):
    """The path in the repository of a page of the site."""
    for source, target in PAGES.items():
        if page == target:
            return source
    return "docs/" + page


def place_of(path):
    """The path in the site of a file of the repository; None: it isn't of the site by itself."""
    if path in PAGES:
        return PAGES[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else None


def targets(markdown, source):
    """The files of the repository that a page links to."""
    for match in LINK.finditer(markdown):
        link = match.group(2)
        if "://" not in link and not link.startswith("mailto:"):
            yield match, posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def on_files(files, config):
    for source, target in PAGES.items():
        files.append(File.generated(config, target, content=(ROOT / source).read_text()))
    files.append(File.generated(config, "stylesheets/site.css", content=".md-grid { max-width: 78rem; }\n"))
    icon = ROOT / "Sources/Coordinator/Dashboard/Page/favicon.svg"
    files.append(File.generated(config, "images/icon.svg", abs_src_path=os.fspath(icon)))
    copied = set()
    for file in list(files.documentation_pages()):
        source = source_of(file.src_uri)
        for _, path in targets(file.content_string, source):
            if place_of(path) is None and path not in copied and (ROOT / path).is_file():
                copied.add(path)
                files.append(File.generated(config, copy_of(path), abs_src_path=os.fspath(ROOT / path)))
    return files


def on_page_markdown(markdown, page, config, files):
    here = page.file.src_uri
    source = source_of(here)

    def rewritten(match, path):
        place = place_of(path)
        if place is None and (ROOT / path).is_file():
            place = copy_of(path)
        if place is None:
            # MkDocs says that there is no such page.
            return match.group(0)
        relative = posixpath.relpath(place, posixpath.dirname(here) or ".")
        return match.group(1) + relative + (match.group(3) or "") + match.group(4)

    for match, path in reversed(list(targets(markdown, source))):
        markdown = markdown[:match.start()] + rewritten(match, path) + markdown[match.end():]
    return markdown
