"""A store that has no room, or takes nothing at all, while a build is loaded. Servers of its own.

INDEXSWAP_TEST_PRESSURE_DOCTORS: doctors of a build under pressure that is timed, too.
"""

import os
import re
import signal
import unittest

import harness
import servers
from targets import Cluster

DOCTORS = 2_000
TIMED_DOCTORS = int(os.environ.get("INDEXSWAP_TEST_PRESSURE_DOCTORS", "0"))
# One thread that writes, and room for one more request: all else is refused, item by item.
NARROW = {"thread_pool.write.size": 1, "thread_pool.write.queue_size": 1}
CROWD = {"documents": 100, "in_flight": 16, "retry_max": "500ms"}
LEASE = {"beat": "1s", "timeout": "10s"}
WATERMARKS = ("low", "high", "flood_stage")
BLOCK = "index.blocks.read_only_allow_delete"
INDEX = "masterdoctorindex_v2"


class OwnServer(harness.EndToEnd):

    def own(self, **settings):
        """A server with `settings`, for this test alone."""
        server = servers.OpenSearch(settings=settings)
        self.addCleanup(server.close)
        try:
            server.start()
        except servers.Unavailable as error:
            if os.environ.get("CI") == "true":
                raise
            self.skipTest(f"NOT TESTED: {error}")
        return Cluster(server.url)


class PressureTest(OwnServer):

    def build(self, store, snapshot, **bulk):
        deployment = harness.Deployment(self, store.url, bulk=bulk, lease=LEASE)
        outcome = deployment.sync(snapshot.folder)
        self.assert_shows(store, snapshot, generation=1)
        self.assertEqual(outcome.report["dead_letters"], 0)
        return outcome

    def again(self, outcome):
        """How many documents were written, and how many of them sent again."""
        told = re.search(r"(\d+) documents written in \d+ requests; (\d+) were sent again", outcome.log)
        self.assertTrue(told, outcome)
        return int(told[1]), int(told[2])

    def test_real_429s_lose_nothing(self):
        outcome = self.build(self.own(**NARROW), harness.Snapshot(DOCTORS), **CROWD)
        written, again = self.again(outcome)
        self.assertEqual(written, sum(outcome.report["documents"].values()))
        self.assertGreater(again, 0)
        self.assertRegex(outcome.log, r"slowed down [1-9]\d* times, paused 0 times")

    @unittest.skipUnless(TIMED_DOCTORS, "INDEXSWAP_TEST_PRESSURE_DOCTORS is not set")
    def test_what_real_429s_cost(self):
        snapshot = harness.Snapshot(TIMED_DOCTORS)
        free = self.build(self.own(), snapshot, **CROWD).report
        outcome = self.build(self.own(**NARROW), snapshot, **CROWD)
        written, again = self.again(outcome)
        print(f"\n{written} documents, {again} sent again; loaded in {free['load_s']:.1f} s, under "
              f"pressure in {outcome.report['load_s']:.1f} s, which is "
              f"{outcome.report['load_s'] / free['load_s']:.2f} times as long", flush=True)


class BlockTest(OwnServer):
    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)

    def loading(self, store):
        """A sync of the second snapshot that is just about to load it; the first one is live."""
        deployment = harness.Deployment(self, store.url, lease=LEASE)
        deployment.sync(self.FIRST.folder)
        running = deployment.start("sync", "--from", self.SECOND.folder,
                                   SYNCD_TEST_STOP_AT="load.begin")
        harness.wait_until(running.stopped, "it is about to load")
        return deployment, running

    def blocked(self, store):
        found = store.call("GET", f"/{INDEX}/_settings/{BLOCK}?flat_settings=true")
        return found.get(INDEX, {}).get("settings", {}).get(BLOCK) == "true"

    def set_block(self, store, name, value):
        store.call("PUT", f"/{INDEX}/_settings", {name: value})

    def go_on_until_paused(self, running, cause):
        running.signal(signal.SIGCONT)
        harness.wait_until(lambda: "writing is paused" in running.log(), "it says that it pauses")
        told = next(line for line in running.log().splitlines() if "writing is paused" in line)
        self.assertRegex(told, rf"index \w+_v2: .*{cause}")
        harness.wait_until(lambda: "; paused: " in running.log(), "its progress says so, too")

    def assert_first_is_whole(self, store):
        self.assertEqual(self.assert_one_generation(store), 1)
        self.assert_shows(store, self.FIRST, generation=1)

    def finished(self, store, running):
        outcome = running.finish()
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("writing goes on after", outcome.log)
        self.assertEqual(outcome.log.count("writing is paused"), 1, "told once")
        self.assertEqual(outcome.report["dead_letters"], 0)
        self.assert_shows(store, self.SECOND, generation=2)
        self.assert_only(store, 1, 2)

    def test_a_real_flood_stage_is_waited_for(self):
        store = self.own(**{"cluster.info.update.interval": "10s"})
        _, running = self.loading(store)
        keys = [f"cluster.routing.allocation.disk.watermark.{name}" for name in WATERMARKS]
        store.call("PUT", "/_cluster/settings", {"transient": dict.fromkeys(keys, "9000tb")})
        harness.wait_until(lambda: self.blocked(store), "the server blocks its indexes")
        self.go_on_until_paused(running, "flood-stage")
        self.assert_first_is_whole(store)
        store.call("PUT", "/_cluster/settings", {"transient": dict.fromkeys(keys)})
        self.finished(store, running)

    def test_whoever_stops_a_paused_sync_can_go_on_with_another(self):
        store = self.own()
        deployment, running = self.loading(store)
        self.set_block(store, "index.blocks.read_only", True)
        self.go_on_until_paused(running, "read-only")
        self.assert_first_is_whole(store)
        running.signal(signal.SIGTERM)
        outcome = running.finish(deadline_s=30)
        self.assertEqual(outcome.report["state"], "interrupted", outcome)
        self.assert_first_is_whole(store)
        self.set_block(store, "index.blocks.read_only", None)
        deployment.sync(self.SECOND.folder)
        self.assert_shows(store, self.SECOND)


if __name__ == "__main__":
    unittest.main()
