"""What the store's file and the expected data say of the aliases, without syncd's help."""

import contextlib
import pathlib
import sqlite3
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "model"))

from revalidation import ALIAS_FAMILY   # noqa: E402


def _open(path):
    return contextlib.closing(sqlite3.connect(
        pathlib.Path(path).resolve().as_uri() + "?mode=ro", uri=True, isolation_level=None))


def alias_counts(store):
    """Documents that each alias shows, all in one read transaction."""
    with _open(store) as db:
        db.execute("BEGIN")
        return {alias: db.execute(f'SELECT count(*) FROM "{alias}"').fetchone()[0]
                for alias in ALIAS_FAMILY}


def expected_counts(expected):
    """Documents that each alias must show, from a file of tests/data/expected.py."""
    with _open(expected) as db:
        rows = dict(db.execute("SELECT name, count FROM counts WHERE kind = 'alias'"))
    return {alias: rows[alias] for alias in ALIAS_FAMILY}
