"""Readers follow doctors with a field that only rises: swap and rollback take no step back."""

import unittest

import harness
import live
import rising_readers    # of tests/readers

READERS = 2


class SwapUnderEventsTest(harness.EndToEnd):

    def no_step_back(self, store, where):
        with live.Bed(self, store) as bed:
            keys = [f"{gmc}:{person}" for gmc, person in bed.history.rising.items()]
            bed.daemon.start()
            bed.sender.advance_to(0.1)
            bed.sender.wait()
            bed.sync()
            bed.sentinel()
            with rising_readers.RisingReaders(keys, processes=READERS, **where) as readers:
                bed.scenario((lambda: bed.sync(live.EVENTS // 20), bed.daemon.rollback, bed.sync,
                              bed.daemon.rollback), first=0.15)
                report = readers.stop()
            self.assertEqual((report["steps_back"], report["failed"]), (0, 0), report["problems"])
            self.assertGreater(report["reads"], 100, report)
            self.assertGreater(report["rises"], 5 * len(keys), report)
            bed.check()

    def test_embedded(self):
        store = self.embedded()
        self.no_step_back(store, {"sqlite": store.path})

    def test_opensearch(self):
        store = self.cluster()
        self.no_step_back(store, {"url": store.url})


if __name__ == "__main__":
    unittest.main()
