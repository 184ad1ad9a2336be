"""Two hosts, one store: the second waits, takes over, and hands back; exactly one writes.

INDEXSWAP_TEST_FAILOVERS sets how often a random moment is the active one's last.
"""

import contextlib
import json
import os
import random
import socket
import threading
import time
import unittest

import harness
import daemon
import hosts
import live
import recorder

FAILOVERS = int(os.environ.get("INDEXSWAP_TEST_FAILOVERS", "3"))
WRITING = (("/api/sync", None), ("/api/rollback", {}), ("/api/prune", {}),
           ("/api/channels/tcs-updates/messages", {"tcsPersonId": 1}))
KINDS = ("kill", "sleep", "terminate", "restart")


class BookTest(unittest.TestCase):
    """The check itself: it must be able to fail."""

    @staticmethod
    def violations(*writes):
        book = recorder.Book()
        book.add(*(recorder.Write(host, kind, epoch, sent, answered, effects, 0)
                   for host, kind, epoch, sent, answered, effects in writes))
        return book.violations()

    def test_a_write_after_a_takeover(self):
        taken = ("b", "aliases", 2, 1, 3, 1)
        self.assertEqual(self.violations(("a", "bulk", 1, 0, 2, 5), taken), [])
        self.assertEqual(self.violations(("a", "bulk", 1, 2, 4, 5), taken), [], "on its way")
        self.assertEqual(self.violations(("a", "bulk", 1, 4, 5, 0), taken), [], "fenced off")
        self.assertEqual(len(self.violations(("a", "bulk", 1, 4, 5, 5), taken)), 1)
        self.assertEqual(len(self.violations(("a", "aliases", 1, 4, 5, 1), taken)), 1)

    def test_two_hosts_in_one_epoch(self):
        self.assertEqual(len(self.violations(("a", "bulk", 1, 0, 1, 5), ("b", "bulk", 1, 2, 3, 5))),
                         1)

    def test_what_is_read_of_requests(self):
        book = recorder.Book()
        handler = recorder.Handler.__new__(recorder.Handler)
        handler.writer, handler.records, handler.command = "a", book, "POST"
        handler.path = "/_bulk"
        body = (b'{"index":{"_index":"docs_v1_W7","_id":"1"}}\n{}\n'
                b'{"delete":{"_index":"docs_v1_W7","_id":"2"}}\n')
        handler.record(body, 200, json.dumps({"items": [
            {"index": {"status": 201}}, {"delete": {"status": 400}}]}), 0)
        handler.path = "/_aliases"
        handler.record(json.dumps({"actions": [{"remove_index": {"index": "tis_lease_7"}}, {
            "add": {"index": "tis_lease_8", "alias": "tis_leader"}}]}), 404, "{}", 0)
        handler.record(json.dumps({"actions": [{"add": {"index": "docs", "alias": "d"}}]}),
                       200, "{}", 0)
        self.assertEqual([(write.kind, write.epoch, write.effects, write.refused)
                          for write in book.writes()], [("bulk", 7, 1, 1), ("aliases", 8, 0, 1)])
        self.assertEqual(len(book.violations()), 1, "an alias request that is nobody's")


class StandbyTest(harness.EndToEnd):

    def pair(self, **options):
        return hosts.Pair(self, self.cluster(), **{"changes": 300, "doctors": 300} | options)

    def assert_standby(self, host, active):
        """It answers, changes nothing, and names whom to ask."""
        self.wait_told(host, f"standby: {socket.gethostname()}")
        status = host.status()
        self.assertEqual((status["lease"]["address"], status["lease"]["pid"]),
                         (active.address(), active.pid))
        self.assertEqual(status["live"], active.status()["live"])
        self.assertIn(active.address(), " ".join(status["findings"]))
        self.assertEqual(host.call("GET", "/readyz")[0], 503)
        self.assertEqual(host.call("GET", "/healthz")[0], 200)
        self.assertEqual([one.ask("GET", "/metrics").count("\nsyncd_active 1\n")
                          for one in (host, active)], [0, 1])
        for path, body in WRITING:
            code, said = host.call("POST", path, body)
            self.assertEqual((code, said["error"]["code"]), (409, "standby"), path)
            self.assertIn(active.address(), said["error"]["message"])
        refused = host.deployment.run("sync", code=3)
        self.assertIn(active.address(), refused.message())

    def test_each_way_to_change_places(self):
        with self.pair() as bed:
            first, second = bed.hosts
            first.start(wait=True)
            second.start()
            self.sync(bed)
            self.assert_standby(second, first)

            first.kill()
            second.wait_role("active")
            first.start()
            self.sync(bed)
            bed.sender.advance_to(0.5)
            self.assert_standby(first, second)

            begin = time.monotonic()
            self.assertEqual(second.terminate().code, 0)
            first.wait_role("active")
            print(f"\nhanded over within {time.monotonic() - begin:.1f} s")
            second.start()
            self.sync(bed)

            pid = first.pid
            first.sleep()
            second.wait_role("active")
            first.wake()
            first.wait_role("standby")
            self.assertEqual(first.pid, pid)
            self.assert_standby(first, second)
            self.sync(bed)      # the broker may take a while to see that the sleeper is gone
            bed.settle()
            bed.check_live()
            self.assertEqual(first.terminate().code, 0)
            print(bed.check_one_writer())

    def test_a_sleeper_that_wakes_within_an_acknowledgement(self):
        """It has asked whether it may, slept, been overtaken: it may not any more."""
        with self.pair() as bed:
            first, second = bed.hosts
            steps = first.deployment.folder / "steps"
            first.start(wait=True, SYNCD_TEST_STOP_AT="events.ack.before",
                        SYNCD_TEST_STEPS=str(steps))
            self.sync(bed)
            bed.sender.advance_to(0.5)
            harness.wait_until(lambda: stopped(first), "it stops before it acknowledges")
            first.asleep = True
            second.start()
            second.wait_role("active")
            first.wake()
            first.wait_role("standby")
            self.assertNotIn("events.ack.after", steps.read_text(encoding="ascii"))
            self.sync(bed)
            bed.settle()
            bed.check_live()
            bed.check_one_writer()

    def test_the_start_without_a_store(self):
        """One that is away is waited for and named; a wrong configuration is an error at once."""
        cluster = self.cluster()
        with hosts.Pair(self, cluster, changes=300, doctors=300) as bed:
            first, second = bed.hosts
            text = first.deployment.config.read_text(encoding="utf-8")
            nowhere = f"http://127.0.0.1:{daemon.ports(self).first}"
            away = text.replace(f'url = "{bed.proxies[0].url}"', f'url = "{nowhere}"')
            first.deployment.config.write_text(away, encoding="utf-8")
            first.start()
            self.wait_told(first, nowhere)
            self.assertEqual(first.call("POST", "/api/sync")[0], 503)
            self.assertIn(nowhere, first.log())
            self.assertEqual(first.terminate().code, 0)
            wrong = text.replace(f'url = "{bed.proxies[0].url}"', 'url = "nonsense:9"')
            second.deployment.config.write_text(wrong, encoding="utf-8")
            second.deployment.run("serve", code=2)

    @staticmethod
    def wait_told(host, words):
        """Returns when /readyz says so."""
        def told():
            with contextlib.suppress(*daemon.DOWN):
                return words in host.call("GET", "/readyz")[1]
            return False
        harness.wait_until(told, f"{host.name} says {words}", hosts.TAKEOVER_S)

    def sync(self, bed):
        """A sync that may be cut off under way, and refused while a sleeper holds its queues."""
        before = max((entry["n"] for entry in bed.daemon.status()["generations"]
                      if entry["state"] != "building"), default=0)
        bed.peers.feeds = bed.feeds(confirmed=True)

        def live_again():    # a rollback that takes effect late moves live, too
            status = bed.daemon.status()
            swapped = (status["live"] or 0) > before
            if status["run"] is None and not swapped:
                self.asked += bed.daemon.asked_again()
            return status["run"] is None and swapped
        bed.wait_until(live_again, "the sync has ended in spite of all", 300)

    def rollback(self, bed):
        """It may be refused: what another host has built is cold here."""
        target = bed.daemon.status()["previous"]
        if target is not None:
            try:
                bed.daemon.call("POST", "/api/rollback", {"to": target})
            except daemon.DOWN:
                pass

    asked = 0

    def test_failovers(self):
        chance = random.Random(live.SEED)
        with self.pair(changes=500 * FAILOVERS) as bed:
            for host in bed.hosts:
                host.start()
            harness.wait_until(bed.daemon.host, "one is active")
            bed.sender.advance_to(0.05)
            self.sync(bed)
            failovers = Failovers(bed, chance)
            share = 0.05
            with failovers:
                while failovers.running():
                    share = min(0.9, share + 0.3 / FAILOVERS)
                    bed.sender.advance_to(share)
                    chance.choice((self.sync, self.sync, self.rollback))(bed)
            self.assertIsNone(failovers.error)
            self.sync(bed)
            bed.settle()
            bed.check_live()
            print(f"\n{failovers.done}; syncs asked for again {self.asked}; "
                  f"{bed.check_one_writer()}")


def stopped(host):
    return host._running.stopped()    # pylint: disable=protected-access


class Failovers(threading.Thread):
    """Ends the active one's time again and again, in every way, for a `with` block."""

    def __init__(self, bed, chance):
        super().__init__(daemon=True)
        self._bed, self._chance = bed, chance
        self._stop_asked = threading.Event()
        self.done, self.error = [], None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._stop_asked.set()
        self.join()

    def running(self):
        return self.is_alive()

    def run(self):
        try:
            for number in range(FAILOVERS):
                self._stop_asked.wait(self._chance.uniform(0, 4))
                if self._stop_asked.is_set():
                    return
                self._one(KINDS[number % len(KINDS)])
        except Exception as error:    # pylint: disable=broad-except
            self.error = repr(error)

    def _one(self, kind):
        victim = harness.wait_until(self._bed.daemon.host, "one is active")
        other = self._bed.other(victim)
        other.wait_role("standby")
        self.done.append(kind)
        if kind == "sleep":
            victim.sleep()
        elif kind == "terminate":
            victim.terminate()
        else:
            victim.kill()
        if kind == "restart":      # within the time-out: it goes on with what is its own
            victim.start()
            harness.wait_until(self._bed.daemon.host, "one is active", hosts.TAKEOVER_S)
            return
        other.wait_role("active")
        self._stop_asked.wait(self._chance.uniform(0, 3))
        if kind == "sleep":
            victim.wake()
        else:
            victim.start()
        victim.wait_role("standby")


if __name__ == "__main__":
    unittest.main()
