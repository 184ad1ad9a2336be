"""Another plan, or another syncd, on what is already there."""

import contextlib
import json
import shutil
import sqlite3
import unittest

import harness    # first: it knows the folders of the others
import compare
import expected
import live
import revalidation

SHIPPED = harness.HERE.parent.parent / "app" / "syncd" / "plans" / "tis"
MASTER = "masterdoctorindex"
BEFORE = "[[channel]] # only what the GMC"
CHANNEL = '[[channel]]\nname = "admin-changes"\nkind = "events"\nassigns = [{ entity = "admin" }]\n\n'
ALIAS = f'\n[[alias]]\nname = "doctors_and_grades"\nfamily = "{MASTER}"\n'
NEWER = 99


def plan_folder(test, *changes):
    """A copy of the shipped plan in which `changes` are made: (file, text, its replacement)."""
    folder = harness.temporary(test) / "plan"
    shutil.copytree(SHIPPED, folder)
    for name, text, replacement in changes:
        before = (folder / name).read_text(encoding="utf-8")
        test.assertEqual(before.count(text), 1, text)
        (folder / name).write_text(before.replace(text, replacement), encoding="utf-8")
    return folder


# A field more in the documents of one family, and an alias more.
MORE = (("master.sql", "  t.placementGrade AS placementGrade,\n",
         "  t.placementGrade AS placementGrade,\n"
         "  t.programmeName || ' / ' || t.placementGrade AS programmeAndGrade,\n"),
        (f"{MASTER}.json", '"tcsPersonId": {"type": "long"},',
         '"tcsPersonId": {"type": "long"}, "programmeAndGrade": {"type": "text"},'),
        ("plan.toml", "\n[[alias]]\nname = \"recommendations\"\n",
         f"{ALIAS}\n[[alias]]\nname = \"recommendations\"\n"))


def with_more(documents):
    """The documents of the master as the plan with a field more has them."""
    for document in documents.values():
        parts = [document.get(name) for name in ("programmeName", "placementGrade")]
        if None not in parts:
            document["programmeAndGrade"] = " / ".join(parts)
    return documents


class PlanChangeTest(harness.EndToEnd):

    def setUp(self):
        super().setUp()
        self.bed = live.Bed(self, self.embedded(), changes=400, doctors=300, in_order=True)

    def restart(self, plan):
        self.bed.daemon.terminate()
        self.bed.deployment.use_plan(plan)
        self.bed.daemon.start()

    def advance(self, share):
        self.bed.advance(share)
        self.bed.wait_until(self.bed.drained, "each warm generation has all events")

    def check(self, number, more=False, admins=None):
        """A generation's documents are the model's, by the shipped plan or by that with more."""
        bed = self.bed
        # pylint: disable=protected-access
        model = live.model_of(bed.history.world(0), bed._extra + [
            (message.channel, message.body)
            for message in bed.sender.deliveries[:bed.sender.sent]])
        path = harness.temporary(self) / "expected.db"
        expected.write(model, path, revalidation.london_today())
        for family in revalidation.FAMILIES:
            documents = compare.Expected(path).family(family)
            if more and family == MASTER:
                with_more(documents)
                self.assertTrue(any("programmeAndGrade" in one for one in documents.values()))
            for key, admin in (admins or {}).items():
                if family in (MASTER, "recommendationindex"):
                    documents[key]["admin"] = admin
            found = compare.compare(documents, bed.store.raw().documents(f"{family}_v{number}"))
            self.assertEqual(found, [], f"{family}_v{number}")

    def shows_alias(self):
        with contextlib.closing(sqlite3.connect(self.bed.store.path)) as db:
            return db.execute("SELECT count(*) FROM sqlite_master WHERE type = 'view' AND name = ?",
                              ("doctors_and_grades",)).fetchone()[0] == 1

    def post_admin(self, gmc, admin):
        self.bed.daemon.ask("POST", "/api/channels/admin-changes/messages",
                            {"gmcReferenceNumber": gmc, "admin": admin}, expected=202)

    def test_each_generation_keeps_its_own_plan(self):
        bed = self.bed
        with bed:
            bed.daemon.start()
            first = bed.sync()
            self.advance(0.2)
            self.check(first)

            self.restart(plan_folder(self, *MORE))
            self.assertEqual(bed.daemon.warm(), [first])
            self.assertFalse(self.shows_alias())
            second = bed.sync()
            self.advance(0.4)
            self.assertEqual(sorted(bed.daemon.warm()), [first, second])
            self.check(first)
            self.check(second, more=True)
            self.assertTrue(self.shows_alias())

            self.assertEqual(bed.daemon.rollback()["live"], first)
            self.assertFalse(self.shows_alias())
            self.advance(0.6)
            self.assertEqual(self.assert_one_generation(bed.store), first)
            self.check(first)
            self.check(second, more=True)

            self.restart(plan_folder(self, *MORE, ("plan.toml", BEFORE, CHANNEL + BEFORE)))
            self.assertIn(first, bed.daemon.warm())
            key = "9700000:97000000"    # of the first sentinel
            self.post_admin("9700000", "Ada")
            self.advance(0.7)
            self.check(first)    # it is live, and goes on without
            self.assertIn('"admin-changes"', "\n".join(bed.daemon.status()["findings"]))
            self.assertIn('"admin-changes"', bed.daemon.generation(second)["cold"])

            third = bed.sync()
            bed.wait_until(lambda: bed.daemon.generation(first)["cold"], "the first is cold")
            self.assertIn('"admin-changes", of which 1 ', bed.daemon.generation(first)["cold"])
            self.advance(0.8)
            self.check(third, more=True, admins={key: "Ada"})
            self.post_admin("9700000", "Grace")
            self.advance(1)
            self.assertEqual(bed.daemon.warm(), [third])
            self.check(third, more=True, admins={key: "Grace"})
            refused = bed.daemon.ask("POST", "/api/rollback", {}, expected=409)
            self.assertIn("admin-changes", json.dumps(refused))

    def test_a_previous_plan_turns_cold_with_the_first_event_that_it_lacks(self):
        bed = self.bed
        with bed:
            bed.daemon.start()
            first = bed.sync()
            self.restart(plan_folder(self, ("plan.toml", BEFORE, CHANNEL + BEFORE)))
            second = bed.sync()
            self.advance(0.5)
            self.assertEqual(sorted(bed.daemon.warm()), [first, second])
            self.check(first)
            self.post_admin("9700000", "Ada")
            bed.wait_until(lambda: bed.daemon.generation(first)["cold"], "the first is cold")
            self.assertIn('no channel "admin-changes"', bed.daemon.generation(first)["cold"])
            self.advance(1)
            self.check(second, admins={"9700000:97000000": "Ada"})


class OtherFamiliesTest(harness.EndToEnd):

    def test_a_family_that_is_gone_goes_with_the_swap_and_comes_back_with_a_rollback(self):
        snapshot = harness.Snapshot(300)
        store = self.embedded()
        deployment = harness.Deployment(self, store.url)
        self.assertEqual(deployment.sync(snapshot.folder).report["live"], 1)
        text = (SHIPPED / "plan.toml").read_text(encoding="utf-8")
        family = '[[family]]\nname = "exceptionindex"\nmapping = "exceptionindex.json"\n'
        alias = text[text.index('[[alias]]\nname = "exceptionindex"'):]
        deployment.use_plan(plan_folder(self, ("plan.toml", family, ""), ("plan.toml", alias, "")))
        self.assertEqual(deployment.sync(snapshot.folder).report["live"], 2)
        self.assertNotIn("exceptionindex", store.aliases())
        self.assertEqual(len(store.aliases()), len(revalidation.ALIAS_FAMILY) - 1)
        self.assertEqual(deployment.run("rollback").report["live"], 1)
        self.assert_shows(store, snapshot, 1)
        for live_one in (3, 4, 5):
            self.assertEqual(deployment.sync(snapshot.folder).report["live"], live_one)
        deployment.run("prune")
        left = {name.rpartition("_v")[2] for name in store.indexes()}
        self.assertEqual(left, {"4", "5"}, store.indexes())


class NewerTest(harness.EndToEnd):
    """What a newer syncd has left is not touched, and named."""

    def setUp(self):
        super().setUp()
        self.store = self.embedded()
        self.deployment = harness.Deployment(self, self.store.url)
        self.snapshot = harness.Snapshot(50)
        for number in (1, 2):
            outcome = self.deployment.sync(self.snapshot.folder)
            self.assertEqual(outcome.report["live"], number)

    def change(self, path, *statements):
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            for sql in statements:
                db.execute(sql)

    def refused(self, named, *commands):
        before = self.store.fingerprint()
        for words in commands:
            told = self.deployment.run(*words, code=1).message()
            self.assertIn(named, told)
            self.assertIn("newer", told)
        self.assertEqual(self.store.fingerprint(), before)

    def findings(self):
        return "\n".join(self.deployment.run("status").report["findings"])

    def sync(self):
        return "sync", "--from", self.snapshot.folder

    def test_the_journal(self):
        path = self.deployment.folder / "state" / "journal.db"
        self.change(path, f"PRAGMA user_version = {NEWER}")
        before = path.read_bytes()
        self.refused("journal.db", self.sync(), ("rollback",), ("prune",))
        self.assertEqual(path.read_bytes(), before)
        self.assertIn("journal.db", self.findings())
        self.change(path, "PRAGMA user_version = 1")
        self.deployment.run(*self.sync())

    def test_the_file_of_the_live_generation(self):
        path = self.deployment.folder / "state" / "v2.db"
        self.change(path, f"PRAGMA user_version = {NEWER}")
        before = path.read_bytes()
        told = self.deployment.run(*self.sync(), code=1).message()
        self.assertIn("v2.db", told)
        self.assertEqual(path.read_bytes(), before)
        self.assertIn("v2.db", self.findings())
        self.assertEqual(self.store.indexes()[-1].rpartition("_v")[2], "2")
        # The way back needs no more than its target.
        self.assertEqual(self.deployment.run("rollback").report["live"], 1)
        self.deployment.run(*self.sync())

    def test_the_file_of_another_generation(self):
        path = self.deployment.folder / "state" / "v1.db"
        self.change(path, f"PRAGMA user_version = {NEWER}")
        self.assertIn("v1.db", self.findings())
        self.assertEqual(self.deployment.run(*self.sync()).report["live"], 3)

    def test_the_store(self):
        self.change(self.store.path, f"PRAGMA user_version = {NEWER}")
        self.refused("store.db", self.sync(), ("rollback",), ("prune",), ("status",))

    def newer_meta(self, number):
        self.change(self.store.path,
                    "UPDATE indexswap_meta SET meta = json_set(meta, '$.format', 2) "
                    f"WHERE name LIKE '%_v{number}'")

    def test_what_is_live_in_the_store(self):
        self.newer_meta(2)
        self.refused("_v2", self.sync(), ("rollback",), ("rollback", "--to", "1"), ("prune",))
        status = self.deployment.run("status").report
        self.assertEqual(status["live"], 2)
        self.assertIn("_v2: its _meta was written by a newer program", self.findings())

    def test_what_is_not_live_in_the_store(self):
        self.newer_meta(1)
        self.assertIn("_v1: its _meta was written by a newer program", self.findings())
        for number in (3, 4, 5):
            self.assertEqual(self.deployment.run(*self.sync()).report["live"], number)
        self.deployment.run("prune")
        left = {name.rpartition("_v")[2] for name in self.store.indexes()}
        self.assertEqual(left, {"1", "4", "5"})

    def test_the_lease(self):
        self.change(self.store.path,
                    "UPDATE indexswap_lease SET record = json_set(record, '$.format', 2)")
        self.refused("lease", self.sync(), ("rollback",), ("prune",))
        self.assertEqual(self.deployment.run("status").report["live"], 2)


if __name__ == "__main__":
    unittest.main()
