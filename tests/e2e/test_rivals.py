"""Two writers at once: the second is refused; one overtaken in its sleep changes nothing."""

import itertools
import signal
import socket
import unittest

import harness
import services
from test_rebuild import feeds

DOCTORS = 1_000
HALF = DOCTORS // 2
# A rival watches for `timeout` before it decides: long against a beat, on two busy cores.
LEASE = {"lease": {"beat": "200ms", "timeout": "1500ms"}}


class RivalsTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)

    def two_at_once(self, store):
        amqp = harness.server("rabbitmq")
        first = harness.Deployment(self, store.url, amqp, **LEASE, sync={"stall_timeout": "100s"})
        second = harness.Deployment(self, store.url, **LEASE)
        first.sync(self.FIRST.folder)
        feeding = feeds(self.SECOND, batch=0)
        feeding["gmc"].dies_after = HALF
        with services.Services(amqp, feeding) as senders:
            running = first.start("sync")
            harness.wait_until(lambda: senders.sent["gmc"] == HALF and not senders.waiting("gmc"),
                               "half of it is received")
            # Of the same state folder, then of another one on the same store.
            for rival in (first, second):
                self.assert_refused(rival, running.pid)
            self.assert_shows(store, self.FIRST, 1)
            rest = itertools.islice(feeding["gmc"].bodies(), HALF, None)
            senders.publish("gmc", *rest)
            outcome = running.finish()
            self.assertEqual(senders.problems, [])
        self.assertEqual(outcome.code, 0, outcome)
        self.assert_shows(store, self.SECOND, 2)

    def assert_refused(self, rival, pid):
        """Each command that writes is refused and says who is at work; those that read are not."""
        for command in (("sync", "--from", self.SECOND.folder), ("rollback",), ("prune",)):
            outcome = rival.run(*command, code=3)
            self.assertIn(f"pid {pid}", outcome.message(), command)
            self.assertIn(socket.gethostname(), outcome.message(), command)
        status = rival.run("status").report
        self.assertEqual((status["live"], status["building"]), (1, 2))
        rival.run("plan")

    def overtaken_in_its_sleep(self, store, point):
        """Stopped at a point, overtaken, woken up."""
        sleeper = harness.Deployment(self, store.url, **LEASE)
        other = harness.Deployment(self, store.url, **LEASE)
        sleeper.sync(self.FIRST.folder)
        running = sleeper.start("sync", "--from", self.SECOND.folder, SYNCD_TEST_STOP_AT=point)
        harness.wait_until(running.stopped, f"it stops at {point}")
        outcome = other.sync(self.FIRST.folder)
        live = outcome.report["live"]
        self.assertEqual(self.assert_one_generation(store), live)
        self.assert_shows(store, self.FIRST, live)

        before = store.fingerprint()
        running.signal(signal.SIGCONT)
        outcome = running.finish()
        self.assertEqual(outcome.code, 3, outcome)
        self.assertEqual(store.fingerprint(), before)
        self.assertNotEqual(outcome.report["state"], "promoted")
        self.assert_shows(store, self.FIRST, live)

        # And its state folder is of use again.
        outcome = sleeper.sync(self.SECOND.folder)
        self.assert_shows(store, self.SECOND, outcome.report["live"])

    def test_two_at_once_embedded(self):
        self.two_at_once(self.embedded())

    def test_two_at_once_opensearch(self):
        self.two_at_once(self.cluster())

    def test_stopped_before_its_swap_embedded(self):
        self.overtaken_in_its_sleep(self.embedded(), "swap.before")

    def test_stopped_before_its_swap_opensearch(self):
        self.overtaken_in_its_sleep(self.cluster(), "swap.before")

    def test_stopped_while_loading_embedded(self):
        self.overtaken_in_its_sleep(self.embedded(), "bulk.before")

    def test_stopped_while_loading_opensearch(self):
        self.overtaken_in_its_sleep(self.cluster(), "bulk.before")


if __name__ == "__main__":
    unittest.main()
