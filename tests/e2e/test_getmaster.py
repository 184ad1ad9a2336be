"""A real Spring AMQP at both ends: hears getMaster, and sends trainees and summaries."""

import pathlib
import sys
import unittest

import pika

import harness
import live
import services

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "spring"))

import spring                          # noqa: E402
from test_spring import available      # noqa: E402

PERSON, GMC = 98_000_001, "9800001"


class GetMasterTest(harness.EndToEnd):

    def queues(self, bed):
        """Two of our own, bound as those of Recommendation and Connection are."""
        names = [f"tests.getmaster.{n}" for n in (1, 2)]
        with services.channel(pika.URLParameters(bed.amqp)) as amqp:
            for name in names:
                amqp.queue_declare(name, durable=True)
                amqp.queue_bind(name, services.EXCHANGE, services.GET_MASTER_KEY)
                amqp.queue_purge(name)
        self.addCleanup(self.delete, bed.amqp, names)
        return names

    def delete(self, url, names):
        with services.channel(pika.URLParameters(url)) as amqp:
            for name in names:
                amqp.queue_delete(name)

    def test_a_spring_listener_gets_it(self):
        available()
        with live.Bed(self, self.embedded(), changes=50) as bed:
            queues = self.queues(bed)
            with spring.Receiver(bed.amqp, *queues) as receiver:
                bed.daemon.start()
                bed.sync()
                self.assertEqual({receiver.line(), receiver.line()},
                                 {f"GOT {queue} getMaster" for queue in queues})

    def test_what_a_spring_sender_sends_is_understood(self):
        available()
        for number, dates in enumerate(("iso", "arrays")):
            with self.subTest(dates), live.Bed(self, self.embedded(), changes=50) as bed:
                self.understood(bed, dates, str(int(GMC) + number), PERSON + number)

    def understood(self, bed, dates, gmc, person):
        """The summaries of a sync, and a live trainee."""
        summaries = bed.history.world(0).snapshot("gmc")
        doctor = {
            "gmcReferenceNumber": gmc, "submissionDate": "2026-07-04", "existsInGmc": True,
            "gmcLastUpdatedDateTime": "2022-07-04T09:30:00", "doctorLastName": "Ó’Neill"}

        def bodies():
            with spring.sender(bed.amqp, dates) as send:
                payload = [{"doctor": doctor, "gmcOutcome": "Approved"}]
                send(services.EXCHANGE, services.ROUTES["gmc"].data_key, "summaries",
                     {"payload": payload, "syncEnd": False})
            return [{"payload": summaries, "syncEnd": False}]
        bed.daemon.start()
        feeds = bed.feeds()
        feeds["gmc"] = services.Feed(bodies)
        bed.peers.feeds = feeds
        bed.daemon.sync()
        trainee = {"tcsPersonId": person, "gmcReferenceNumber": gmc,
                   "programmeMembershipEndDate": "2027-08-03", "programmeName": "Cardiologie/“Å”"}
        with spring.sender(bed.amqp, dates) as send:
            send(services.EXCHANGE, live.senders.TRAINEE_KEY, "trainee", trainee)
        shown = harness.wait_until(lambda: bed.shows("masterdoctorindex", f"{gmc}:{person}"),
                                   "the trainee is live")
        self.assertEqual(shown, {
            "tcsPersonId": person, "gmcReferenceNumber": gmc, "doctorLastName": "Ó’Neill",
            "submissionDate": "2026-07-04", "existsInGmc": True, "gmcStatus": "Approved",
            "programmeName": "Cardiologie/“Å”", "membershipEndDate": "2027-08-03",
            "designatedBodiesDiffer": False})
        self.assertIsNone(bed.shows("masterdoctorindex", gmc))


if __name__ == "__main__":
    unittest.main()
