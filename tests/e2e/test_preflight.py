"""What would stop a swap, or show half an index, is said before anything is created: exit code 3."""

import contextlib
import unittest
import urllib.error

import harness
import old_system

DOCTORS = 300
TEMPLATE = "somebodys_template"
WATERMARKS = "cluster.routing.allocation.disk.watermark."


class PreflightTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)

    def deployment(self, name):
        self.store = self.cluster(name)
        deployment = harness.Deployment(self, self.store.url)
        deployment.sync(self.FIRST.folder)
        return deployment

    def stopped(self, deployment, gate, *said):
        """Nothing is created, and the plan says it as well."""
        before = self.store.aliases(), self.store.indexes()
        planned = deployment.run("plan").report
        self.assertIn(gate, [each["gate"] for each in planned["gates"] if not each["passed"]])
        outcome = deployment.sync(self.SECOND.folder, code=3)
        for text in (f"the gate {gate} stopped", *said):
            self.assertIn(text, outcome.message())
        self.assertEqual((self.store.aliases(), self.store.indexes()), before)

    def goes_on(self, deployment):
        deployment.sync(self.SECOND.folder)
        self.assert_shows(self.store, self.SECOND)

    def block(self, index, name):
        """Sets one block, and lifts it with the test."""
        self.addCleanup(self.unblock, index, name)
        self.store.call("PUT", f"/{index}/_settings", {f"index.blocks.{name}": True})

    def unblock(self, index, name):
        """A request that does anything else beside would be refused."""
        with contextlib.suppress(urllib.error.HTTPError):
            self.store.call("PUT", f"/{index}/_settings", {f"index.blocks.{name}": None})

    def blocks(self, name):
        """A block on what is ours keeps the lease from being taken as well, and one on its metadata
        everything from being read: both are told before."""
        deployment, index = self.deployment(name), "connectedindex_v1"
        deployment.sync(self.FIRST.folder)    # so that there is something to go back to
        before = self.store.aliases(), self.store.indexes()
        self.block(index, "read_only")
        planned = deployment.run("plan").report
        gate = next(gate for gate in planned["gates"] if gate["gate"] == "blocks")
        self.assertFalse(gate["passed"])
        self.assertIn("set index.blocks.read_only of it to null", gate["detail"])
        self.says_so(deployment.run("rollback", code=3), index, "read_only")
        stopped = deployment.sync(self.SECOND.folder, code=3)
        self.says_so(stopped, index, "read_only")
        self.assertEqual(stopped.failed_gates(), ["blocks"])
        self.unblock(index, "read_only")
        self.block(index, "metadata")
        for outcome in (deployment.run("plan", code=3),
                        deployment.sync(self.SECOND.folder, code=3),
                        deployment.run("rollback", "--dry-run", code=3),
                        deployment.run("rollback", code=3)):
            self.says_so(outcome, index, "metadata")
        self.unblock(index, "metadata")
        self.block(index, "write")    # lets a swap through
        self.assertEqual((self.store.aliases(), self.store.indexes()), before)
        self.goes_on(deployment)

    def says_so(self, outcome, index, block):
        for text in ("the gate blocks stopped", index, f"set index.blocks.{block}", "to null"):
            self.assertIn(text, outcome.message())

    def test_blocks_opensearch_2_19(self):
        self.blocks("opensearch-2.19")

    def test_blocks_elasticsearch_7_10(self):
        self.blocks("elasticsearch-7.10")

    def test_a_block_on_what_is_to_be_adopted(self):
        self.store = self.cluster("opensearch-2.19")
        snapshot = harness.Snapshot(DOCTORS)
        old = old_system.OldSystem(self, self.store, snapshot, stamped=False)
        before = self.store.indexes(), old.sequence()
        deployment = harness.Deployment(self, self.store.url)
        self.block(old_system.MASTER, "read_only")
        outcome = deployment.run("adopt", code=3)
        for text in ("the gate blocks stopped", old_system.MASTER, "read_only"):
            self.assertIn(text, outcome.message())
        self.unblock(old_system.MASTER, "read_only")
        self.assertEqual((self.store.indexes(), old.sequence()), before)
        self.assertEqual(deployment.run("adopt").report["live"], 1)

    def test_a_template_with_an_alias(self):
        deployment = self.deployment("opensearch-2.19")
        self.addCleanup(self.remove_template)
        template = {"index_patterns": ["master*"], "template": {"aliases": {"masterdoctors": {}}}}
        self.store.call("PUT", f"/_index_template/{TEMPLATE}", template)
        self.stopped(deployment, "templates", TEMPLATE, "masterdoctors", "half-full")
        self.remove_template()
        self.goes_on(deployment)

    def remove_template(self):
        with contextlib.suppress(urllib.error.HTTPError):
            self.store.call("DELETE", f"/_index_template/{TEMPLATE}")

    def test_no_room_below_the_flood_stage(self):
        deployment = self.deployment("opensearch-2.19")
        self.addCleanup(self.watermarks, None)
        self.watermarks("100000gb")    # must be left free, and never is
        self.stopped(deployment, "capacity", "0 until the flood stage", "make room")
        self.watermarks(None)
        self.goes_on(deployment)

    def watermarks(self, free):
        self.store.call("PUT", "/_cluster/settings", {"transient": {
            f"{WATERMARKS}{name}": free for name in ("low", "high", "flood_stage")}})


if __name__ == "__main__":
    unittest.main()
