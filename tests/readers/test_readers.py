"""Tests of the readers: what is right passes, and each planted fault is reported as what it is."""

import json
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "data"))

import expected                                         # noqa: E402
import generate                                         # noqa: E402
from fake_stores import ClusterStub, EmbeddedStore      # noqa: E402
from reading import ALIASES, PROBLEMS, DataSet, Question, judge     # noqa: E402
from readers import Readers, clean                      # noqa: E402
from stores import ClusterReader, EmbeddedReader, ReadFailed        # noqa: E402

DOCTORS = 3000
TODAY = "2025-06-15"


def setUpModule():   # noqa: N802
    global folder, files
    folder = pathlib.Path(tempfile.mkdtemp())
    files = []
    for edition, name in ((1, "A"), (2, "B")):
        generate.write(folder / name, DOCTORS, edition)
        files.append(folder / f"{name}.db")
        expected.write(expected.read_model(folder / name), files[-1], TODAY)


def tearDownModule():   # noqa: N802
    shutil.rmtree(folder)


class StoreTest(unittest.TestCase):
    """A store with generation 1 of A, live, and generation 2 of B."""

    def setUp(self):
        self.data_sets = [DataSet(file) for file in files]
        self.store = EmbeddedStore(folder / f"{self.id()}.store")
        self.addCleanup(self.store.close)
        self.store.load(1, files[0])
        self.store.load(2, files[1])
        self.store.swap(1)
        self.reader = EmbeddedReader(self.store.path)
        self.addCleanup(self.reader.close)

    def verdict(self, *questions, data_sets=None):
        answers = self.reader.read(questions)
        return judge(questions, answers, data_sets or self.data_sets)

    def assert_kind(self, kind, *questions):
        verdict = self.verdict(*questions)
        self.assertEqual(verdict.kind, kind, verdict)
        return verdict


class Judgement(StoreTest):
    def page(self, alias="masterdoctorindex", size=100):
        return Question("page", alias, ("7001000", size))

    def test_each_kind_of_read_of_either_generation_is_good(self):
        chance = random.Random(1)
        for generation, data_set in ((1, self.data_sets[0]), (2, self.data_sets[1])):
            self.store.swap(generation)
            kinds = set()
            for n in range(400):
                questions = self.reader.questions(ALIASES[n % len(ALIASES)], data_set, chance)
                kinds |= {question.kind for question in questions}
                answers = self.reader.read(questions)
                verdict = judge(questions, answers, self.data_sets, data_set)
                self.assertEqual((verdict.kind, verdict.data_set), ("good", data_set), verdict)
            self.assertEqual(kinds, {"count", "page", "ids"})
            everything = self.reader.all_aliases(data_set, chance)
            self.assertIs(self.assert_kind("good", *everything).data_set, data_set)

    def test_what_both_explain_is_of_the_one_seen_before(self):
        absent = Question("ids", "masterdoctorindex", ("nobody",))
        for data_set in self.data_sets:
            self.assertIs(judge([absent], [[]], self.data_sets, data_set).data_set, data_set)

    def test_an_alias_that_shows_nothing_is_empty(self):
        self.store.db.execute("DELETE FROM masterdoctorindex_v1")
        for alias in ("masterdoctorindex", "current_connections"):
            self.assert_kind("empty", Question("count", alias, ()))
            self.assert_kind("empty", self.page(alias))
        both = self.data_sets[0].random_member("recommendationindex", random.Random(2))
        self.store.db.execute("DELETE FROM recommendationindex_v1 WHERE id = ?", (both,))
        if self.data_sets[1].document("recommendationindex", both):
            self.assert_kind("empty", Question("ids", "recommendationindex", (both,)))

    def test_one_document_more_or_less_is_mixed(self):
        key = self.reader.read([self.page()])[0][50][0]
        count = Question("count", "masterdoctorindex", ())
        self.store.db.execute("BEGIN")
        self.store.db.execute(
            "UPDATE masterdoctorindex_v1 SET id = id || ':9' WHERE id = ?", (key,))
        self.store.db.execute("COMMIT")
        self.assert_kind("wrong", self.page())
        self.store.db.execute("DELETE FROM masterdoctorindex_v1 WHERE id = ?", (key + ":9",))
        self.assertIn(key, self.assert_kind("mixed", self.page()).problem)
        self.assert_kind("mixed", count)

    def test_one_document_of_the_other_data_set_is_mixed(self):
        rows = self.store.db.execute(
            "SELECT two.id, two.document FROM masterdoctorindex_v1 AS one"
            " JOIN masterdoctorindex_v2 AS two USING (id) WHERE id > '7001010' LIMIT 1").fetchall()
        self.store.db.execute("UPDATE masterdoctorindex_v1 SET document = ? WHERE id = ?",
                              rows[0][::-1])
        self.assert_kind("mixed", self.page())

    def test_a_document_of_no_data_set_is_wrong(self):
        for change in ("json_set(document, '$.gmcReferenceNumber', 7)",
                       "json_set(document, '$.designatedBodiesDiffer', 1)",
                       "json_remove(document, '$.doctorLastName')", "substr(document, 2)"):
            self.store.db.execute("BEGIN")
            self.store.db.execute(f"UPDATE masterdoctorindex_v1 SET document = {change}"
                                  " WHERE id >= '7001000' AND id < '7001050'")
            self.store.db.execute("COMMIT")
            self.assert_kind("wrong", self.page())

    def test_a_document_that_a_filter_should_hide_is_mixed(self):
        self.store.db.execute("DROP VIEW discrepancies")
        self.store.db.execute("CREATE VIEW discrepancies AS SELECT * FROM masterdoctorindex_v1")
        self.assert_kind("mixed", self.page("discrepancies"))

    def test_two_aliases_of_two_builds_in_one_transaction_are_mixed(self):
        self.store.swap(2, ["discrepancies"])
        questions = self.page("discrepancies"), self.page("recommendations")
        for question in questions:
            self.assert_kind("good", question)
        self.assert_kind("mixed", *questions)

    def test_an_alias_that_is_gone_or_locked_fails(self):
        self.store.db.execute("DROP VIEW discrepancies")
        with self.assertRaises(ReadFailed):
            self.reader.read([self.page("discrepancies")])
        self.assert_kind("good", self.page())
        self.reader.close()
        self.reader.BUSY_TIMEOUT_S = 0
        self.store.db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self.store.db.execute("DELETE FROM exceptionindex_v2")
        with self.assertRaisesRegex(ReadFailed, "locked"):
            self.reader.read([self.page()])


class Processes(StoreTest):
    def readers(self, **options):
        return Readers(files, sqlite=self.store.path, processes=2, **options)

    def test_swaps_there_and_back_are_seen_and_good(self):
        with self.readers() as readers:
            for generation, name in ((2, "B"), (1, "A"), (2, "B"), (1, "A")):
                self.store.swap(generation)
                readers.wait_until_all_see(name)
            report = readers.stop()
        self.assertTrue(clean(report), report)
        self.assertEqual(report["switches_max"], 4)
        self.assertGreater(min(report["seen"].values()), 0)
        self.assertEqual(report["reads"], sum(report["seen"].values()))
        self.assertGreater(report["documents_checked"], report["reads"])

    def run_until(self, fault, kind):
        """Reads while a fault is planted; returns once it was reported."""
        with self.readers() as readers:
            fault()
            end = time.monotonic() + 60
            while not readers.progress()[kind] and time.monotonic() < end:
                time.sleep(0.01)
            report = readers.stop()
        self.assertGreater(report[kind], 0, report)
        self.assertTrue(any(problem.startswith(kind) for problem in report["first_problems"]))
        self.assertFalse(clean(report))
        return report

    def test_an_emptied_table_is_reported(self):
        self.run_until(lambda: self.store.db.execute("DELETE FROM exceptionindex_v1"), "empty")

    def test_an_alias_left_behind_is_reported(self):
        others = [alias for alias in ALIASES if alias != "connectedindex"]
        report = self.run_until(lambda: self.store.swap(2, others), "mixed")
        self.assertEqual((report["empty"], report["wrong"], report["failed"]), (0, 0, 0))

    def test_a_lost_document_is_reported(self):
        self.run_until(lambda: self.store.db.execute(
            "DELETE FROM masterdoctorindex_v1 WHERE id LIKE '7000117%'"), "mixed")

    def test_wrong_documents_are_reported(self):
        self.run_until(lambda: self.store.db.execute(
            "UPDATE recommendationindex_v1 SET document = json_set(document, '$.admin', 'x')"
            " WHERE id LIKE '%7%'"), "wrong")

    def test_an_alias_dropped_and_made_again_in_two_steps_is_reported(self):
        self.run_until(lambda: self.store.db.execute("DROP VIEW recommendations"), "failed")

    def test_a_reader_that_dies_is_reported(self):
        with self.readers() as readers:
            readers._processes[0].kill()
            readers._processes[0].join()
            report = readers.stop()
        self.assertEqual(report["failed"], 1)
        self.assertIn("ended with code -9", report["first_problems"][0])

    def test_a_store_that_is_not_there_is_reported(self):
        with Readers(files, sqlite=folder / "absent", processes=1) as readers:
            report = readers.stop()
        self.assertGreater(report["failed"], 0)
        self.assertFalse(clean(report))

    def test_the_command_reports_and_ends_by_code(self):
        for live, code in ((2, 0), (1, 1)):   # only B is expected
            self.store.swap(live)
            ready, report = folder / f"ready{live}", folder / f"report{live}"
            process = subprocess.Popen(
                [sys.executable, HERE / "readers.py", "--expected", files[1], "--sqlite",
                 self.store.path, "--processes", "1", "--ready", ready, "--report", report],
                stdout=subprocess.PIPE, text=True)
            while not ready.exists():
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            printed = process.communicate(timeout=60)[0]
            self.assertEqual(process.returncode, code)
            self.assertEqual(json.loads(printed), json.loads(report.read_text()))
            self.assertEqual(set(json.loads(printed)["seen"]), {"B"})


class OverHttp(unittest.TestCase):
    def setUp(self):
        self.data_sets = [DataSet(file) for file in files]
        connections = [sqlite3.connect(file, check_same_thread=False) for file in files]
        for connection in connections:
            self.addCleanup(connection.close)
        served = [DataSet(file) for file in files]
        for data_set, connection in zip(served, connections):
            data_set._db = connection
        self.served = served
        self.stub = ClusterStub(served[0])
        self.addCleanup(self.stub.close)
        self.reader = ClusterReader(self.stub.url)
        self.addCleanup(self.reader.close)

    def test_each_kind_of_read_is_good(self):
        chance, kinds = random.Random(3), set()
        for n in range(300):
            questions = self.reader.questions(
                ALIASES[n % len(ALIASES)], self.data_sets[1], chance)
            kinds.add((questions[0].kind, len(questions)))
            verdict = judge(questions, self.reader.read(questions), self.data_sets)
            self.assertEqual(verdict.kind, "good", verdict)
        self.assertEqual(kinds, {("count", 1), ("ids", 1), ("range", 1), ("range", 2)})
        questions = self.reader.all_aliases(self.data_sets[0], chance)
        verdict = judge(questions, self.reader.read(questions), self.data_sets)
        self.assertIs(verdict.data_set, self.data_sets[0])

    def test_searches_of_one_request_count_each_alone(self):
        chance, sizes = random.Random(4), set()
        for n in range(300):
            reads = self.reader.reads(ALIASES[n % len(ALIASES)], self.data_sets[1], chance)
            sizes.add(len(reads))
            for questions, answers in zip(reads, self.reader.read_each(reads), strict=True):
                self.assertEqual(judge(questions, answers, self.data_sets).kind, "good")
        self.assertGreaterEqual(sizes, set(range(1, ClusterReader.SEARCHES + 1)))
        several = [[Question("ids", alias, ("7000001",))] for alias in ALIASES[:3]]
        for planted in ((503, {"error": {"type": "no_shard_available_action_exception"}}),
                        (200, {"_shards": {"total": 2, "successful": 1, "failed": 0}})):
            self.stub.planted = planted
            self.assertEqual([type(answers) for answers in self.reader.read_each(several)],
                             [ReadFailed] * 3)
        self.stub.close()
        self.reader.close()
        self.assertEqual([type(answers) for answers in self.reader.read_each(several)],
                         [ReadFailed] * 3)

    def test_answers_that_are_not_whole_fail(self):
        question = Question("ids", "discrepancies", ("7000001",))
        for planted in ((503, {}), (404, {}), (200, {"timed_out": True}),
                        (200, {"_shards": {"total": 2, "successful": 1, "failed": 1}})):
            self.stub.planted = planted
            with self.assertRaises(ReadFailed):
                self.reader.read([question])
        self.stub.planted = 200, {"count": 0}
        count = [Question("count", "discrepancies", ())]
        self.assertEqual(judge(count, self.reader.read(count), self.data_sets).kind, "empty")
        self.stub.close()
        self.reader.close()
        with self.assertRaises(ReadFailed):
            self.reader.read([question])

    def test_two_families_of_two_builds_in_one_search_are_mixed(self):
        bounds = "7001000", "7001100"
        questions = [Question("range", alias, bounds)
                     for alias in ("discrepancies", "connectedindex")]
        answers = [data_set.answer(question)
                   for data_set, question in zip(self.data_sets, questions)]
        self.assertEqual(judge(questions, answers, self.data_sets).kind, "mixed")

    def test_processes_follow_a_swap(self):
        with Readers(files, url=self.stub.url, processes=2) as readers:
            self.stub.data_set = self.served[1]
            readers.wait_until_all_see("B")
            report = readers.stop()
        self.assertTrue(clean(report), report)
        self.assertEqual(set(PROBLEMS) & set(report), set(PROBLEMS))


if __name__ == "__main__":
    unittest.main()
