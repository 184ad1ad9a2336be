"""`syncd doctor`: each problem that one can have is planted and must be found, with its remedy and
the right exit code; a healthy system has no warnings; and looking changes nothing."""

import contextlib
import http.server
import json
import pathlib
import shutil
import tempfile
import threading
import urllib.error

import pika

import daemon
import harness
import services
import sqs
from processes import Ports

DOCTORS = 50
WARNINGS = ("warning", "error")
MASTER, PEOPLE = "masterdoctorindex", "recommendations"
SYNCDATA = services.ROUTES["tcs"].data_queue
UPDATES = "reval.queue.tcsdoctorinfo.updated.integration"


class Refuses(http.server.BaseHTTPRequestHandler):
    """A store that knows nobody."""

    def do_GET(self):    # pylint: disable=invalid-name
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):    # pylint: disable=arguments-differ
        pass


def squat(name):
    return [("PUT", f"/{name}", {})], [("DELETE", f"/{name}", None)]


class DoctorTest(harness.EndToEnd):
    SNAPSHOT = harness.Snapshot(DOCTORS)

    @classmethod
    def setUpClass(cls):
        cls.store = harness.Cluster(harness.server("opensearch-2.19"))
        cls.amqp = harness.server("rabbitmq")
        cls.folders = []    # the last is that of the generation which is live
        cls.addClassCleanup(cls.store.wipe)
        cls.store.wipe()

    def setUp(self):
        self.parameters = pika.URLParameters(self.amqp)
        services.declare(self.parameters)
        with services.channel(self.parameters) as amqp:
            amqp.queue_declare(UPDATES, durable=True)
            amqp.queue_purge(UPDATES)

    def deployment(self, live=True, **sections):
        """Any configuration; or, for `live`, that of the folder which generation 1 is live from."""
        if not live:
            return harness.Deployment(self, self.store.url, **{"amqp": {"url": self.amqp}} | sections)
        if self.store.aliases():
            return harness.Deployment(self, self.store.url, self.amqp, self.folders[-1], **sections)
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addClassCleanup(shutil.rmtree, folder)
        self.folders.append(folder)
        made = harness.Deployment(self, self.store.url, self.amqp, folder, **sections)
        made.sync(self.SNAPSHOT.folder)
        return made

    def port(self):
        taken = Ports(1)
        self.addCleanup(taken.release)
        return taken

    def doctor(self, deployment, code=0, **env):
        findings = deployment.run("doctor", code=code, **env).report["findings"]
        for finding in findings:
            self.assertEqual(set(finding), {"check", "severity", "what", "remedy", "stops_sync"})
            if finding["severity"] in WARNINGS:
                self.assertTrue(finding["remedy"], finding)
        return findings

    def found(self, findings, check, severity, *words, stops=False):
        """The one finding of this check that is no `ok`, with these words in it."""
        matching = [f for f in findings if f["check"] == check and f["severity"] == severity
                    and all(word in f["what"] for word in words)]
        self.assertEqual(len(matching), 1, json.dumps(findings, indent=1))
        self.assertEqual(matching[0]["stops_sync"], stops, matching)
        return matching[0]

    def assert_no_others(self, findings, *checks):
        self.assertEqual([f for f in findings
                          if f["severity"] in WARNINGS and f["check"] not in checks], [])

    def plant(self, do, undo):
        for call in undo:
            self.addCleanup(self._quietly, *call)
        for call in do:
            self.store.call(*call)

    def _quietly(self, *call):
        with contextlib.suppress(urllib.error.HTTPError):
            self.store.call(*call)

    def test_healthy(self):
        deployment = self.deployment()
        before = self.store.fingerprint()
        findings = self.doctor(deployment)
        self.assert_no_others(findings)
        self.assertEqual(self.store.fingerprint(), before)
        self.found(findings, "aliases.live", "ok", "generation 1")
        self.found(findings, "store.disk", "ok", "low watermark")
        self.found(findings, "queue.exists", "ok", SYNCDATA)
        self.found(findings, "store.version", "ok", "must_exist")

    def test_healthy_embedded(self):
        """No file is made by looking for one."""
        store = self.embedded()
        deployment = harness.Deployment(self, store.url, self.amqp)
        self.assert_no_others(self.doctor(deployment))
        self.assertFalse(store.path.exists())
        deployment.sync(self.SNAPSHOT.folder)
        before = store.fingerprint()
        self.assert_no_others(self.doctor(deployment))
        self.assertEqual(store.fingerprint(), before)

    def test_while_a_daemon_works(self):
        """It looks for itself, and takes the daemon's consumer and lease for what they are."""
        deployment = self.deployment(**daemon.configuration(self.port()))
        daemon.Daemon(self, deployment).start()

        def consumed():
            with services.channel(self.parameters) as amqp:
                return amqp.queue_declare(UPDATES, passive=True).method.consumer_count
        harness.wait_until(consumed, "the daemon consumes its events")
        findings = self.doctor(deployment)
        self.assert_no_others(findings)
        self.found(findings, "queue.consumers", "info", UPDATES, "running syncd")
        self.found(findings, "lease.holder", "ok", "beats")
        # Another host would be refused.
        other = harness.Deployment(self, self.store.url, self.amqp)
        findings = self.doctor(other, code=1)
        self.found(findings, "lease.holder", "error", "another state folder", stops=True)
        self.found(findings, "state.folder", "info", "not there yet")

    def test_old_consumer(self):
        """The old service still drinks from a snapshot's queue and from that of events."""
        deployment = self.deployment()
        with services.channel(self.parameters) as amqp:
            for queue in (SYNCDATA, UPDATES):
                amqp.basic_consume(queue, on_message_callback=lambda *_: None)
            findings = self.doctor(deployment, code=1)
        of_snapshot = self.found(findings, "queue.consumers", "error", SYNCDATA, "1 consumer",
                                 stops=True)
        self.assertIn("old integration service", of_snapshot["remedy"])
        self.found(findings, "queue.consumers", "error", UPDATES, "1 consumer")
        self.assert_no_others(findings, "queue.consumers")

    def test_what_the_broker_lacks(self):
        """A queue, an exchange, the right password, and the broker itself."""
        missing = self.deployment(live=False, queues={"tcs": "amqp:doctor.nowhere"})
        findings = self.doctor(missing, code=1)
        self.found(findings, "queue.exists", "error", "doctor.nowhere", "channel tcs", stops=True)
        self.assert_no_others(findings, "queue.exists")
        declares = self.deployment(live=False, queues={"tcs": "amqp:doctor.nowhere"},
                                   amqp={"url": self.amqp, "declare": True})
        self.found(self.doctor(declares), "queue.exists", "info", "doctor.nowhere")
        with services.channel(self.parameters) as amqp:    # it was not declared by looking
            with self.assertRaises(pika.exceptions.ChannelClosedByBroker):
                amqp.queue_declare("doctor.nowhere", passive=True)

        with services.channel(self.parameters) as amqp:
            amqp.exchange_delete(services.EXCHANGE)
        self.addCleanup(services.declare, self.parameters)
        findings = self.doctor(self.deployment(live=False), code=1)
        self.found(findings, "broker.exchange", "error", services.EXCHANGE, stops=True)
        services.declare(self.parameters)

        address = self.amqp.rpartition("@")[2]
        wrong = harness.Deployment(self, self.store.url, f"amqp://nobody:secret-word@{address}")
        outcome = wrong.run("doctor", code=1)
        said = self.found(outcome.report["findings"], "broker.reachable", "error", stops=True)
        self.assertIn("password", said["remedy"])
        self.assertNotIn("secret-word", f"{outcome.report}{outcome.log}")
        away = harness.Deployment(self, self.store.url,
                                  f"amqp://guest:guest@127.0.0.1:{self.port().first}")
        said = self.found(self.doctor(away, code=1), "broker.reachable", "error", stops=True)
        self.assertIn("that the broker runs", said["remedy"])

    def test_store_not_reached(self):
        """Nobody there; a wrong password; somebody who is no store; a file that is none."""
        away = harness.Deployment(self, f"http://127.0.0.1:{self.port().first}", self.amqp)
        said = self.found(self.doctor(away, code=1), "store.reachable", "error", stops=True)
        self.assertIn("not reached", said["what"])
        with http.server.HTTPServer(("127.0.0.1", 0), Refuses) as refusing:
            thread = threading.Thread(target=refusing.serve_forever)
            thread.start()
            closed = harness.Deployment(self, f"http://127.0.0.1:{refusing.server_port}", self.amqp,
                                        store={"auth": "basic", "user": "syncd"})
            outcome = closed.run("doctor", code=1, SYNCD_STORE_PASSWORD="secret-word")
            refusing.shutdown()
            thread.join()
        said = self.found(outcome.report["findings"], "store.reachable", "error", stops=True)
        self.assertIn("refuses the user", said["what"])
        self.assertIn("SYNCD_STORE_PASSWORD", said["remedy"])
        self.assertNotIn("secret-word", f"{outcome.report}{outcome.log}")
        strange = harness.Deployment(self, harness.server("elasticmq"), self.amqp)
        self.assertTrue([f for f in self.doctor(strange, code=1)
                         if f["check"].startswith("store.") and f["stops_sync"]])
        path = harness.temporary(self) / "store.db"
        path.write_text("no database" * 100, encoding="ascii")
        file = harness.Deployment(self, f"sqlite:{path}", self.amqp)
        self.assertTrue([f for f in self.doctor(file, code=1)
                         if f["check"].startswith("store.") and f["stops_sync"]])

    def test_configuration(self):
        deployment = self.deployment(live=False, http={"listen": "0.0.0.0:8088"})
        self.found(self.doctor(deployment), "http.listen", "error", "not loopback")
        deployment = self.deployment(live=False, http={"token_file": "absent"})
        self.found(self.doctor(deployment), "http.token", "error", "absent")
        deployment = self.deployment(live=False, queues={"nobody": "amqp:x"})
        self.found(self.doctor(deployment, code=1), "broker.configured", "error", "nobody",
                   stops=True)
        with open(deployment.config, "a", encoding="utf-8") as config:
            config.write("[nonsense]\nkey = 1\n")
        said = self.found(self.doctor(deployment, code=1), "config.file", "error", stops=True)
        self.assertIn("syncd.toml:", said["what"])

    def test_with_the_names_of_others(self):
        """A fresh system; then names of ours with others, and others' names on ours."""
        self.store.wipe()
        self.addCleanup(self.store.wipe)
        fresh = self.deployment(live=False)
        self.assert_no_others(self.doctor(fresh))
        self.assertFalse((fresh.folder / "state").exists())
        self.plant(*squat(PEOPLE))
        self.plant(*squat(MASTER))
        deployment = self.deployment()
        self.plant(*squat("connectedindex_v9"))
        self.plant([("PUT", f"/{MASTER}_v1/_alias/doctor-own-report", None)], [])
        findings = self.doctor(deployment)
        said = self.found(findings, "names.alias", "warning", PEOPLE)
        self.assertIn("adopt", said["remedy"])
        self.found(findings, "names.alias", "warning", MASTER)
        self.found(findings, "names.generation", "warning", "connectedindex_v9")
        self.found(findings, "aliases.foreign", "warning", "doctor-own-report", f"{MASTER}_v1")
        self.assert_no_others(findings, "names.alias", "names.generation", "aliases.foreign")

        self.plant(*squat("doctor-stranger"))
        self.plant([("PUT", "/doctor-stranger/_alias/discrepancies", None)], [])
        findings = self.doctor(deployment, code=1)
        self.found(findings, "aliases.target", "error", "discrepancies", "doctor-stranger",
                   stops=True)
        refused = deployment.sync(self.SNAPSHOT.folder, code=3)    # and so it is
        self.assertIn("discrepancies", refused.message())

    def test_templates(self):
        """Composable and legacy ones; those that don't reach our names don't matter."""
        deployment = self.deployment()
        def template(name, patterns, **contents):
            priority = contents.pop("priority", 1)
            self.plant([("PUT", f"/_index_template/{name}",
                         {"index_patterns": patterns, "priority": priority, "template": contents})],
                       [("DELETE", f"/_index_template/{name}", None)])
        template("doctor-elsewhere", ["logs-*"], settings={"number_of_shards": 2})
        template("doctor-replicas", ["disconnected*"], settings={"number_of_replicas": 0})
        self.assert_no_others(self.doctor(deployment))
        # Generation 1 is there: 2 comes next.
        template("doctor-shards", [f"{MASTER}*"], settings={"number_of_shards": 2},
                 mappings={"properties": {"planted": {"type": "keyword"}}})
        self.plant([("PUT", "/_template/doctor-legacy",
                     {"index_patterns": ["recommendation*"], "settings": {"codec": "best_compression"}})],
                   [("DELETE", "/_template/doctor-legacy", None)])
        findings = self.doctor(deployment)
        self.found(findings, "store.templates", "info", "doctor-replicas")
        self.found(findings, "store.templates", "warning", "doctor-shards", f"{MASTER}_v2",
                   "index.number_of_shards", "properties.planted")
        self.found(findings, "store.templates", "warning", "legacy", "doctor-legacy", "index.codec")
        self.assert_no_others(findings, "store.templates")
        template("doctor-alias", ["exception*"], aliases={"doctor-at-once": {}})
        findings = self.doctor(deployment, code=1)
        self.found(findings, "store.templates", "error", "doctor-at-once", stops=True)

    def test_blocks(self):
        deployment = self.deployment()
        for block, check, stops in (("read_only_allow_delete", "store.blocks", True),
                                    ("read_only", "store.blocks", True),
                                    ("metadata", "store.permissions", True),
                                    ("write", "store.blocks", False)):
            with self.subTest(block):
                setting = f"index.blocks.{block}"
                lift = ("PUT", f"/{MASTER}_v1/_settings", {setting: None})
                self.plant([("PUT", f"/{MASTER}_v1/_settings", {setting: True})], [lift])
                findings = self.doctor(deployment, code=1 if stops else 0)
                self.assertTrue([f for f in findings if f["check"] == check
                                 and f"{MASTER}_v1" in f["what"] and block in f["what"]
                                 and f["stops_sync"] == stops], json.dumps(findings, indent=1))
                self.store.call(*lift)
        self.assert_no_others(self.doctor(deployment))

    def test_disk_and_folder(self):
        """Watermarks that are passed; a folder that others can read, and one that is lost."""
        deployment = self.deployment()
        # The flood stage would block indexes: the low watermark alone is passed.
        levels = {f"cluster.routing.allocation.disk.watermark.{level}": free
                  for level, free in (("low", "100000tb"), ("high", "2b"), ("flood_stage", "1b"))}
        restore = ("PUT", "/_cluster/settings", {"transient": dict.fromkeys(levels)})
        self.plant([("PUT", "/_cluster/settings", {"transient": levels})], [restore])
        said = self.found(self.doctor(deployment), "store.disk", "warning", "0 bytes until the low")
        self.assertIn("prune", said["remedy"])
        self.store.call(*restore)
        state = pathlib.Path(deployment.folder / "state")
        state.chmod(0o755)
        self.found(self.doctor(deployment), "state.mode", "warning", "0755")
        state.chmod(0o700)
        (state / "v1.db").rename(state / "away")
        self.addCleanup((state / "away").rename, state / "v1.db")
        self.found(self.doctor(deployment), "state.generations", "warning", "live generation 1")

    def test_sqs(self):
        """Queues there and not, of the wrong kind, with messages taken, with a policy."""
        url = harness.server("elasticmq")
        client = sqs.Client(url)
        self.addCleanup(client.close)
        good = client.create("doctor-gmc", visibility_s=30)
        slow = client.create("doctor-logs", visibility_s=600)
        dead = client.create("doctor-dead")
        arn = client.call("GetQueueAttributes", QueueUrl=dead,
                          AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        taken = client.create("doctor-events")
        client.call("SetQueueAttributes", QueueUrl=taken, Attributes={
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})})
        queues = {"gmc": f"sqs:{good}"}
        healthy = self.deployment(live=False, sqs={"endpoint": url}, queues=queues)
        findings = self.doctor(healthy, **sqs.CREDENTIALS)
        self.assert_no_others(findings)
        self.found(findings, "sqs.queue", "ok", "doctor-gmc", "standard")

        client.send(taken, [("a", None, None), ("b", None, None)])
        got = client.call("ReceiveMessage", QueueUrl=taken, MaxNumberOfMessages=1)["Messages"]
        self.assertEqual(len(got), 1)
        queues |= {"connection-logs": f"sqs:{slow}", "doctor-changes": f"sqs:{taken}",
                   "hidden-discrepancies": f"sqs:{good}-absent"}
        ill = self.deployment(live=False, sqs={"endpoint": url}, queues=queues)
        findings = self.doctor(ill, code=1, **sqs.CREDENTIALS)
        self.found(findings, "sqs.queue", "error", "doctor-gmc-absent", stops=True)
        self.found(findings, "sqs.visibility", "warning", "doctor-logs", "600 s")
        self.found(findings, "sqs.consumers", "warning", "doctor-events", "1 messages")
        self.found(findings, "sqs.redrive", "warning", "doctor-events", "doctor-dead", "5 times")
        self.assert_no_others(findings, "sqs.queue", "sqs.visibility", "sqs.consumers",
                              "sqs.redrive")


if __name__ == "__main__":
    harness.unittest.main()
