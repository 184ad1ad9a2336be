"""Tests of the history of live changes: what the tests that use it rely on."""

import collections
import json
import pathlib
import random
import sys
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "model"))

import delivery               # noqa: E402
import history as live        # noqa: E402
import wire                   # noqa: E402
from events import ASSIGNED, LiveModel, NOTHING, OLDER, REJECTED    # noqa: E402

DOCTORS, CHANGES = 400, 6000
SNAPSHOTS = ("tcs", "gmc", "connection-logs", "hidden-discrepancies")


def model_of(world, sent):
    """The model of a snapshot of one moment and of messages."""
    model = LiveModel()
    for channel in SNAPSHOTS:
        for record in world.snapshot(channel):
            model.snapshot(channel, record if channel == "tcs" else {"payload": record})
    for message in sent:
        model.event(message.channel, message.body)
    return model


class Histories(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.history = live.History(DOCTORS, CHANGES)
        cls.sent = delivery.deliveries(cls.history)
        cls.expected = model_of(cls.history.world(0), cls.history.changes)
        cls.documents = cls.expected.documents()

    def test_it_is_always_the_same(self):
        again = live.History(DOCTORS, CHANGES)
        self.assertEqual(again.changes, self.history.changes)
        self.assertEqual(delivery.deliveries(again), self.sent)
        self.assertNotEqual(live.History(DOCTORS, CHANGES, seed=2).changes, self.history.changes)

    def test_the_services_hold_what_the_events_told(self):
        for count in (1, CHANGES // 2, CHANGES):
            world = self.history.world(count)
            told = model_of(self.history.world(0), self.history.changes[:count]).model()
            # What no snapshot can tell: outcome and admin of a doctor that isn't there.
            for table in (told.admins, told.outcomes):
                for gmc in table.keys() - world.doctors.keys():
                    del table[gmc]
            self.assertEqual(model_of(world, []).documents(), told.documents(), count)

    def test_it_does_not_matter_when_a_snapshot_was_read(self):
        for count in (0, CHANGES // 3, CHANGES // 2, CHANGES):
            built = model_of(self.history.world(count), self.sent)
            self.assertEqual(built.documents(), self.documents, count)

    def test_deliveries_are_late_and_repeated_only_where_they_may_be(self):
        positions, last = collections.Counter(), collections.defaultdict(lambda: -1)
        late, old = set(), set()
        for message in self.sent:
            positions[message.position] += 1
            record = message.channel, message.record
            if message.position < last[record]:
                (old if message.again else late).add(message.channel)
            last[record] = max(last[record], message.position)
        self.assertEqual(set(positions), set(range(CHANGES)))
        self.assertEqual(set(positions.values()), {1, 2})
        self.assertEqual(late, {"doctor-changes", "recommendation-changes", "connection-changes"})
        self.assertEqual(old, late | {"hidden-discrepancy-changes"})
        self.assertIn("tcs-updates", {message.channel for message in self.sent if message.again})
        # And none comes again before it has come.
        seen = set()
        for message in self.sent:
            self.assertEqual(message.position in seen, message.again)
            seen.add(message.position)

    def test_all_kinds_are_there(self):
        model = model_of(self.history.world(0), self.sent)
        for channel, counts in model.counts.items():
            self.assertEqual(counts[REJECTED], 0, channel)
            self.assertGreater(counts[ASSIGNED], CHANGES * 0.05, channel)
            if channel != "tcs-updates":
                self.assertGreater(counts[OLDER], 0, channel)
        self.assertGreater(model.counts["connection-changes"][NOTHING], 50)
        bodies = [json.loads(change.body) for change in self.history.changes]
        streams = [body for body in bodies if "operationType" in body]
        kinds = collections.Counter(
            (type(body["clusterTime"]).__name__, body["operationType"]) for body in streams)
        for kind in ("str", "dict"):
            for operation in ("insert", "update", "replace", "delete"):
                self.assertGreater(kinds[kind, operation], 9, (kind, operation))
        times = collections.Counter(json.dumps(body["clusterTime"]) for body in streams)
        self.assertGreater(len(streams) - len(times), 20, "no ties of the cluster's time")

    def test_trainees_move_detach_and_attach_again(self):
        told, seen = {}, collections.Counter()
        for change in self.history.changes:
            if change.channel != "tcs-updates":
                continue
            gmc = json.loads(change.body).get("gmcReferenceNumber")
            before = told.get(change.record, "unknown")
            if before != gmc and before != "unknown":
                seen["detach" if gmc is None else "attach" if before is None else "move"] += 1
            told[change.record] = gmc
        for what in ("detach", "attach", "move"):
            self.assertGreater(seen[what], 20, what)

    def test_rising_fields_rise_from_the_first_changes_on(self):
        last = collections.defaultdict(str)
        for position, change in enumerate(self.history.changes):
            body = json.loads(change.body)
            value = (body.get("programmeName") if change.channel == "tcs-updates"
                     else (body.get("fullDocument") or {}).get("doctorLastName")) or ""
            if not value.startswith("Rising"):
                self.assertNotIn(change.record, last)
                continue
            self.assertGreater(value, last[change.record])
            if not last[change.record]:
                self.assertLess(position, 100)
            last[change.record] = value
        self.assertEqual(set(last), set(self.history.rising) | set(self.history.rising.values()))
        for gmc, person in self.history.rising.items():
            document = self.documents["masterdoctorindex"][f"{gmc}:{person}"]
            self.assertEqual(document["doctorLastName"], last[gmc])
            self.assertEqual(document["programmeName"], last[person])

    def test_no_alias_shrinks_much(self):
        before = model_of(self.history.world(0), []).model().alias_members("2026-06-15")
        after = self.expected.model().alias_members("2026-06-15")
        for alias in before:
            self.assertGreater(len(after[alias]) + 20, len(before[alias]) * 0.9, alias)


class Wire(unittest.TestCase):
    def test_dates_of_the_population_come_out_as_days(self):
        for value in ("2022-07-04", [2022, 7, 4], "2022-07-04T00:00:00", "2022-07-04 00:00:00",
                      {"$date": "2022-07-04T00:00:00Z"}):
            self.assertEqual(wire.iso_date(value), "2022-07-04")
        self.assertIsNone(wire.iso_date(None) or wire.iso_date([]))

    def test_a_change(self):
        body = json.loads(wire.change_stream("delete", "7000001", None, (7, 11), 1,
                                             random.Random(1)))
        self.assertEqual((body["operationType"], body["documentKey"]),
                         ("delete", {"_id": "7000001"}))
        self.assertIn(body["clusterTime"], ("Timestamp(7, 11)", {"$timestamp": {"t": 7, "i": 11}}))
        self.assertIsNone(body.get("fullDocument"))


if __name__ == "__main__":
    unittest.main()
