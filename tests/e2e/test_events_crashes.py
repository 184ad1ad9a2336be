"""The same history while the daemon is killed again and again, and its servers go away.

INDEXSWAP_TEST_KILLS sets how often, INDEXSWAP_TEST_AWAY_S for how long servers are away.
"""

import collections
import os
import random
import threading
import unittest

import daemon
import harness
import live

KILLS = int(os.environ.get("INDEXSWAP_TEST_KILLS", "12"))
AWAY_S = float(os.environ.get("INDEXSWAP_TEST_AWAY_S", "5"))
REHEARSAL = 600


class EventsCrashesTest(harness.EndToEnd):

    def own(self, name):
        """A server that this test may stop and start."""
        if harness.servers is None:
            self.skipTest(name)
        server = harness.servers.SERVERS[name]()
        try:
            server.start()
        except harness.servers.Unavailable as error:
            if os.environ.get("CI") == "true":
                raise
            self.skipTest(f"NOT TESTED: {name}: {error}")
        self.addCleanup(server.close)
        return server

    def traps(self, **servers):
        """So many moments: steps that a small history passes, at their first and later times."""
        with live.Bed(self, self.embedded(), changes=REHEARSAL, **servers) as bed:
            path = bed.deployment.folder / "steps"
            bed.scenario((bed.sync, bed.sync, bed.daemon.rollback),
                         before=lambda: bed.daemon.start(SYNCD_TEST_STEPS=str(path)))
            bed.check()
            bed.daemon.kill()
            steps = collections.Counter(path.read_text(encoding="ascii").split())
        chance = random.Random(live.SEED)
        named = [f"{step}#{n}" for step, count in sorted(steps.items())
                 for n in sorted({1, chance.randint(1, count)})]
        chance.shuffle(named)
        # Each name once before any twice; a name that isn't reached again is a random moment.
        named.sort(key=lambda trap: not trap.endswith("#1"))
        return [named[n % len(named)] for n in range(KILLS)]

    def away(self, server):
        server.stop()
        threading.Event().wait(AWAY_S)
        server.start()

    def sync(self, bed):
        """A sync whose daemon is killed under it: it goes on by itself, however often."""
        before = bed.daemon.status()["live"]
        bed.peers.feeds = bed.feeds(confirmed=True)
        # It may be the number of the run before, which has swapped and is telling the others.
        told = [bed.daemon.start_sync()]

        def live_again():
            status = bed.daemon.status()
            if status["run"] is None and status["live"] == before and bed.daemon.asked_again():
                if told[-1] != before:
                    self.forgotten.append((told, before, status["last_run"]))
                told.append(None)
            return status["run"] is None and status["live"] not in (None, before)
        bed.wait_until(live_again, "the sync has ended in spite of all", 300)

    def rollback(self, bed):
        """It may be asked again: going back to where it is changes nothing."""
        target = bed.daemon.status()["previous"]
        if target is None:
            return

        def back():
            if bed.daemon.status()["live"] == target:
                return True
            try:
                bed.daemon.call("POST", "/api/rollback", {"to": target})
            except daemon.DOWN:
                pass
            return False
        bed.wait_until(back, f"{target} is live", 300)

    def crashes(self, store, amqp, queues, faults):
        servers = {"amqp": amqp.url, "sqs_url": queues.url}
        traps, self.forgotten = self.traps(**servers), []
        with live.Bed(self, store, **servers) as bed, daemon.Supervisor(
                bed.daemon, traps) as supervisor:
            actions = [lambda: self.sync(bed), lambda: self.sync(bed), lambda: self.rollback(bed),
                       lambda: self.sync(bed), lambda: self.rollback(bed)]
            for position, fault in faults(bed):
                actions.insert(position, fault)
            bed.scenario(actions)
            supervisor.wait()
            bed.settle()
            bed.check()
            print(f"\nkilled at {supervisor.sprung}, at random moments {len(supervisor.timed_out)};"
                  f" syncs asked for again {self.forgotten}")

    def queues_away(self, bed, queues):
        """Nothing is sent meanwhile: ElasticMQ, when it ends, loses what it has just confirmed."""
        with bed.sender.paused():
            self.away(queues)

    def new_queue(self, bed):
        """The queue of trainees is deleted, when it is empty, and declared anew."""
        with bed.sender.paused():
            bed.sentinel()
            bed.sender.redeclare()

    def delete_previous(self, store, bed):
        """Somebody deletes an index of the previous generation: that one becomes cold, no more."""
        previous = bed.daemon.status()["previous"]
        if previous is None or not isinstance(store, harness.Cluster):
            return
        store.call("DELETE", f"/masterdoctorindex_v{previous}")
        bed.sentinel()    # it is noticed by the next event

        def cold():
            entry = bed.daemon.generation(previous)
            return entry is None or not daemon.is_warm(entry) and entry["cold"]
        bed.wait_until(cold, f"{previous} is cold and says why")

    def test_opensearch(self):
        search, amqp, queues = (self.own(name) for name in (
            "opensearch-2.19", "rabbitmq", "elasticmq"))
        store = harness.Cluster(search.url)
        self.crashes(store, amqp, queues, lambda bed: [
            (1, amqp.restart), (3, lambda: self.away(search)),
            (5, lambda: self.queues_away(bed, queues)), (6, amqp.restart),
            (7, lambda: self.new_queue(bed)),
            (10, lambda: self.delete_previous(store, bed))])

    def test_embedded(self):
        amqp, queues = self.own("rabbitmq"), self.own("elasticmq")
        self.crashes(self.embedded(), amqp, queues, lambda bed: [
            (1, amqp.restart), (4, lambda: self.queues_away(bed, queues)),
            (6, lambda: self.new_queue(bed))])

    def sigterm(self, store):
        """Under full load, several times: exit within 10 s, nothing lost, nothing doubled."""
        with live.Bed(self, store) as bed:
            def again():
                self.assertEqual(bed.daemon.terminate().code, 0)
                bed.daemon.start()

            def during_a_sync():
                bed.peers.feeds = bed.feeds()
                bed.daemon.start_sync()
                harness.wait_until(lambda: bed.peers.sent["tcs"] > 50, "trainees are on their way")
                again()
                harness.wait_until(lambda: bed.daemon.status()["run"] is None, "the run has ended")
            bed.scenario((again, bed.sync, again, during_a_sync, again), before=bed.daemon.start)
            bed.check()

    def test_sigterm_embedded(self):
        self.sigterm(self.embedded())

    def test_sigterm_opensearch(self):
        self.sigterm(self.cluster())


if __name__ == "__main__":
    unittest.main()
