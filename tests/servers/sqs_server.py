"""SQS for tests: ElasticMQ, which behaves like it, and moto, which checks signatures."""

import json
import pathlib
import subprocess
import urllib.error
import urllib.request

from jars import Unavailable, fetch, find_java
from python_packages import AWS, python_with
from server import Server

# Straight to the server, whatever proxy the environment names.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
REGION = "eu-west-2"
ACCOUNT = "000000000000"


class ElasticMQ(Server):
    """One ElasticMQ. Queues and messages outlive stop and kill; it takes any credentials.

    Queues are made by CreateQueue, or named here. A queue's URL is {url}/000000000000/{name}.
    """

    VERSION = "1.7.1"

    def __init__(self, queues=(), settings=None, heap="256m"):
        """`queues`: names, those with .fifo at the end are FIFO queues. `settings`: lines of its configuration."""
        super().__init__()
        self._queues = queues
        self._settings = dict(settings or {})
        self._heap = heap
        self._java = self._class_path = self._port = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def queue_url(self, name):
        return f"{self.url}/{ACCOUNT}/{name}"

    def environment(self):
        return {"INDEXSWAP_TEST_AWS_PYTHON": str(python_with(AWS))}

    def call(self, action, **parameters):
        """One call of the API, as call("GetQueueUrl", QueueName="q"); fails with an HTTPError."""
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
        request = urllib.request.Request(self.url + "/", json.dumps(parameters).encode(), headers)
        with _DIRECT.open(request, timeout=60) as answer:
            return json.loads(answer.read() or b"{}")

    def prepare(self):
        self._java = find_java()
        lib = fetch("elasticmq", self.VERSION, f"org.elasticmq:elasticmq-server_2.13:{self.VERSION}")
        python_with(AWS)
        self._class_path = f"{lib}/*"

    def _configure(self):
        self._port = self._take_ports()
        settings = {
            "node-address": f'{{ protocol = http, host = "127.0.0.1", port = {self._port}, context-path = "" }}',
            "rest-sqs": f'{{ enabled = true, bind-port = {self._port}, bind-hostname = "127.0.0.1" }}',
            "rest-stats.enabled": "false",
            "aws": f'{{ region = "{REGION}", accountId = "{ACCOUNT}" }}',
            "queues-storage": f'{{ enabled = true, path = "{self._folder}/queues.conf" }}',
            "messages-storage": f'{{ enabled = true, uri = "jdbc:h2:{self._folder}/messages;WRITE_DELAY=0" }}',
            **self._settings,
        }
        lines = ['include classpath("application.conf")']
        lines += [f"{key} = {value}" for key, value in settings.items()]
        for name in self._queues:
            lines.append(f'queues."{name}" = {{ fifo = {json.dumps(name.endswith(".fifo"))} }}')
        (self._folder / "elasticmq.conf").write_text("\n".join(lines) + "\n")

    def _launch(self):
        command = [
            self._java, f"-Xmx{self._heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            f"-Dconfig.file={self._folder}/elasticmq.conf", "-cp", self._class_path, "org.elasticmq.server.Main",
        ]  # fmt: skip
        return self._spawn(command)

    def _answers(self):
        try:
            self.call("ListQueues")
        except (OSError, urllib.error.URLError):
            return False
        return True


class Moto(Server):
    """One moto server with an IAM user that may do all; from then on it refuses what is wrongly signed (403).

    Its data don't outlive it.
    """

    def __init__(self, settings=None):
        """`settings`: variables of its environment."""
        super().__init__()
        self._settings = dict(settings or {})
        self._python = self._port = self._keys = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def environment(self):
        """The user's credentials, and those of a session (a role that the user took on)."""
        return {"INDEXSWAP_TEST_AWS_PYTHON": str(self._python), **self._keys}

    def prepare(self):
        self._python = python_with(AWS)

    def _configure(self):
        self._port = self._take_ports()

    def _launch(self):
        env = {"HOME": str(self._folder), "AWS_DEFAULT_REGION": REGION, **self._settings}
        return self._spawn([self._python, "-m", "moto.server", "-H", "127.0.0.1", "-p", self._port], env)

    def _wait_ready(self):
        super()._wait_ready()
        script = pathlib.Path(__file__).with_name("moto_user.py")
        self._keys = self._run_script(script)
        request = urllib.request.Request(
            f"{self.url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}, method="POST"
        )
        _DIRECT.open(request, timeout=60).close()

    def _run_script(self, script):
        done = subprocess.run([self._python, script, self.url], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"{script.name}: {done.stderr[-2000:]}")
        return json.loads(done.stdout)

    def _answers(self):
        try:
            _DIRECT.open(f"{self.url}/moto-api/data.json", timeout=5).close()
        except (OSError, urllib.error.URLError):
            return False
        return True
