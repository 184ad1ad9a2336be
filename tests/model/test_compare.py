"""Tests of the comparison: it must find every kind of difference."""

import contextlib
import io
import json
import pathlib
import sqlite3
import sys
import tempfile
import unittest
from unittest import mock

import compare
from revalidation import ALIAS_FAMILY, FAMILIES

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "data"))

import expected    # noqa: E402
import generate    # noqa: E402

TODAY = "2025-06-15"


class Compare(unittest.TestCase):
    def test_each_kind_of_difference(self):
        documents = {"1": {"a": 1, "b": "x"}, "2": {"a": 2}}
        self.assertEqual(compare.compare(documents, documents.items()), [])
        for actual, difference in (
                ([("1", documents["1"])], "2: missing"),
                ([*documents.items(), ("3", {})], "3: not expected, is {}"),
                ([*documents.items(), ("2", {"a": 2})], "2: twice"),
                ([("1", {"a": True, "b": "x"}), ("2", {"a": 2})], "1: a is true, expected 1"),
                ([("1", {"a": 1}), ("2", {"a": 2})], '1: b is absent, expected "x"'),
                ([("1", documents["1"]), ("2", {"a": 2, "c": None})],
                 "2: c is null, expected absent")):
            self.assertEqual(compare.compare(documents, actual), [difference])

    def test_the_list_is_bounded(self):
        found = compare.compare({}, ((str(n), {}) for n in range(100)))
        self.assertEqual(len(found), compare.DIFFERENCES_MAX)


class Store(unittest.TestCase):
    """A generated snapshot, and a file laid out as the embedded store lays it out."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        generate.write(self.folder, 1000, batch=300, duplicates=0.05, shuffle=True)
        model = expected.read_model(self.folder)
        expected.write(model, self.folder / "expected.db", TODAY)
        self.store = sqlite3.connect(self.folder / "store.db", isolation_level=None)
        self.addCleanup(self.store.close)
        self.store.execute("PRAGMA journal_mode=WAL")
        self.store.execute("BEGIN")
        for family, documents in model.documents().items():
            self.store.execute(
                f"CREATE TABLE {family}_v7 (id TEXT PRIMARY KEY, version INTEGER, document TEXT)")
            self.store.executemany(
                f"INSERT INTO {family}_v7 VALUES (?, 1, ?)",
                [(key, json.dumps(document)) for key, document in documents.items()])
        filters = {"current_connections": "document ->> '$.existsInGmc'",
                   "discrepancies": "document ->> '$.designatedBodiesDiffer'",
                   "exceptionindex": f"document ->> '$.exceptionFrom' <= '{TODAY}'"}
        for alias, family in ALIAS_FAMILY.items():
            self.store.execute(f"CREATE VIEW {alias} AS SELECT id, version, document"
                               f" FROM {family}_v7 WHERE {filters.get(alias, 'true')}")
        self.store.execute("COMMIT")

    def run_main(self):
        arguments = ["compare.py", "--expected", str(self.folder / "expected.db"),
                     "--sqlite", str(self.folder / "store.db"), "--generation", "7"]
        out = io.StringIO()
        with mock.patch.object(sys, "argv", arguments), contextlib.redirect_stdout(out):
            return compare.main(), out.getvalue()

    def test_equal(self):
        self.assertEqual(self.run_main(), (0, "equal\n"))

    def test_every_family_is_compared(self):
        for family in FAMILIES:
            self.store.execute(
                f"DELETE FROM {family}_v7 WHERE id = (SELECT max(id) FROM {family}_v7)")
            code, text = self.run_main()
            self.assertEqual(code, 1)
            self.assertIn(f"{family}_v7: ", text)

    def test_every_alias_is_compared(self):
        for alias in ALIAS_FAMILY:
            self.store.execute(f"DROP VIEW {alias}")
            code, text = self.run_main()
            self.assertEqual(code, 1)
            self.assertIn(f"{alias}: can't be read: no such table", text)

    def test_a_filter_that_selects_too_much_is_found(self):
        self.store.execute("DROP VIEW discrepancies")
        self.store.execute("CREATE VIEW discrepancies AS SELECT * FROM masterdoctorindex_v7")
        code, text = self.run_main()
        self.assertEqual(code, 1)
        self.assertIn("not expected", text)


if __name__ == "__main__":
    unittest.main()
