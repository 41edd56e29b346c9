"""Reads `swift package describe --type json` and exits with 1 where a target imports what it doesn't name in Package.swift.

Such an import compiles only while another target's dependencies happen to have been built before.
"""

import json
import re
import sys
from pathlib import Path

IMPORT = re.compile(
    r"^ *(?:@\w+ +|package +|public +|internal +|private +|fileprivate +)*import +"
    r"(?:(?:struct|class|enum|func|protocol|var|let|typealias) +)?(\w+)$", re.MULTILINE)
# What the toolchain has.
TOOLCHAIN = {"Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Swift", "Synchronization", "Testing"}

package = json.load(sys.stdin)
targets = {target["c99name"]: target["name"] for target in package["targets"]}
wrong = []
for target in package["targets"]:
    if target.get("module_type") != "SwiftTarget":
        continue
    named = {*target.get("target_dependencies", ()), *target.get("product_dependencies", ()), target["name"]}
    for source in target["sources"]:
        path = Path(target["path"]) / source
        imported = set(IMPORT.findall(path.read_text(encoding="utf-8"))) - TOOLCHAIN
        wrong += [
            f"{path}: imports {module}, which target {target['name']} of Package.swift doesn't depend on"
            for module in sorted(imported) if targets.get(module, module) not in named]
for line in wrong:
    print(f"error: {line}", file=sys.stderr)
sys.exit(1 if wrong else 0)
