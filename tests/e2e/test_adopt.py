"""Systems as the old job has left them are taken over, and given back, while readers read.

Old and new indexes hold the same doctors; the two data sets of the readers differ in the one field
that the old job did not know, so that a mixed read shows.
"""

import json
import shutil
import unittest

import daemon
import harness
import old_system

import compare    # harness knows where

DOCTORS = 800
PROBLEMS = ("failed", "empty", "wrong", "mixed")
EVENT = {"tcsPersonId": 98_000_001, "gmcReferenceNumber": "9800001", "programmeName": "Cardiology"}


class AdoptTest(harness.EndToEnd):

    def prepare(self, stamped):
        self.store = self.cluster("opensearch-2.19")
        self.snapshot = harness.Snapshot(DOCTORS)
        self.old = old_system.OldSystem(self, self.store, self.snapshot, stamped)
        self.before = self.old.table(), self.old.sequence()

    def assert_untouched(self):
        """The old indexes are as they were: aliases with their filters, settings, documents."""
        self.assertEqual((self.old.table(), self.old.sequence()), self.before)

    def assert_moved(self, generation):
        """The aliases are all on one generation, and nothing else on the old indexes changed."""
        table = self.store.aliases()
        self.assertEqual({alias: table[alias].rpartition("_v")[2] for alias in self.old.aliases},
                         dict.fromkeys(self.old.aliases, str(generation)))
        after, sequence = self.old.table(), self.old.sequence()
        self.assertEqual(sequence, self.before[1])
        self.assertEqual({name: entry | {"aliases": {}} for name, entry in after.items()},
                         {name: entry | {"aliases": {}} for name, entry in self.before[0].items()})

    def differences(self, documents, aliases):
        raw = self.store.raw()
        return [line for alias in aliases
                for line in compare.compare(documents.alias(alias), raw.documents(alias))]

    def assert_clean(self, report):
        self.assertEqual({name: report[name] for name in PROBLEMS}, dict.fromkeys(PROBLEMS, 0),
                         report["first_problems"])
        self.assertTrue(all(report["seen"].values()), report)
        self.assertEqual(report["switches_max"], 3, report)

    def assert_pending(self, status, names):
        self.assertEqual(sorted(alias["name"] for alias in status["aliases"] if alias["pending"]),
                         sorted(names))

    def test_concrete_indexes_in_the_foreground(self):
        self.prepare(stamped=False)
        deployment = harness.Deployment(self, self.store.url)
        refused = deployment.run("adopt", "--take-names", code=2)
        self.assertIn("--confirm NAME", refused.message())
        paths = [old_system.old_data_set(self.snapshot.path), self.snapshot.path]
        with old_system.reading_aliases(self.store.url, self.old.aliases, paths) as readers:
            report = deployment.run("adopt").report
            self.assertEqual((report["live"], report["previous"]), (1, 0), report)
            self.assertEqual(sorted(report["pending"]), sorted(self.old.concrete))
            readers.wait_until_all_see(self.snapshot.name)
            self.assert_moved(1)
            refused = deployment.run("rollback", "--to", "0", code=3)
            self.assertIn("--accept-loss", refused.message())
            back = deployment.run("rollback", "--to", "0", "--accept-loss").report
            self.assertEqual((back["from"], back["to"], back["live"]), (1, 0, 0))
            readers.wait_until_all_see("old")
            self.assert_untouched()
            deployment.run("rollback", "--to", "1")
            readers.wait_until_all_see(self.snapshot.name)
            self.assert_clean(readers.stop())
        self.assertEqual(self.differences(self.snapshot.documents, self.old.aliases), [])
        self.assert_pending(deployment.run("status").report, self.old.concrete)
        self.assertEqual(deployment.run("prune").report["deleted"], [])
        self.assert_moved(1)
        self.take_names(deployment)

    def take_names(self, deployment):
        """The second step, first for an index that was written to since, then for all."""
        self.store.call("POST", "/connectedindex/_doc?refresh=true", {"programmeName": "late"})
        refused = deployment.run("adopt", "--take-names", "--confirm", "connectedindex", code=3)
        self.assertIn("connectedindex was written to", refused.message())
        self.store.call("POST", "/_aliases", {"actions": [
            {"add": {"index": old_system.MASTER, "alias": "somebodys"}}]})
        confirmed = [word for name in self.old.concrete for word in ("--confirm", name)]
        refused = deployment.run("adopt", "--take-names", *confirmed, "--override", "changed",
                                 code=3)
        self.assertIn("still read through the alias somebodys", refused.message())
        self.store.call("POST", "/_aliases", {"actions": [
            {"remove": {"index": old_system.MASTER, "alias": "somebodys"}}]})
        taken = deployment.run("adopt", "--take-names", *confirmed, "--override", "changed").report
        self.assertEqual(sorted(taken["taken"]), sorted(self.old.concrete))
        self.assertEqual(taken["pending"], [])
        self.assert_shows(self.store, self.snapshot, generation=1)
        status = deployment.run("status").report
        self.assertEqual((status["live"], status["previous"]), (1, None))
        self.assertEqual(status["generations"][0]["state"], "gone")
        refused = deployment.run("rollback", "--to", "0", "--accept-loss", code=3)
        self.assertIn("generation 0 is gone", refused.message())

    def test_killed_at_any_step(self):
        """The same command again takes over, or finds that it is done; so does the second step."""
        self.prepare(stamped=False)
        deployment = harness.Deployment(self, self.store.url)
        for step in ("index.create.after#2", "bulk.after", "seal.meta.before", "swap.before"):
            self.killed(deployment, step, "adopt")
            self.assert_untouched()
        self.killed(deployment, "swap.after", "adopt")
        live = self.store.aliases()[self.old.aliases[0]].rpartition("_v")[2]
        self.assert_moved(live)
        again = deployment.run("adopt", code=3)
        self.assertIn("nothing to adopt", again.message())
        self.assert_moved(live)
        deployment.run("rollback", "--to", "0", "--accept-loss")
        self.assert_untouched()
        deployment.run("rollback", "--to", live)
        words = ["adopt", "--take-names"] + [
            word for name in self.old.concrete for word in ("--confirm", name)]
        self.killed(deployment, "names.before", *words)
        self.assert_moved(live)
        self.killed(deployment, "names.after", *words)
        self.assertEqual(deployment.run(*words).report["pending"], [])
        self.assertEqual(self.differences(self.snapshot.documents, self.old.aliases), [])

    def killed(self, deployment, step, *command):
        running = deployment.start(*command, SYNCD_TEST_KILL_AT=step)
        outcome = running.finish()
        self.assertEqual(outcome.code, harness.KILLED, f"{step} was not reached: {outcome}")

    def test_an_alias_on_a_stamped_index_by_the_daemon(self):
        self.prepare(stamped=True)
        folder = harness.temporary(self) / "with_event"
        shutil.copytree(self.snapshot.folder, folder)
        with open(folder / "tcs.ndjson", "a", encoding="utf-8") as file:
            file.write(json.dumps(EVENT) + "\n")
        paths = [old_system.old_data_set(self.snapshot.path), harness.expect(folder, "new")]
        deployment = harness.Deployment(
            self, self.store.url, harness.server("rabbitmq"),
            **daemon.configuration(daemon.ports(self)))
        serve = daemon.Daemon(self, deployment).start()
        serve.ask("POST", "/api/channels/tcs-updates/messages", EVENT, expected=202)
        with old_system.reading_aliases(self.store.url, self.old.aliases, paths) as readers:
            run = serve.ask("POST", "/api/adopt", expected=202)["run"]
            serve.wait_live(run)
            readers.wait_until_all_see("new")
            self.assert_moved(run)
            answer = serve.call("POST", "/api/rollback", {"to": 0})
            self.assertEqual(answer[0], 409, answer)
            serve.rollback(to=0, accept_loss=True)
            readers.wait_until_all_see("old")
            self.assert_untouched()
            serve.rollback(to=run)
            readers.wait_until_all_see("new")
            self.assert_clean(readers.stop())
        self.assertEqual(self.differences(compare.Expected(paths[1]), self.old.aliases), [])
        status = serve.status()
        self.assert_pending(status, self.old.concrete)
        self.assertEqual((status["live"], status["generations"][0]["n"]), (run, 0))
        taken = deployment.run("adopt", "--take-names", "--confirm", old_system.MASTER).report
        self.assertEqual(taken["taken"], [old_system.MASTER])
        self.assertEqual(self.store.differences(compare.Expected(paths[1]), run), [])
        self.assertEqual(serve.call("POST", "/api/rollback", {"to": 0, "accept_loss": True})[0], 409)
        self.assertIn(old_system.STAMPED, self.old.table_of([old_system.STAMPED]))

    def test_an_embedded_store_has_nothing_to_adopt(self):
        store = self.embedded()
        deployment = harness.Deployment(self, store.url)
        refused = deployment.run("adopt", code=3)
        self.assertIn("has only tables that indexswap made", refused.message())


if __name__ == "__main__":
    unittest.main()
