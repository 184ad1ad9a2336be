"""Tests of the readers of rising fields: they must see each step back."""

import json
import pathlib
import sqlite3
import tempfile
import unittest

from rising_readers import RisingReaders, Watch, embedded


def document(value, programme="Rising 1"):
    return {"doctorLastName": value, "programmeName": programme}


class WatchTest(unittest.TestCase):
    def test_rises_and_steps_back(self):
        watch = Watch()
        for value in ("Smith", "Rising 1", "Rising 3", "Rising 2", "Rising 2", "Rising 3", "Jones"):
            watch.saw({"1": document(value), "2": {}})
        self.assertEqual((watch.report["reads"], watch.report["rises"],
                          watch.report["steps_back"]), (7, 3, 3), watch.report)
        self.assertIn("'Rising 2' after 'Rising 3'", watch.report["problems"][0])

    def test_a_document_that_is_not_there_for_a_while_is_no_step_back(self):
        watch = Watch()
        for documents in ({"1": document("Rising 2")}, {}, {"1": document("Rising 2")}):
            watch.saw(documents)
        self.assertEqual(watch.report["steps_back"], 0)


class ReadersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "store.db"
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.addCleanup(self.db.close)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("CREATE TABLE masterdoctorindex (id TEXT PRIMARY KEY, document TEXT)")

    def write(self, n):
        self.db.execute("INSERT OR REPLACE INTO masterdoctorindex VALUES ('1', ?)",
                        (json.dumps(document(f"Rising {n}")),))

    def test_a_step_back_in_an_embedded_store(self):
        watch, (read, close) = Watch(), embedded(self.path, "masterdoctorindex", ["1", "2"])
        self.addCleanup(close)
        for n in (1, 2, 1):
            self.write(n)
            watch.saw(read())
        self.assertEqual((watch.report["rises"], watch.report["steps_back"]), (3, 1))

    def test_processes_report(self):
        self.write(1)
        with RisingReaders(["1"], sqlite=self.path) as readers:
            report = readers.stop()
        self.assertEqual((report["failed"], report["steps_back"]), (0, 0), report)
        self.assertGreaterEqual(report["reads"], 2)
        self.assertEqual(report["rises"], 4)

    def test_a_store_that_fails_is_told(self):
        self.db.execute("DROP TABLE masterdoctorindex")
        with RisingReaders(["1"], sqlite=self.path, processes=1) as readers:
            report = readers.stop()
        self.assertGreater(report["failed"], 0)
        self.assertIn("no such table", report["problems"][0])


if __name__ == "__main__":
    unittest.main()
