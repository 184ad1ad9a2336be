"""Gates that look into the new indexes: recorded queries, and every document, on real stores."""

import contextlib
import json
import signal
import sqlite3
import unittest

import harness    # first: it knows the folders of the others
import faults
import live
from targets import Cluster
from test_upgrades import plan_folder

DOCTORS = 300
MASTER = "masterdoctorindex"
SORTED_BY = '"gmcReferenceNumber": {"type": "text", "fielddata": true, '
NOT_SORTED_BY = '"gmcReferenceNumber": {"type": "text", '
ALL = {"gates": {"max_shrink": 0.9, "digest": "all"}}
SOME = 15
AT = {"SYNCD_TEST_STOP_AT": "seal.before"}


class QueriesTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)

    def test_a_mapping_that_breaks_a_sort(self):
        """All documents are there, and the page that sorts them would show an error."""
        store = self.cluster()
        deployment = harness.Deployment(self, store.url)
        first = deployment.sync(self.FIRST.folder).gate("queries")
        self.assertRegex(first["detail"], r"connection-summary: new -> \d+ hits, [\d.]+ ms")
        deployment.use_plan(plan_folder(self, (f"{MASTER}.json", SORTED_BY, NOT_SORTED_BY)))
        outcome = deployment.sync(self.SECOND.folder, code=3)
        self.assertEqual(outcome.failed_gates(), ["queries"])
        detail = outcome.gate("queries")["detail"]
        for text in ("connection-summary", "the live current_connections", f"{MASTER}_v2",
                     "gmcReferenceNumber"):
            self.assertIn(text, detail)
            self.assertIn(text, outcome.message())
        self.assert_shows(store, self.FIRST, generation=1)
        deployment.run("sync", "--promote", 2, "--override", "queries")
        self.assertEqual(self.assert_one_generation(store), 2)

    def test_what_the_embedded_store_can_not_run_is_said(self):
        store = self.embedded()
        deployment = harness.Deployment(self, store.url)
        deployment.sync(self.FIRST.folder)
        outcome = deployment.sync(self.SECOND.folder)
        self.assertIn("connection-summary: not run: ", outcome.gate("queries")["detail"])
        self.assert_shows(store, self.SECOND, generation=2)

    def test_fewer_hits_through_an_alias_that_has_not_shrunk(self):
        """The embedded store runs what only selects."""
        query = ('\n[[query]]\nname = "visitors"\nalias = "recommendations"\n'
                 'body = "visitors.json"\nshrink_slack = 5\n')
        last = 'body = "query-exceptions.json"\n'
        plan = plan_folder(self, ("plan.toml", last, last + query))
        (plan / "visitors.json").write_text(json.dumps(
            {"query": {"exists": {"field": "submissionDate"}}}), encoding="utf-8")
        store = self.embedded()
        deployment = harness.Deployment(self, store.url)
        deployment.use_plan(plan)
        deployment.sync(self.FIRST.folder)
        # Somebody forgets a column.
        name = "d.submissionDate AS submissionDate"
        master = (plan / "master.sql").read_text(encoding="utf-8")
        self.assertEqual(master.count(name), 1)
        (plan / "master.sql").write_text(
            master.replace(name, "NULL AS submissionDate"), encoding="utf-8")
        outcome = deployment.sync(self.FIRST.folder, code=3)
        self.assertEqual(outcome.failed_gates(), ["queries"])
        self.assertRegex(outcome.message(), r"visitors: \d+ -> 0 hits.*--override queries")
        self.assertRegex(deployment.text("status"),
                         r"generation 2: sealed\n  gate queries +NOT PASSED: visitors: \d+ -> 0 hits")
        self.assert_shows(store, self.FIRST, generation=1)


class WholeDigestTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)

    def test_documents_changed_behind_the_back_of_a_build(self):
        """One is gone, one another, one more: the count is right."""
        store = self.embedded()
        deployment = harness.Deployment(self, store.url, **ALL)
        outcome = deployment.sync(self.FIRST.folder)
        self.assertIn(f"{MASTER}_v1: all {self.FIRST.size('family', MASTER)} documents equal",
                      outcome.gate("digest")["detail"])
        running = deployment.start("sync", "--from", self.FIRST.folder, **AT)
        harness.wait_until(running.stopped, "it is about to seal")
        with contextlib.closing(sqlite3.connect(store.path)) as db, db:
            lost, other = (row[0] for row in db.execute(
                f"SELECT id FROM {MASTER}_v2 ORDER BY id LIMIT 2 OFFSET 50"))
            db.execute(f"DELETE FROM {MASTER}_v2 WHERE id = ?", (lost,))
            db.execute(f"INSERT INTO {MASTER}_v2 VALUES ('nobody', 1, '{{}}')")
            db.execute(f"UPDATE {MASTER}_v2 SET document = json_set(document, '$.admin', 'Eve') "
                       "WHERE id = ?", (other,))
        running.signal(signal.SIGCONT)
        outcome = running.finish()
        self.assertEqual(outcome.code, 3, outcome)
        self.assertEqual(outcome.failed_gates(), ["digest"])
        detail = outcome.gate("digest")["detail"]
        self.assertIn(f"missing {lost}; extra nobody; different {other}", detail)
        self.assertIn(f"{MASTER}_v2: of {self.FIRST.size('family', MASTER)} documents in 256 "
                      "buckets those of ", detail)
        self.assert_shows(store, self.FIRST, generation=1)


class WholeDigestUnderEventsTest(harness.EndToEnd):

    def test_only_what_no_event_has_written_is_named(self):
        """Events change documents between load and comparison; so does somebody, a few others."""
        with faults.Between(self.cluster().url) as between:
            store = Cluster(between.url)
            with live.Bed(self, store, changes=300, doctors=DOCTORS, in_order=True, **ALL) as bed:
                bed.daemon.start()
                bed.peers.feeds = bed.feeds(seconds=0)
                bed.daemon.sync()
                held = between.hold(faults.SETTINGS)    # of what is loaded, and about to be sealed
                run = bed.daemon.start_sync()
                held.wait()
                bed.advance(0.5)
                changed = self.change_some(store, f"{MASTER}_v{run}")
                held.release()
                bed.wait_until(lambda: bed.daemon.status()["run"] is None, "the run has ended")
                self.assertEqual(bed.daemon.status()["last_run"]["state"], "refused")
                gates = bed.daemon.generation(run)["gates"]
                failed = {gate["gate"]: gate["detail"] for gate in gates if not gate["passed"]}
                self.assertEqual(list(failed), ["digest"])
                _, _, named = failed["digest"].partition("): different ")
                self.assertEqual(set(named.split(", ")), changed, failed["digest"])
                self.assertEqual(self.assert_one_generation(store), 1)

    def change_some(self, store, building):
        """As any tool does it, so that versions rise as if events had; returns the ids. Some are in
        one bucket with documents that events have changed."""
        store.call("POST", f"/{building}/_refresh")
        loaded, now = (self.documents(store, name) for name in (building, f"{MASTER}_v1"))
        same = [key for key, document in loaded.items() if now.get(key) == document]
        self.assertLess(len(same), len(loaded), "no event has changed anything")
        for key in same[:SOME]:
            store.call("PUT", f"/{building}/_doc/{key}", loaded[key] | {"admin": "Eve"})
        return set(same[:SOME])

    @staticmethod
    def documents(store, name):
        hits = store.call("GET", f"/{name}/_search?size=10000")["hits"]["hits"]
        return {hit["_id"]: hit["_source"] for hit in hits}


if __name__ == "__main__":
    unittest.main()
