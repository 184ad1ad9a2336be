"""Rebuilds that must not go live, or must in spite of something; readers notice neither."""

import json
import shutil
import unittest

import harness
import services
from test_rebuild import feeds

DOCTORS = 1_000
PLAN = harness.HERE.parents[1] / "app" / "syncd" / "plans" / "tis"
STALLS = {"sync": {"start_timeout": "2s", "stall_timeout": "5s", "quiet": "300ms",
                   "owed_timeout": "2s"}}


def copy_with(test, snapshot, channel, change):
    """A snapshot's files with `change(lines)` made to those of one channel."""
    folder = harness.temporary(test)
    for path in snapshot.folder.glob("*.ndjson"):
        shutil.copy(path, folder)
    path = folder / f"{channel}.ndjson"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")
    return folder


def wrong_date(lines):
    """A date that no calendar has, in the first trainee."""
    record = json.loads(lines[0]) | {"curriculumEndDate": "2031-13-41"}
    return [json.dumps(record), *lines[1:]]


class RefusalsTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)
    FEWER = harness.Snapshot(DOCTORS, edition=2, drop=0.3)

    def live(self, store, **sections):
        """A deployment whose generation 1 is live, with edition 1."""
        deployment = harness.Deployment(self, store.url, **sections)
        deployment.sync(self.FIRST.folder)
        self.assert_shows(store, self.FIRST, generation=1)
        return deployment

    def assert_untouched(self, store):
        self.assertEqual(self.assert_one_generation(store), 1)
        self.assert_shows(store, self.FIRST, generation=1)

    def stalled(self, store):
        """The second sync's sender dies half-way."""
        amqp = harness.server("rabbitmq")
        deployment = self.live(store, amqp={"url": amqp}, **STALLS)
        feeding = feeds(self.SECOND, batch=0)
        feeding["gmc"].dies_after = DOCTORS // 2
        with services.Services(amqp, feeding) as senders:
            outcome = deployment.run("sync", code=1)
            self.assertEqual(senders.problems, [])
        self.assertEqual(outcome.report["state"], "failed")
        self.assertEqual(outcome.report["live"], 1)
        self.assertRegex(outcome.message(), r"\bgmc\b")
        self.assertFalse(outcome.report["channels"]["gmc"]["ended"])
        self.assertTrue(outcome.report["channels"]["tcs"]["ended"])
        self.assert_untouched(store)

        # The next sync is as if nothing had been, and prune removes what was left behind.
        self.assertEqual(deployment.run("status").report["live"], 1)
        pruned = deployment.run("prune").report
        self.assertIn("masterdoctorindex_v2", pruned["deleted"])
        self.assert_only(store, 1)
        self.assert_untouched(store)
        with services.Services(amqp, feeds(self.SECOND, batch=100)):
            deployment.run("sync")
        self.assert_shows(store, self.SECOND)

    def shrunk(self, store, *gates):
        """30 % of the doctors are missing; `gates` stop the swap."""
        deployment = self.live(store)
        outcome = deployment.sync(self.FEWER.folder, code=3)
        self.assertEqual(outcome.report["state"], "refused")
        self.assertEqual(outcome.failed_gates(), list(gates))
        detail = outcome.gate("shrink")["detail"]
        for word in ("current_connections",
                     str(self.FIRST.size("alias", "current_connections")),
                     str(self.FEWER.size("alias", "current_connections"))):
            self.assertIn(word, detail)
            self.assertIn(word, outcome.message())
        self.assert_untouched(store)

        generation = outcome.report["generation"]
        for gate in ("ended", "counts"):
            refused = deployment.run("sync", "--promote", generation, "--override", gate,
                                     code=2)
            self.assertIn(gate, refused.message())
        deployment.run("sync", "--promote", generation, code=3)
        self.assert_untouched(store)
        overrides = [word for gate in gates for word in ("--override", gate)]
        outcome = deployment.run("sync", "--promote", generation, *overrides)
        self.assertEqual((outcome.report["state"], outcome.report["live"]),
                         ("promoted", generation))
        self.assertTrue(outcome.gate("shrink")["overridden"])
        self.assert_shows(store, self.FEWER, generation=generation)
        deployment.run("rollback")
        self.assert_untouched(store)

    def refused_document(self, store):
        """A document with a date that the store refuses."""
        deployment = self.live(store)
        folder = copy_with(self, self.SECOND, "tcs", wrong_date)
        outcome = deployment.sync(folder, code=3)
        self.assertEqual(outcome.report["state"], "refused")
        self.assertIn("refused", outcome.failed_gates())
        self.assert_untouched(store)
        letters = [letter for letter in deployment.dead_letters() if letter["kind"] == "refused"]
        # Both master and the derived families that carry the date refuse it.
        self.assertEqual({letter["family"] for letter in letters},
                         {"masterdoctorindex", "recommendationindex"})
        for letter in letters:
            self.assertRegex(letter["reason"], "curriculumEndDate")
            shown = deployment.run("dead-letters", "show", letter["id"]).report
            body = shown["body"]
            body = json.loads(body) if isinstance(body, str) else body
            self.assertEqual(body["curriculumEndDate"], "2031-13-41")
        self.assertEqual(outcome.report["dead_letters"], len(letters))

    def no_json(self, store):
        """A message that is no JSON, and a summary without a key: within max_rejected."""
        deployment = self.live(store)
        folder = copy_with(self, self.SECOND, "gmc", lambda lines: [
            lines[0], "{ this is no JSON", '{"payload":{"doctor":{"admin":"nobody"}}}', *lines[1:]])
        outcome = deployment.sync(folder)
        self.assertEqual(outcome.report["state"], "promoted")
        self.assertEqual(outcome.report["channels"]["gmc"]["rejected"], 2)
        self.assertEqual(outcome.report["dead_letters"], 2)
        letters = deployment.dead_letters()
        self.assertEqual([(letter["channel"], letter["kind"]) for letter in letters],
                         [("gmc", "rejected")] * 2)
        shown = [deployment.run("dead-letters", "show", letter["id"]).report for letter in letters]
        self.assertIn("{ this is no JSON", [letter["body"] for letter in shown])
        self.assert_shows(store, self.SECOND)

    def test_stalled_embedded(self):
        self.stalled(self.embedded())

    def test_stalled_opensearch(self):
        self.stalled(self.cluster())

    def test_shrunk_embedded(self):
        self.shrunk(self.embedded(), "shrink")

    def test_shrunk_opensearch(self):
        self.shrunk(self.cluster(), "shrink", "queries")

    def test_refused_document_embedded(self):
        self.refused_document(self.embedded())

    def test_refused_document_opensearch(self):
        self.refused_document(self.cluster())

    def test_no_json_embedded(self):
        self.no_json(self.embedded())

    def test_no_json_from_rabbitmq_into_opensearch(self):
        store, amqp = self.cluster(), harness.server("rabbitmq")
        deployment = harness.Deployment(self, store.url, amqp)
        feeding = feeds(self.SECOND, batch=0)
        feeding["tcs"].extra = ((7, b"\xff{ no JSON"),)
        with services.Services(amqp, feeding) as senders:
            outcome = deployment.run("sync")
            self.assertEqual(senders.problems, [])
        self.assertEqual(outcome.report["channels"]["tcs"]["rejected"], 1)
        self.assertEqual(outcome.report["dead_letters"], 1)
        self.assert_shows(store, self.SECOND, generation=1)

    def test_too_many_rejected(self):
        store = self.embedded()
        deployment = self.live(store)
        folder = copy_with(self, self.SECOND, "gmc", lambda lines: ["{"] * 11 + lines)
        outcome = deployment.sync(folder, code=3)
        self.assertEqual(outcome.failed_gates(), ["rejected"])
        self.assert_untouched(store)
        generation = outcome.report["generation"]
        deployment.run("sync", "--promote", generation, "--override", "rejected")
        self.assert_shows(store, self.SECOND)

    def test_missing_file(self):
        store = self.embedded()
        deployment = self.live(store)
        folder = copy_with(self, self.SECOND, "gmc", lambda lines: lines)
        (folder / "gmc.ndjson").unlink()
        outcome = deployment.run("sync", "--from", folder, code=2)
        self.assertIn("gmc.ndjson", outcome.message())
        self.assert_untouched(store)

    def test_a_file_that_may_be_missing(self):
        channel = "hidden-discrepancies"
        plan = harness.temporary(self) / "plan"
        shutil.copytree(PLAN, plan)
        text = (plan / "plan.toml").read_text(encoding="utf-8")
        name = f'name = "{channel}"\n'
        self.assertEqual(text.count(name), 1)
        (plan / "plan.toml").write_text(text.replace(name, f"{name}may_be_empty = true\n"),
                                        encoding="utf-8")
        folder = copy_with(self, self.SECOND, channel, lambda lines: ['{"syncEnd":true}'])
        expected = harness.compare.Expected(harness.expect(folder))
        (folder / f"{channel}.ndjson").unlink()
        store = self.embedded()
        harness.Deployment(self, store.url).sync(folder, SYNCD_PLAN=str(plan))
        self.assertEqual(store.differences(expected), [])


if __name__ == "__main__":
    unittest.main()
