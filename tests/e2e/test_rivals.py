"""Two writers at once: the second is refused, and one that was overtaken in its sleep changes nothing."""

import contextlib
import os
import shutil
import signal
import socket
import unittest

import harness

DOCTORS = 1_000
# A rival watches for `timeout` before it decides: long against a beat, on two busy cores.
LEASE = {"lease": {"beat": "200ms", "timeout": "1500ms"}}


class HeldFile:
    """A snapshot's folder in which one channel is a pipe that brings half of it, and then nothing."""

    def __init__(self, test, snapshot):
        self.folder = harness.temporary(test)
        for path in snapshot.folder.glob("*.ndjson"):
            shutil.copy(path, self.folder)
        pipe = self.folder / "tcs.ndjson"
        body = pipe.read_bytes()
        half = body.index(b"\n", len(body) // 2) + 1
        self._first, self._rest = body[:half], body[half:]
        pipe.unlink()
        os.mkfifo(pipe)
        # Read and write, so that opening it doesn't wait for a reader, nor a reader for us.
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self._closed = False
        test.addCleanup(self._close)

    def bring_half(self, running):
        """Returns when the half has been read."""
        view = memoryview(self._first)
        while view:
            with contextlib.suppress(BlockingIOError):
                view = view[os.write(self._pipe, view):]
            if not running.running():
                raise AssertionError(f"it ended: {running.finish()}")

    def bring_rest(self):
        os.set_blocking(self._pipe, True)
        os.write(self._pipe, self._rest)
        self._close()

    def _close(self):
        if not self._closed:
            self._closed = True
            os.close(self._pipe)


class RivalsTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)

    def two_at_once(self, store):
        first = harness.Deployment(self, store.url, **LEASE)
        second = harness.Deployment(self, store.url, **LEASE)
        first.sync(self.FIRST.folder)
        held = HeldFile(self, self.SECOND)
        running = first.start("sync", "--from", held.folder)
        held.bring_half(running)
        harness.wait_until(lambda: "masterdoctorindex_v2" in store.indexes() or not running.running(),
                           "the first has its indexes")
        # Of the same state folder, then of another one on the same store.
        for rival in (first, second):
            for command in (("sync", "--from", self.SECOND.folder), ("rollback",), ("prune",)):
                outcome = rival.run(*command, code=3)
                self.assertIn(f"pid {running.pid}", outcome.message())
            self.assertEqual(rival.run("status").report["live"], 1)
        self.assertIn(socket.gethostname(), outcome.message())
        self.assert_shows(store, self.FIRST, 1)
        held.bring_rest()
        outcome = running.finish()
        self.assertEqual(outcome.code, 0, outcome)
        self.assert_shows(store, self.SECOND, 2)

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
