"""SIGKILL at every named point, then the same command again: the end is as if nothing had been.

Which points there are, a rehearsal tells: syncd writes down each that it passes. So a new point is
tested from the day on which it is there.
"""

import collections
import concurrent.futures
import re
import shutil
import unittest

import harness
import services
from test_rebuild import feeds

DOCTORS = 250
# So small that there are several of everything.
SMALL = {"bulk": {"documents": 100, "in_flight": 2}}
QUEUES = {"sync": {"start_timeout": "3s", "stall_timeout": "60s", "quiet": "300ms",
                   "owed_timeout": "3s"}}
PARALLEL = 2
# Points that every sync has to pass; a rehearsal without one of them rehearses nothing.
MUST_PASS = {"receive.commit.before", "receive.commit.after", "index.create.before",
             "index.create.after", "load.begin", "bulk.before", "bulk.after", "seal.before",
             "seal.after", "swap.before", "swap.after"}
# Where to kill a sync that reads RabbitMQ and writes to a cluster.
SELECTED = ("start.publish.before", "start.publish.after", "receive.commit.before",
            "receive.commit.after#2", "receive.ack.before", "receive.ack.after#2",
            "index.create.after#3", "bulk.before", "bulk.after#4", "seal.meta.before",
            "promote.meta.before", "swap.before", "swap.after", "run.done.before")


def points(steps):
    """Where to kill: the first and the last of each step, as `step#n`."""
    counts = collections.Counter(steps)
    return [f"{step}#{n}" for step, count in counts.items() for n in sorted({1, count})]


class CrashesTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)

    def check_crash(self, deployment, store, point, *command, live=None, target=None):
        """Kills `command` at a point; afterwards the aliases are all of one generation."""
        running = deployment.start(*command, SYNCD_TEST_KILL_AT=point)
        outcome = running.finish()
        self.assertEqual(outcome.code, harness.KILLED, f"{point} was not reached: {outcome}")
        shown = self.assert_one_generation(store)
        if shown is not None or live is not None:
            snapshot = live if shown == 1 and live is not None else target
            self.assert_shows(store, snapshot, shown)
        return shown

    def check_recovery(self, deployment, store, shown, *command):
        """The same command again; then nothing is left behind."""
        outcome = deployment.run(*command)
        self.assertEqual(outcome.report["state"], "promoted")
        live = self.assert_one_generation(store)
        self.assertEqual(outcome.report["live"], live)
        self.assert_shows(store, self.SECOND, live)
        deployment.run("prune")
        status = deployment.run("status").report
        self.assertEqual((status["live"], status["building"]), (live, None))
        kept = {live, status["previous"]} - {None}
        self.assertGreaterEqual(kept, {live, shown} - {None})
        self.assert_only(store, *kept)

    def rehearse(self, deployment, *command):
        path = deployment.folder / "steps"
        deployment.run(*command, SYNCD_TEST_STEPS=str(path))
        return path.read_text(encoding="ascii").split()

    def copy(self, template, name):
        """The template's store and state folder once more."""
        folder = template.folder.parent / re.sub(r"\W", "-", name)
        shutil.copytree(template.folder, folder)
        store = harness.Embedded(folder / "store.db")
        return harness.Deployment(self, "sqlite:store.db", folder=folder, **SMALL), store

    def template(self, *snapshots):
        """A deployment on the embedded store, with these synced one after the other."""
        folder = harness.temporary(self) / "template"
        deployment = harness.Deployment(self, "sqlite:store.db", folder=folder, **SMALL)
        for snapshot in snapshots:
            deployment.sync(snapshot.folder)
        return deployment

    def each(self, points_to_try, check):
        """Runs `check(point)` for each, a few at a time, and reports all that fail."""
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
            checks = {point: pool.submit(check, point) for point in points_to_try}
        for point, future in checks.items():
            with self.subTest(point=point):
                future.result()

    def test_second_sync_from_files(self):
        template = self.template(self.FIRST)
        command = "sync", "--from", self.SECOND.folder
        rehearsal, _ = self.copy(template, "rehearsal")
        steps = self.rehearse(rehearsal, *command)
        self.assertEqual(MUST_PASS - set(steps), set())

        def check(point):
            deployment, store = self.copy(template, point)
            shown = self.check_crash(deployment, store, point, *command, live=self.FIRST,
                                     target=self.SECOND)
            self.check_recovery(deployment, store, shown, *command)

        self.each(points(steps), check)

    def test_first_sync_from_files(self):
        template = self.template()
        command = "sync", "--from", self.SECOND.folder

        def check(point):
            deployment, store = self.copy(template, point)
            shown = self.check_crash(deployment, store, point, *command, target=self.SECOND)
            self.check_recovery(deployment, store, shown, *command)

        self.each(("lease.create.before", "lease.create.after", "index.create.before",
                   "index.create.after", "receive.commit.after", "load.begin", "bulk.after",
                   "seal.after", "swap.before", "swap.after", "run.done.before"), check)

    def test_rollback(self):
        template = self.template(self.FIRST, self.SECOND)
        rehearsal, _ = self.copy(template, "rehearsal")
        steps = self.rehearse(rehearsal, "rollback", "--to", 1)

        def check(point):
            deployment, store = self.copy(template, point)
            self.check_crash(deployment, store, point, "rollback", "--to", 1, live=self.FIRST,
                             target=self.SECOND)
            outcome = deployment.run("rollback", "--to", 1)
            self.assertEqual(outcome.report["live"], 1)
            self.assert_shows(store, self.FIRST, 1)
            self.assertEqual(self.assert_one_generation(store), 1)

        self.each(points(steps), check)

    def test_prune(self):
        template = self.template(self.FIRST, self.SECOND, self.SECOND)
        self.assertEqual(len(harness.Embedded(template.folder / "store.db").indexes()), 15,
                         "a sync prunes by itself: this test has nothing to do")
        rehearsal, _ = self.copy(template, "rehearsal")
        steps = self.rehearse(rehearsal, "prune")

        def check(point):
            deployment, store = self.copy(template, point)
            self.check_crash(deployment, store, point, "prune", live=self.FIRST, target=self.SECOND)
            deployment.run("prune")
            self.assert_only(store, 2, 3)
            self.assert_shows(store, self.SECOND, 3)

        self.each(points(steps), check)

    def test_from_rabbitmq_into_opensearch(self):
        amqp, store = harness.server("rabbitmq"), self.cluster()
        deployment = harness.Deployment(self, store.url, amqp, **SMALL, **QUEUES)
        with services.Services(amqp, feeds(self.FIRST, batch=0)):
            deployment.run("sync")
        for point in SELECTED:
            with self.subTest(point=point), services.Services(
                    amqp, feeds(self.SECOND, batch=0)) as senders:
                shown = self.check_crash(deployment, store, point, "sync", live=self.FIRST,
                                         target=self.SECOND)
                self.check_recovery(deployment, store, shown, "sync")
                self.assertEqual(senders.problems, [])


if __name__ == "__main__":
    unittest.main()
