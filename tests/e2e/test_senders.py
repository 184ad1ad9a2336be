"""The senders of live events: each queue gets what it should, in its order, in real formats."""

import json
import os
import subprocess
import unittest

import pika

import harness    # first: it knows the folders of the others
import delivery
import history
import senders
import services
import sqs

DOCTORS, CHANGES = 200, 400
BOTO3 = """
import json, sys
import boto3
client = boto3.client("sqs", endpoint_url=sys.argv[1])
for line in sys.stdin:
    client.send_message(QueueUrl=sys.argv[2], MessageBody=json.loads(line))
"""


def boto3_send(url, queue, bodies):
    """Sends with the real SDK, as the services do (they use Java's, which does the same)."""
    python = os.environ.get("INDEXSWAP_TEST_AWS_PYTHON")
    if not python:
        harness.server("elasticmq")
        python = harness.servers.SERVERS["elasticmq"]().environment()["INDEXSWAP_TEST_AWS_PYTHON"]
    lines = "".join(json.dumps(body.decode()) + "\n" for body in bodies)
    subprocess.run([python, "-c", BOTO3, url, queue], input=lines, text=True, check=True,
                   env=os.environ | sqs.CREDENTIALS | {
                       "AWS_DEFAULT_REGION": sqs.REGION, "NO_PROXY": "127.0.0.1"}, timeout=120)


class SendersTest(harness.EndToEnd):
    def setUp(self):
        self.amqp = harness.server("rabbitmq")
        self.client = sqs.Client(harness.server("elasticmq"))
        self.addCleanup(self.client.close)
        self.history = history.History(DOCTORS, CHANGES)

    def received(self, url):
        bodies = []
        while True:
            found = self.client.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10,
                                     VisibilityTimeout=60).get("Messages")
            if not found:
                return bodies
            bodies += [message["Body"].encode() for message in found]
            for message in found:
                self.client.call("DeleteMessage", QueueUrl=url,
                                 ReceiptHandle=message["ReceiptHandle"])

    def sent(self, sender, channel):
        return [message.body for message in sender.deliveries if message.channel == channel]

    def test_all_events_get_to_their_queues(self):
        with senders.Sender(self.amqp, self.client, self.history) as sender:
            sender.advance_to(0.5)
            sender.wait()
            self.assertEqual(sender.sent, len(sender.deliveries) // 2)
            self.assertAlmostEqual(sender.position, CHANGES / 2, delta=CHANGES / 5)
            self.assertEqual(sender.sent, sender.held())
            sender.advance_to(1)
            harness.wait_until(lambda: sender.share > 0.51, "it sends")
            with sender.paused():
                self.assertEqual(sender.sent, sender.held())
            sender.wait()
            self.assertEqual(sender.position, CHANGES)
            self.assertEqual(sender.held(), len(sender.deliveries))
            for channel, url in sender.urls.items():
                bodies, expected = self.received(url), self.sent(sender, channel)
                self.assertEqual(sorted(bodies), sorted(expected), channel)
                if channel in delivery.ORDERED:
                    self.assertEqual(bodies, expected)
            with services.channel(pika.URLParameters(self.amqp)) as amqp:
                trainees = self.sent(sender, "tcs-updates")
                self.assertEqual([amqp.basic_get(senders.TRAINEE_QUEUE, True)[2]
                                  for _ in trainees], trainees)
            self.assertEqual(sender.held(), 0)

    def test_the_services_answer_with_what_they_hold_at_that_moment(self):
        with senders.Sender(self.amqp, self.client, self.history) as sender:
            feeds = sender.feeds(batch=0)
            before = list(feeds["tcs"].bodies())
            sender.advance_to(1)
            sender.wait()
            after = list(feeds["tcs"].bodies())
            self.assertEqual(sorted(map(json.dumps, sender.history.world(0).snapshot("tcs"))),
                             sorted(set(map(json.dumps, before))))
            self.assertEqual(sorted(map(json.dumps, sender.history.world(CHANGES).snapshot("tcs"))),
                             sorted(set(map(json.dumps, after))))
            self.assertNotEqual(before, after)

    def test_a_phase_that_answers_over_sqs(self):
        url = self.client.create(senders.GMC_QUEUE)
        records = self.history.world(0).snapshot("gmc")
        feed = services.Feed(lambda: [{"payload": record, "syncEnd": False} for record in records],
                             sqs=(self.client, url), marker=1)
        with services.Services(self.amqp, {"gmc": feed}) as peers:
            route = services.ROUTES["gmc"]
            with services.channel(pika.URLParameters(self.amqp)) as amqp:
                amqp.basic_publish(services.EXCHANGE, route.start_key, route.start_body,
                                   pika.BasicProperties(content_type="application/json",
                                                        content_encoding="UTF-8", delivery_mode=2))
            harness.wait_until(lambda: peers.sent["gmc"] == len(records) + 1, "all is sent")
            self.assertEqual(peers.problems, [])
        bodies = [json.loads(body) for body in self.received(url)]
        self.assertEqual(len(bodies), len(records) + 1)
        self.assertEqual([body.get("payload") for body in bodies if body["syncEnd"]], [None])

    def test_boto3_sends_the_same(self):
        url = self.client.create("boto3")
        bodies = [change.body for change in self.history.changes
                  if change.channel == "doctor-changes"][:20]
        boto3_send(self.client.url, url, bodies)
        self.assertEqual(sorted(self.received(url)), sorted(bodies))


if __name__ == "__main__":
    unittest.main()
