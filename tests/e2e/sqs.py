"""A small SQS client for tests: fast, over one kept connection, unsigned, for ElasticMQ alone."""

import http.client
import json
import queue
import time
import urllib.parse

REGION = "eu-west-2"
BATCH = 10
RETRY_S = 180
# What syncd and boto3 sign with; ElasticMQ takes any.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests",
               "AWS_REGION": REGION}


class Refused(Exception):
    """The server's answer was an error."""


class Client:
    """Calls of one server, from any thread. Its connections are kept until close()."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self._address = urllib.parse.urlsplit(url).netloc
        self._idle = queue.SimpleQueue()

    def close(self):
        while not self._idle.empty():
            self._idle.get().close()

    def call(self, action, **parameters):
        """One call; a connection that is refused or breaks is an OSError, and so is the answer of a
        server that is just going down."""
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = http.client.HTTPConnection(self._address, timeout=60)
        try:
            connection.request("POST", "/", json.dumps(parameters).encode(), {
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"AmazonSQS.{action}"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise OSError(f"SQS {action}: {error!r}") from error
        self._idle.put(connection)
        if answer.status >= 500:
            raise OSError(f"SQS {action}: {answer.status} {body[:500]!r}")
        if b"QueueDoesNotExist" in body and action == "SendMessageBatch":
            raise OSError(f"SQS {action}: the server is just coming up, without its queues")
        if answer.status != 200:
            raise Refused(f"SQS {action}: {answer.status} {body[:500]!r}")
        return json.loads(body or b"{}")

    def create(self, name, visibility_s=30):
        """Makes the queue, empty; returns its address. `.fifo` at its name's end says its kind."""
        attributes = {"VisibilityTimeout": str(visibility_s)}
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        try:
            self.delete(name)
        except Refused:
            pass    # it wasn't there
        return self.call("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]

    def delete(self, name):
        url = self.call("GetQueueUrl", QueueName=name)["QueueUrl"]
        self.call("DeleteQueue", QueueUrl=url)

    def send(self, url, messages):
        """Sends (body, group, deduplication id); the last two are for FIFO queues, else None.

        A server that is away is waited for. So a message may come twice.
        """
        for start in range(0, len(messages), BATCH):
            entries = [_entry(number, *message)
                       for number, message in enumerate(messages[start:start + BATCH])]
            while entries:
                answer = _patiently(self.call, "SendMessageBatch", QueueUrl=url, Entries=entries)
                failed = {entry["Id"] for entry in answer.get("Failed") or ()}
                entries = [entry for entry in entries if entry["Id"] in failed]

    def held(self, url):
        """All messages that the queue holds, those under way included."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        found = self.call("GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)


def _entry(number, body, group, token):
    entry = {"Id": str(number), "MessageBody": body.decode() if isinstance(body, bytes) else body}
    if group is not None:
        entry |= {"MessageGroupId": group, "MessageDeduplicationId": token}
    return entry


def _patiently(call, *words, **parameters):
    end = time.monotonic() + RETRY_S
    while True:
        try:
            return call(*words, **parameters)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
