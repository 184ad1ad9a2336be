#!/usr/bin/env python3
"""Runs a snapshot's NDJSON files through the model and keeps what must come out.

    expected.py DIR OUT.db [--today 2024-06-15]

OUT.db is a SQLite file with `expected(family, id, document)`, `members(alias, id)` and
`counts(kind, name, count)`, whose kinds are family, alias, rejected, empty and ended. Documents are
canonical JSON: sorted keys, no blanks. The data is held in memory while it is computed.
"""

import argparse
import json
import pathlib
import sqlite3
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "model"))

from compare import canonical   # noqa: E402
from revalidation import ALIAS_FAMILY, FAMILIES, Model, aliases_of, london_today   # noqa: E402

CHANNELS = ("tcs", "gmc", "connection-logs", "hidden-discrepancies")
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE expected (family TEXT, id TEXT, document TEXT);
CREATE TABLE members (alias TEXT, id TEXT);
CREATE TABLE counts (kind TEXT, name TEXT, count INTEGER);
"""
# After the rows: several times faster than keeping them up to date.
_INDEXES = """
CREATE UNIQUE INDEX expected_key ON expected (family, id);
CREATE UNIQUE INDEX members_key ON members (alias, id);
"""


def read_model(directory):
    """The model after all files; a line that is no JSON counts as rejected."""
    model = Model()
    for channel in CHANNELS:
        with open(pathlib.Path(directory) / f"{channel}.ndjson", "rb") as file:
            for line in file:
                if not line.strip():
                    continue
                try:
                    body = json.loads(line)
                except ValueError:
                    model.rejected[channel] += 1
                    continue
                model.apply(channel, body)
    return model


def write(model, path, today):
    """Writes the expected file anew; a reader meets either no file or the whole one."""
    path = pathlib.Path(path)
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.unlink(missing_ok=True)
    db = sqlite3.connect(unfinished)
    db.executescript(_SCHEMA)
    counts = {("family", family): 0 for family in FAMILIES}
    counts |= {("alias", alias): 0 for alias in ALIAS_FAMILY}
    for family, key, document in model.iter_documents():
        db.execute("INSERT INTO expected VALUES (?, ?, ?)", (family, key, canonical(document)))
        counts["family", family] += 1
        for alias in aliases_of(family, document, today):
            db.execute("INSERT INTO members VALUES (?, ?)", (alias, key))
            counts["alias", alias] += 1
    for kind in ("rejected", "empty", "ended"):
        counts |= {(kind, channel): n for channel, n in getattr(model, kind).items()}
    db.executemany("INSERT INTO counts VALUES (?, ?, ?)", [(*key, n) for key, n in counts.items()])
    db.commit()
    db.executescript(_INDEXES)
    db.close()
    unfinished.replace(path)
    return counts


def main():
    parser = argparse.ArgumentParser(description="Keeps what must come out of a snapshot.")
    parser.add_argument("directory")
    parser.add_argument("out")
    parser.add_argument("--today", default=london_today(), help="in Europe/London")
    options = parser.parse_args()
    counts = write(read_model(options.directory), options.out, options.today)
    print(json.dumps({f"{kind}:{name}": n for (kind, name), n in counts.items()}))


if __name__ == "__main__":
    main()
