"""What senders and queues do to a sync: ignored starts, markers and messages out of turn."""

import unittest

import harness
import pika
import services
from senders import TraineeQueue
from test_rebuild import feeds

QUICK_START = {"sync": {"start_timeout": "1s", "stall_timeout": "60s", "quiet": "500ms",
                        "owed_timeout": "3s"}}


class ChannelsTest(harness.EndToEnd):
    SNAPSHOT = harness.Snapshot(600)

    def setUp(self):
        self.amqp = harness.server("rabbitmq")
        self.store = self.embedded()
        self.deployment = harness.Deployment(self, self.store.url, self.amqp, **QUICK_START)

    def sync(self, feeding, before=(), code=0):
        """One sync; `before` are (channel, body) that lie in the queues when it starts."""
        with services.Services(self.amqp, feeding) as senders:
            for channel, body in before:
                senders.publish(channel, body)
            outcome = self.deployment.run("sync", code=code)
            self.assertEqual(senders.problems, [])
            return outcome, senders

    def test_an_ignored_start_is_sent_again(self):
        feeding = feeds(self.SNAPSHOT, batch=0)
        feeding["gmc"].ignores = 1
        _, senders = self.sync(feeding)
        self.assertEqual(senders.starts["gmc"][:2], ["ignored", "answered"])
        self.assertEqual(senders.starts["tcs"], ["answered"])
        self.assert_shows(self.store, self.SNAPSHOT)

    def test_an_end_marker_that_overtakes_data_ends_nothing(self):
        feeding = feeds(self.SNAPSHOT, batch=50)
        feeding["tcs"].marker_after = 0
        feeding["gmc"].marker_after = 3
        self.sync(feeding)
        self.assert_shows(self.store, self.SNAPSHOT)

    def test_a_sender_that_answers_twice_changes_nothing(self):
        outcome, senders = self.sync(feeds(self.SNAPSHOT, batch=0, answers_twice=True))
        self.assert_shows(self.store, self.SNAPSHOT)
        # The second answer may come to an end after the channel has.
        with services.Services(self.amqp, feeds(self.SNAPSHOT, batch=0)) as again:
            self.deployment.run("sync")
            self.assertEqual(again.problems, [])
        self.assert_shows(self.store, self.SNAPSHOT)
        self.assertGreaterEqual(outcome.report["channels"]["tcs"]["markers"], 1)
        self.assertEqual(senders.starts["tcs"], ["answered"])

    def test_what_lay_in_a_queue_before_is_counted_and_not_mixed_in(self):
        stranger = {"tcsPersonId": 1, "gmcReferenceNumber": "1", "doctorFirstName": "Nobody"}
        summary = {"payload": {"doctor": {"gmcReferenceNumber": "1"}}, "syncEnd": False}
        outcome, _ = self.sync(feeds(self.SNAPSHOT, batch=0), before=[
            ("tcs", stranger), ("tcs", {"syncEnd": True}), ("gmc", summary)])
        self.assert_shows(self.store, self.SNAPSHOT)
        left_over = {channel: figures["left_over"]
                     for channel, figures in outcome.report["channels"].items()}
        self.assertEqual(left_over, {"tcs": 2, "gmc": 1, "connection-logs": 0,
                                     "hidden-discrepancies": 0})

    def test_a_foreground_sync_leaves_live_events_in_their_queue(self):
        events = TraineeQueue(self.amqp)
        self.addCleanup(events.close)
        events.send(b'{"tcsPersonId":1,"gmcReferenceNumber":"1"}')
        self.sync(feeds(self.SNAPSHOT, batch=0))
        self.assert_shows(self.store, self.SNAPSHOT)
        self.assertEqual(events.waiting(), 1)
        events.declare()    # empty for others

    def test_the_configuration_says_which_queue_feeds_a_channel(self):
        moved = "syncd.test.moved"
        parameters = pika.URLParameters(self.amqp)
        self.deployment = harness.Deployment(self, self.store.url, self.amqp, **QUICK_START,
                                             queues={"gmc": f"amqp:{moved}"})
        route = services.ROUTES["gmc"]
        feeding = feeds(self.SNAPSHOT, batch=50)
        with services.Services(self.amqp, feeding), services.channel(parameters) as amqp:
            self.addCleanup(self.delete, parameters, moved)
            amqp.queue_declare(moved, durable=True)
            amqp.queue_bind(moved, services.EXCHANGE, route.data_key)
            amqp.queue_unbind(route.data_queue, services.EXCHANGE, route.data_key)
            self.deployment.run("sync")
        self.assert_shows(self.store, self.SNAPSHOT)

    @staticmethod
    def delete(parameters, queue):
        with services.channel(parameters) as amqp:
            amqp.queue_delete(queue)

    def test_phases_start_together_unless_they_are_to_wait_for_each_other(self):
        for sequential in (False, True):
            with self.subTest(sequential=sequential):
                self.deployment = harness.Deployment(
                    self, self.store.url, self.amqp,
                    sync=QUICK_START["sync"] | {"stall_timeout": "3s", "sequential": sequential})
                feeding = feeds(self.SNAPSHOT, batch=0)
                feeding["tcs"].dies_after = 5    # so it never ends
                _, senders = self.sync(feeding, code=1)
                started = {channel for channel, starts in senders.starts.items() if starts}
                self.assertEqual(started, {"tcs"} if sequential else set(services.ROUTES))

    def test_another_consumer_is_named(self):
        feeding = feeds(self.SNAPSHOT, batch=0)
        queue = services.ROUTES["gmc"].data_queue
        with services.Services(self.amqp, feeding) as senders:
            with services.consumer(self.amqp, queue):
                outcome = self.deployment.run("sync", code=3)
                self.assertIn(queue, outcome.message())
                self.assertIsNone(self.assert_one_generation(self.store))
            self.assertEqual(senders.starts["gmc"], [])


if __name__ == "__main__":
    unittest.main()
