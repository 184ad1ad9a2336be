#!/usr/bin/python3
"""Writes what the contract found on each search server into docs/compatibility.md.

    ctest --preset test -R '^contract_' && tests/contract/results.py build/test/contract

The folder holds what GoogleTest wrote, one file a run. Each server of tests/servers must be in it.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "servers"))

import servers  # noqa: E402

DOCUMENT = ROOT / "docs/compatibility.md"
HEAD = "| `tests/servers` | version | passed | failed | skipped |\n|---|---|--:|--:|--:|\n"
TABLE = re.compile(re.escape(HEAD) + r"(\|.*\n)*")


def search_servers():
    """Name of each search server → its version."""
    return {name: servers.SERVERS[name]().version for name in servers.SERVERS if "search" in name}


def instance(name):
    """What GoogleTest calls a server, in small letters."""
    return re.sub("[^a-z0-9]", "", name)


def counts(folder):
    """Instance → [passed, failed, skipped]."""
    found = {}
    for file in sorted(pathlib.Path(folder).glob("*.json")):
        for suite in json.loads(file.read_text(encoding="utf-8"))["testsuites"]:
            for test in suite["testsuite"]:
                row = found.setdefault(test["name"].rpartition("/")[2].lower(), [0, 0, 0])
                skipped = test["result"] == "SKIPPED"
                row[2 if skipped else 1 if test.get("failures") else 0] += 1
    return found


def table(found, versions):
    rows = []
    for name, version in versions.items():
        passed, failed, skipped = found[instance(name)]
        rows.append(f"| `{name}` | {version} | {passed} | {failed} | {skipped} |\n")
    return HEAD + "".join(rows)


def main(folder):
    found, versions = counts(folder), search_servers()
    missing = [name for name in versions if instance(name) not in found]
    if missing:
        print(f"results.py: no results in {folder} of {', '.join(missing)}", file=sys.stderr)
        return 1
    text, replaced = TABLE.subn(lambda _: table(found, versions), DOCUMENT.read_text("utf-8"))
    if replaced != 1:
        print(f"results.py: {DOCUMENT} has {replaced} such tables", file=sys.stderr)
        return 1
    DOCUMENT.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
