#!/usr/bin/python3
"""Each server starts, takes something and gives it back; data outlives SIGKILL; a dead owner leaves nothing behind.

Run it with the names of the servers to test in INDEXSWAP_TEST_SERVERS (otherwise: OpenSearch 2.19, Elasticsearch 7.10,
RabbitMQ, ElasticMQ, moto).
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import servers  # noqa: E402

DEFAULT = "opensearch-2.19 elasticsearch-7.10 rabbitmq elasticmq moto"
NAMES = os.environ.get("INDEXSWAP_TEST_SERVERS", DEFAULT).split()
SCRIPT = [sys.executable, str(HERE / "servers.py")]


def ask(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as answer:
        return json.load(answer)


def require(test, name):
    """Skips the test where the server can't be had; under CI fails it. Starts nothing."""
    try:
        servers.SERVERS[name]().prepare()
    except servers.Unavailable as error:
        if os.environ.get("CI") == "true":
            raise
        test.skipTest(f"NOT TESTED: {name}: {error}")


def obtain(test, name, **options):
    """The named server, started; ends with the test."""
    require(test, name)
    server = servers.SERVERS[name](**options)
    test.addCleanup(server.close)
    return server.start()


class SearchServerTest(unittest.TestCase):
    SETTING = "thread_pool.write.queue_size"
    DOCUMENT = {"name": "Llŷr O’Neill"}

    def start(self, named):
        self.assertEqual(servers.start_all(named), {})

    def check_document(self, server):
        ask("GET", f"{server.url}/_cluster/health/doctors?wait_for_status=yellow&timeout=30s")
        self.assertEqual(ask("GET", f"{server.url}/doctors/_doc/1")["_source"], self.DOCUMENT)

    def test_document_survives_kill_and_stop(self):
        names = [name for name in NAMES if "search" in name]
        for name in names:
            require(self, name)
        named = {name: servers.SERVERS[name](settings={self.SETTING: 17}) for name in names}
        for server in named.values():
            self.addCleanup(server.close)
        self.start(named)
        for server in named.values():
            nodes = ask("GET", f"{server.url}/_nodes/settings?flat_settings=true")["nodes"].values()
            found = [(node["version"], node["settings"][self.SETTING]) for node in nodes]
            self.assertEqual(found, [(server.version, "17")] * len(server.urls))
            ask("PUT", f"{server.url}/doctors/_doc/1", self.DOCUMENT)
            server.kill()
            self.assertFalse(server.running())
        self.start(named)
        for server in named.values():
            self.check_document(server)
            server.stop()
            self.assertFalse(server.running())


@unittest.skipUnless("rabbitmq" in NAMES, "not asked for")
class RabbitMQTest(unittest.TestCase):
    def connect(self, server):
        try:
            import pika
        except ImportError:
            if os.environ.get("CI") == "true":
                raise
            self.skipTest("NOT TESTED: rabbitmq: there is no pika (scripts/setup test)")
        connection = pika.BlockingConnection(pika.URLParameters(server.amqp_url))
        return connection, pika.BasicProperties(delivery_mode=2)

    def test_message_survives_kill_and_the_server_stops(self):
        server = obtain(self, "rabbitmq", settings={"consumer_timeout": 5000})
        connection, persistent = self.connect(server)
        channel = connection.channel()
        channel.queue_declare("q", durable=True)
        channel.confirm_delivery()
        channel.basic_publish("", "q", b"hello", persistent)
        self.assertIn("q\t1", server.rabbitmqctl("-q", "list_queues", "name", "messages_ready"))
        self.assertEqual(server.rabbitmqctl("eval", "application:get_env(rabbit, consumer_timeout).").strip(), "{ok,5000}")
        server.kill()

        server.start()
        connection, _ = self.connect(server)
        channel = connection.channel()
        method, _, body = channel.basic_get("q")
        self.assertEqual(body, b"hello")
        channel.basic_ack(method.delivery_tag)
        connection.close()
        self.assertIn("q\t0", server.rabbitmqctl("-q", "list_queues", "name", "messages_ready"))
        with self.assertRaisesRegex(RuntimeError, "no_such_command"):
            server.rabbitmqctl("no_such_command")
        server.stop()
        self.assertFalse(server.running())

    def test_two_at_once(self):
        first, second = obtain(self, "rabbitmq"), obtain(self, "rabbitmq")
        for server in (first, second):
            connection, _ = self.connect(server)
            connection.channel().queue_declare("q", exclusive=True)
            connection.close()

    def test_dead_owner_leaves_nothing(self):
        require(self, "rabbitmq")
        owner = subprocess.Popen(SCRIPT + ["start", "rabbitmq"], stdout=subprocess.PIPE, text=True)
        with owner:
            facts = json.loads(owner.stdout.readline())
            folder = pathlib.Path(facts["env"]["INDEXSWAP_TEST_RABBITMQCTL"]).parent
            self.assertTrue(folder.exists() and using(folder))
            owner.kill()
        deadline = time.monotonic() + 20
        while (using(folder) or folder.exists()) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(using(folder), [])
        self.assertFalse(folder.exists())


@unittest.skipUnless("elasticmq" in NAMES, "not asked for")
class ElasticMQTest(unittest.TestCase):
    def receive(self, server, name):
        found = server.call("ReceiveMessage", QueueUrl=server.queue_url(name), WaitTimeSeconds=5)
        return [message["Body"] for message in found["Messages"]]

    def test_messages_and_queues_outlive_kill(self):
        server = obtain(self, "elasticmq", queues=["a", "b.fifo"])
        made = server.call("CreateQueue", QueueName="made")["QueueUrl"]
        self.assertEqual(made, server.queue_url("made"))
        server.call("SendMessage", QueueUrl=made, MessageBody="Llŷr")
        fifo = {"MessageGroupId": "g", "MessageDeduplicationId": "1"}
        server.call("SendMessage", QueueUrl=server.queue_url("b.fifo"), MessageBody="second", **fifo)
        server.kill()
        server.start()
        self.assertEqual(self.receive(server, "made"), ["Llŷr"])
        self.assertEqual(self.receive(server, "b.fifo"), ["second"])
        server.stop()
        self.assertFalse(server.running())


@unittest.skipUnless("moto" in NAMES, "not asked for")
class MotoTest(unittest.TestCase):
    SCRIPT = """if True:
        import boto3, os, sys
        name = "INDEXSWAP_TEST_MOTO_" + sys.argv[1]
        sqs = boto3.client("sqs", endpoint_url=os.environ["INDEXSWAP_TEST_MOTO_URL"], region_name="eu-west-2",
                           aws_access_key_id=os.environ[name + "KEY"],
                           aws_secret_access_key=os.environ[name + "SECRET"] + sys.argv[2],
                           aws_session_token=os.environ.get(name + "TOKEN"))
        try:
            print(sqs.list_queues()["ResponseMetadata"]["HTTPStatusCode"])
        except sqs.exceptions.ClientError as error:
            print(error.response["Error"]["Code"])
    """

    def ask(self, server, *arguments):
        env = {**os.environ, **server.environment(), "INDEXSWAP_TEST_MOTO_URL": server.url, "NO_PROXY": "127.0.0.1"}
        command = [env["INDEXSWAP_TEST_AWS_PYTHON"], "-c", self.SCRIPT, *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()

    def test_takes_only_what_is_rightly_signed(self):
        server = obtain(self, "moto")
        self.assertEqual(self.ask(server, "", ""), "200")
        self.assertEqual(self.ask(server, "SESSION_", ""), "200")
        self.assertEqual(self.ask(server, "", "wrong"), "403")


def using(folder):
    """The processes that have a folder in their environment: a server's own, its helpers and its port mapper."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in entry.read_bytes():
                found.append(entry.parent.name)
        except OSError:
            pass
    return found


@unittest.skipUnless("rabbitmq" in NAMES, "not asked for")
class CommandLineTest(unittest.TestCase):
    def run_beside(self, shell, *names, **env):
        command = SCRIPT + ["run", *(names or ["rabbitmq"]), "--", "sh", "-c", shell]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env}, check=False)

    def test_run_passes_the_url_and_the_exit_code_on(self):
        require(self, "rabbitmq")
        done = self.run_beside('echo "$INDEXSWAP_TEST_AMQP_URL"; "$INDEXSWAP_TEST_RABBITMQCTL" -q status | head -1; exit 7')
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertRegex(done.stdout, r"^amqp://guest:guest@127\.0\.0\.1:\d+/\n")

    def test_unavailable_is_loud_and_under_ci_an_error(self):
        nowhere = {"JAVA_HOME": "/nonexistent", "INDEXSWAP_TEST_OPENSEARCH_2_19_URL": "stale"}
        shell = "echo url=$INDEXSWAP_TEST_OPENSEARCH_2_19_URL"
        done = self.run_beside(shell, "opensearch-2.19", CI="", **nowhere)
        self.assertEqual((done.returncode, done.stdout), (0, "url=\n"))
        self.assertIn("NOT TESTED: whatever needs opensearch-2.19", done.stderr)
        done = self.run_beside(shell, "opensearch-2.19", CI="true", **nowhere)
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_what_not_every_machine_has_may_be_missing_under_ci(self):
        # Asked for beside another one that is there, for lack of a machine without a newer Java.
        code = (
            "import servers; servers.SERVERS['opensearch-3.8'] = lambda settings: "
            "servers.OpenSearch('3.8.0', java=999); import sys; sys.exit(servers.main(sys.argv[1:]))"
        )
        command = [sys.executable, "-c", code, "run", "opensearch-3.8"]
        for more, expected in (([], (servers.SKIPPED, "")), (["rabbitmq"], (0, "ran\n"))):
            if more:
                require(self, *more)
            done = subprocess.run(
                command + more + ["--", "echo", "ran"],
                capture_output=True, text=True, cwd=HERE, env={**os.environ, "CI": "true"}, check=False,
            )  # fmt: skip
            self.assertEqual((done.returncode, done.stdout), expected, done.stderr)
            self.assertIn("NOT TESTED: whatever needs opensearch-3.8: no java", done.stderr)

    def test_start_ends_at_sigterm(self):
        require(self, "rabbitmq")
        with subprocess.Popen(SCRIPT + ["start", "rabbitmq"], stdout=subprocess.PIPE, text=True) as child:
            facts = json.loads(child.stdout.readline())
            self.assertEqual(facts["env"]["INDEXSWAP_TEST_AMQP_URL"], facts["url"])
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(30), 128 + signal.SIGTERM)
        folder = pathlib.Path(facts["env"]["INDEXSWAP_TEST_RABBITMQCTL"]).parent
        self.assertFalse(folder.exists())
        self.assertEqual(using(folder), [])


if __name__ == "__main__":
    unittest.main()
