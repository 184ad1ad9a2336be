"""The stand-ins themselves: what they send is what the real services send."""

import functools
import json
import unittest

import pika

import harness
import services


class ServicesTest(harness.EndToEnd):
    SNAPSHOT = harness.Snapshot(300)

    def setUp(self):
        self.url = harness.server("rabbitmq")
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        self.addCleanup(connection.close)
        self.amqp = connection.channel()

    def start(self, channel, **changed):
        route = services.ROUTES[channel]
        properties = {"content_type": "application/json", "content_encoding": "UTF-8",
                      "delivery_mode": 2} | changed
        self.amqp.basic_publish(services.EXCHANGE, route.start_key, route.start_body,
                                pika.BasicProperties(**properties))

    def received(self, senders, channel):
        harness.wait_until(lambda: senders.starts[channel] and not senders.busy(), channel)
        queue = services.ROUTES[channel].data_queue
        harness.wait_until(lambda: senders.waiting(channel) == senders.sent[channel], queue)
        return [self.amqp.basic_get(queue, auto_ack=True)[1:] for _ in range(senders.sent[channel])]

    def test_answers_in_the_formats_of_the_services(self):
        feeds = {"tcs": services.Feed(functools.partial(self.SNAPSHOT.records, "tcs"), marker=1),
                 "gmc": services.Feed(lambda: self.SNAPSHOT.records("gmc", batch=90), marker=2)}
        with services.Services(self.url, feeds) as senders:
            for channel in feeds:
                self.start(channel)
            trainees = self.received(senders, "tcs")
            batches = self.received(senders, "gmc")
            self.assertEqual(senders.problems, [])
        sent = [json.loads(body) for _, body in trainees]
        expected = list(self.SNAPSHOT.records("tcs"))
        without_nulls = [[{key: value for key, value in record.items() if value is not None}
                          for record in records] for records in (sent, expected)]
        self.assertEqual(*without_nulls)
        self.assertEqual(json.loads(batches[-1][1]), {"syncEnd": True})
        self.assertEqual(len(json.loads(batches[0][1])["payload"]), 90)
        properties = trainees[0][0]
        self.assertEqual(properties.headers, {"__TypeId__": services.ROUTES["tcs"].type_id})
        self.assertEqual((properties.content_type, properties.delivery_mode),
                         ("application/json", 2))
        self.assertTrue(any(body.count(b"\n") > 3 for _, body in trainees), "none is indented")
        self.assertTrue(any(b"\\u" in body for _, body in trainees), "none is escaped")

    def test_who_hears_of_a_start_finds_its_sender_busy(self):
        senders = services.Services(self.url, {"tcs": services.Feed(lambda: [])})
        seen = []

        class Starts(list):
            def append(self, start):
                super().append(start)
                seen.append((start, senders.busy()))

        senders.starts["tcs"] = Starts()
        with senders:
            self.start("tcs")
            harness.wait_until(lambda: seen and not senders.busy(), "the answer")
            self.assertEqual((seen, senders.sent["tcs"]), ([("answered", True)], 1))

    def test_names_a_start_that_spring_would_not_read(self):
        with services.Services(self.url, {}) as senders:
            self.start("tcs", content_encoding=None)
            harness.wait_until(lambda: senders.starts["tcs"], "the start")
            self.assertRegex("\n".join(senders.problems), "content encoding None")

    def test_faults(self):
        bodies = [{"payload": n} for n in range(9)]
        feed = services.Feed(lambda: bodies, marker_after=4, extra=((2, b"no JSON"),), marker=1)
        self.assertEqual(
            list(services._script("gmc", feed)),
            [*bodies[:2], b"no JSON", bodies[2], {"payload": None, "syncEnd": True}, *bodies[3:]])
        self.assertEqual(list(services._script("gmc", services.Feed(lambda: bodies, dies_after=3))),
                         bodies[:3])


if __name__ == "__main__":
    unittest.main()
