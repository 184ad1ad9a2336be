"""There and back again and again under eight readers: no read fails, is empty, or mixed.

INDEXSWAP_TEST_SWAPS sets how many swaps, INDEXSWAP_TEST_READS how many reads there are at least.
"""

import os
import unittest

import harness
import live
from readers import Readers

SWAPS = int(os.environ.get("INDEXSWAP_TEST_SWAPS", "200"))
READS = int(os.environ.get("INDEXSWAP_TEST_READS", "60000"))
DOCTORS = 400
PROCESSES = 8
GRACE = "3s"


class ManySwapsTest(harness.EndToEnd):

    def many_swaps(self, name):
        """Half of the swaps between two generations, then a third comes and the first is deleted
        once its grace is over, then the other half."""
        store = self.cluster(name)
        first, second = harness.Snapshot(DOCTORS), harness.Snapshot(DOCTORS, edition=2)
        bed = live.Bed(self, store, changes=10, doctors=10,
                       retention={"generations": 1, "grace": GRACE})
        bed.deployment.sync(first.folder)
        bed.deployment.sync(second.folder)
        with bed, Readers([first.path, second.path], url=store.url, processes=PROCESSES,
                          nice=5) as readers:
            swaps = self.swap(bed.daemon, readers, (1, 2), SWAPS // 2, READS // 2)
            bed.deployment.run("rollback", "--to", 2)
            bed.deployment.sync(first.folder)
            harness.wait_until(lambda: self.pruned(bed.deployment), "generation 1 is deleted")
            self.assert_only(store, 2, 3)
            swaps += self.swap(bed.daemon, readers, (2, 3), SWAPS - SWAPS // 2, READS)
            report = readers.stop()
        print(f"\n{name}: {swaps} swaps, {report}")
        problems = {kind: report[kind] for kind in ("failed", "empty", "wrong", "mixed")}
        self.assertEqual(set(problems.values()), {0}, report["first_problems"])
        self.assertGreaterEqual(report["reads"], READS)
        self.assertGreater(report["switches_max"], SWAPS // 2)

    def swap(self, daemon, readers, between, swaps, reads):
        """Back to one and forth to the other, at least so often, until so many reads are done."""
        daemon.start()
        done = 0
        while done < swaps or readers.progress()["reads"] < reads:
            target = between[done % 2]
            self.assertEqual(daemon.rollback(to=target)["live"], target)
            done += 1
        daemon.terminate()
        return done

    def pruned(self, deployment):
        return deployment.run("prune").report["deleted"]

    def test_opensearch_2_19(self):
        self.many_swaps("opensearch-2.19")

    def test_three_nodes(self):
        self.many_swaps("opensearch-2.19-3")


if __name__ == "__main__":
    unittest.main()
