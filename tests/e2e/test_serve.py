"""The daemon over HTTP: started by the gateway's call, watched, steered, ended."""

import json
import re
import subprocess
import time
import unittest

import harness
import live
import services

CALL_S = 0.1
TOKEN = "a-token-of-the-tests"


class ServeTest(harness.EndToEnd):

    def bed(self, store=None, **options):
        sizes = {"changes": 300, "doctors": 300}
        return live.Bed(self, store or self.embedded(), **sizes | options)

    def timed(self, bed, *words):
        begin = time.monotonic()
        status, said = bed.daemon.call(*words)
        return time.monotonic() - begin, status, said

    def whole_sync(self, store, prefix, method):
        with self.bed(store, http={"base_path": "/integration"}) as bed:
            bed.daemon.start()
            took, status, first = self.timed(bed, method, f"{prefix}/api/sync")
            calls = [took]
            self.assertEqual((status, first["already_running"]), (202, False), first)
            for again in ("GET", "POST"):
                took, status, said = self.timed(bed, again, f"{prefix}/api/sync")
                calls.append(took)
                self.assertEqual((status, said["run"], said["already_running"]),
                                 (202, first["run"], True))
            self.assertLess(sorted(calls)[1], CALL_S, calls)    # two of three: the machine is busy
            bed.daemon.wait_live(first["run"])
            self.assertEqual(bed.peers.problems, [])
            self.assertEqual({name: starts[0] for name, starts in bed.peers.starts.items()},
                             dict.fromkeys(services.ROUTES, "answered"))
            harness.wait_until(lambda: len(bed.peers.get_master) == 2, "getMaster on both queues")
            bed.settle()
            bed.check()

    def test_get_embedded(self):
        self.whole_sync(self.embedded(), "", "GET")

    def test_post_under_the_prefix_opensearch(self):
        self.whole_sync(self.cluster(), "/integration", "POST")

    def test_health_metrics_page_and_status(self):
        with self.bed() as bed:
            bed.daemon.start()
            bed.sync()
            bed.settle()
            self.assertEqual(bed.daemon.call("GET", "/healthz")[0], 200)
            metrics = bed.daemon.ask("GET", "/metrics")
            self.assertRegex(metrics, r"(?m)^# TYPE syncd_\w+ ")
            self.assertNotRegex(metrics, r"700\d{4}")
            self.assertIn("<html", bed.daemon.ask("GET", "/").lower())
            status = bed.daemon.status()
            printed = bed.deployment.run("status").report
            self.assertEqual({name: printed[name] for name in ("live", "previous", "building")},
                             {name: status[name] for name in ("live", "previous", "building")})
            self.assertEqual(bed.daemon.warm(), [status["live"]])
            for path in (bed.deployment.folder / "state").rglob("*"):
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)
            outcome = bed.daemon.terminate()
            self.assertEqual(outcome.code, 0)
            # No number, and no name that is of nobody else, in the log.
            self.assertNotRegex(outcome.log, r"\b700\d{4}\b|Okonkwo|Súilleabháin")

    def test_commands_go_through_the_daemon(self):
        with self.bed() as bed:
            bed.daemon.start()
            first, second = bed.sync(), bed.sync()
            report = bed.deployment.run("rollback").report
            self.assertEqual((report["live"], report["lost_events"]), (first, 0))
            self.assertEqual(bed.daemon.status()["live"], first)
            self.assertEqual(bed.daemon.rollback(to=second)["live"], second)
            status, said = bed.daemon.call("POST", "/api/rollback", {"to": 99})
            self.assertIn(status, (404, 409), said)
            self.assertIn("message", said["error"])
            refused = bed.deployment.run("sync", "--from", bed.deployment.folder, code=3)
            self.assertRegex(refused.message(), r"serve|daemon")
            bed.settle()
            bed.check(at_least=(first, second))

    def test_cancel(self):
        with self.bed() as bed:
            bed.daemon.start()
            first = bed.sync()
            bed.peers.feeds = {}    # nobody answers
            run = bed.daemon.start_sync()
            harness.wait_until(lambda: bed.daemon.status()["run"], "the run is under way")
            bed.daemon.ask("POST", "/api/sync/cancel")
            harness.wait_until(lambda: bed.daemon.status()["run"] is None, "it has ended")
            self.assertEqual(bed.daemon.status()["live"], first)
            self.assertEqual(bed.daemon.generation(run)["state"], "abandoned")
            self.assertGreater(bed.sync(), run)

    def test_token(self):
        with self.bed() as bed:
            (bed.deployment.folder / "token").write_text(TOKEN + "\n", encoding="ascii")
            (bed.deployment.folder / "token").chmod(0o600)
            text = bed.deployment.config.read_text(encoding="utf-8")
            bed.deployment.config.write_text(
                text.replace("[http]\n", '[http]\ntoken_file = "token"\n'), encoding="utf-8")
            bed.daemon.start()
            for path in ("/api/sync", "/api/rollback", "/api/sync/cancel"):
                for token in (None, "another"):
                    status, said = bed.daemon.call("POST", path, token=token)
                    self.assertEqual(status, 401, (path, said))
            self.assertEqual(bed.daemon.call("GET", "/api/sync")[0], 401)
            self.assertEqual(bed.daemon.call("GET", "/api/status")[0], 200)
            status, said = bed.daemon.call("POST", "/api/sync", token=TOKEN)
            self.assertEqual(status, 202, said)

    def test_messages_over_http(self):
        with self.bed() as bed:
            bed.daemon.start()
            bed.sync()
            lines = b"\n".join(
                json.dumps({"tcsPersonId": number, "gmcReferenceNumber": f"98{number}"}).encode()
                for number in (1, 2))
            status, said = bed.daemon.call("POST", "/api/channels/tcs-updates/messages", lines,
                                           content_type="application/x-ndjson")
            self.assertEqual(status, 202, said)
            for key in ("981:1", "982:2"):
                harness.wait_until(lambda key=key: bed.shows("masterdoctorindex", key), key)
            status, said = bed.daemon.call("POST", "/api/channels/nobody/messages", {})
            self.assertEqual(status, 404, said)

    def test_every(self):
        with self.bed(words=("--every", "1m")) as bed:    # the least that it takes
            bed.daemon.start()
            harness.wait_until(lambda: bed.daemon.status()["live"], "a sync by itself")

    def test_prunes_without_being_asked(self):
        retention = {"generations": 1, "grace": "0s", "automatic": True}
        with self.bed(retention=retention) as bed:
            snapshot = harness.Snapshot(300)
            for _ in range(3):
                bed.deployment.sync(snapshot.folder)
            state = bed.deployment.folder / "state"
            self.assertTrue((state / "v1.db").exists(), "commands in the foreground delete nothing")
            bed.daemon.start()
            harness.wait_until(lambda: not (state / "v1.db").exists(), "generation 1 is pruned")
            kept = [generation["n"] for generation in bed.daemon.status()["generations"]]
            self.assertEqual(kept, [2, 3])
            self.assertTrue((state / "v2.db").exists())

    def test_competing_consumer_of_an_old_service_is_named(self):
        with self.bed() as bed:
            bed.daemon.start()
            queue = services.ROUTES["tcs"].data_queue
            with services.consumer(bed.amqp, queue):
                run = bed.daemon.start_sync()
                harness.wait_until(lambda: bed.daemon.status()["run"] is None, "it is refused")
                self.assertIsNone(bed.daemon.status()["live"])
            self.assertGreater(bed.sync(), run - 1)

    def test_gmc_answers_over_sqs_unordered(self):
        with self.bed(doctors=1000) as bed:
            url = bed.client.create(live.senders.GMC_QUEUE)
            text = bed.deployment.config.read_text(encoding="utf-8")
            bed.deployment.config.write_text(
                text.replace("[queues]\n", f'[queues]\ngmc = "sqs:{url}"\n'), encoding="utf-8")
            # A left-over of an earlier run: counted, not mixed in.
            bed.client.send(url, [(json.dumps({"payload": {"doctor": {"gmcReferenceNumber": "1"}}}),
                                   None, None)])
            bed.daemon.start()
            feeds = bed.sender.feeds(batch=0)
            feeds["gmc"].sqs, feeds["gmc"].marker = (bed.client, url), 1
            bed.peers.feeds = feeds
            bed.daemon.sync()
            self.assertIsNone(bed.shows("masterdoctorindex", "1"))
            bed.settle()
            bed.check()

    def test_two_daemons_on_one_folder(self):
        with self.bed() as bed:
            bed.daemon.start()
            refused = bed.deployment.run("serve", code=3)
            self.assertRegex(refused.message(), rf"pid {bed.daemon.pid}\b")

    def test_reload(self):
        with self.bed() as bed:
            bed.daemon.start()
            text = bed.deployment.config.read_text(encoding="utf-8")
            bed.deployment.config.write_text(text.replace(
                "max_shrink = 0.9", "max_shrink = 0.0\nmin_documents = 1"), encoding="utf-8")
            subprocess.run(["kill", "-HUP", str(bed.daemon.pid)], check=True)
            bed.sync()
            self.assertTrue(bed.daemon.running())
            self.assertIsNone(re.search("error", bed.daemon.ask("GET", "/healthz")))


if __name__ == "__main__":
    unittest.main()
