"""Tests of the model of live events: each rule once, with values worked out by hand."""

import itertools
import json
import unittest

from events import ASSIGNED, NOTHING, OLDER, REJECTED, LiveModel
from test_revalidation import summary, trainee

GMC, OTHER = "7000001", "7000002"


def change(at, full=None, key=None, operation="update", token="", text=False):
    """A change-stream message; `at` is t, or (t, i)."""
    t, i = at if isinstance(at, tuple) else (at, 1)
    time = f"Timestamp({t}, {i})" if text else {"$timestamp": {"t": t, "i": i}}
    return {"_id": {"_data": token}, "operationType": operation, "clusterTime": time,
            "documentKey": {"_id": key}, "fullDocument": full}


def doctor(at, gmc=GMC, **fields):
    return "doctor-changes", change(at, {"_id": gmc, **fields}, gmc)


def recommendation(at, gmc=GMC, **fields):
    key = {"$oid": "62c2"}
    return "recommendation-changes", change(at, {"_id": key, "gmcNumber": gmc, **fields}, key)


def connection(at, time, by="a@example.org", code="0"):
    full = {"_id": f"log{at}", "gmcId": GMC, "updatedBy": by, "eventDateTime": time,
            "responseCode": code, "requestTime": {"$date": "1999-01-01T00:00:00Z"}}
    return "connection-changes", change(at, full, f"log{at}", "insert")


def hidden(at, key, body="1-A", time="2024-01-01 00:00:00"):
    key = {"$oid": key}
    return "hidden-discrepancy-changes", change(
        at, {"_id": key, "gmcId": GMC, "hiddenForDesignatedBodyCode": body, "hiddenBy": "b",
             "hiddenDateTime": time}, key, "insert")


def deleted(channel, at, key):
    return channel, change(at, None, key, "delete")


class LiveEvents(unittest.TestCase):
    def live(self, *events, summaries=(), trainees=(), logs=(), entries=()):
        """The master documents after a snapshot and events."""
        model = LiveModel()
        for record in trainees:
            model.snapshot("tcs", record)
        for channel, records in (("gmc", summaries), ("connection-logs", logs),
                                 ("hidden-discrepancies", entries)):
            for record in records:
                model.snapshot(channel, {"payload": record})
        for channel, body in events:
            model.event(channel, body)
        return model.documents()["masterdoctorindex"]

    def assert_any_order(self, events, check, **snapshot):
        for order in itertools.permutations(events):
            check(self.live(*order, *events[:1], **snapshot))

    def test_the_last_change_of_a_doctor_wins_however_late_an_older_one_comes(self):
        events = [doctor(5, doctorLastName="old"), doctor((6, 1), doctorLastName="older"),
                  doctor((6, 10), doctorLastName="new", submissionDate={"$date": 1656892800000},
                         designatedBodyCode="1-A", existsInGmc=True)]
        self.assert_any_order(events, lambda documents: self.assertEqual(documents, {GMC: {
            "gmcReferenceNumber": GMC, "doctorLastName": "new", "submissionDate": "2022-07-04",
            "designatedBody": "1-A", "existsInGmc": True, "designatedBodiesDiffer": True}}))

    def test_time_as_text_and_as_object_compare_and_ties_by_token(self):
        def at(time, name, token="", text=False):
            return "doctor-changes", change(time, {"_id": GMC, "admin": name}, GMC, token=token,
                                            text=text)
        for events in ([at((9, 2), "old", text=True), at((10, 1), "new")],
                       [at((9, 2), "old"), at((10, 1), "new", text=True)],
                       [at((9, 2), "old", "82A1"), at((9, 2), "new", "82A2", text=True)]):
            self.assert_any_order(events, lambda documents: self.assertEqual(
                documents[GMC]["admin"], "new"))

    def test_an_event_wins_over_the_snapshot_and_replaces_its_records_whole(self):
        documents = self.live(doctor(1, underNotice="NO"), summaries=[
            summary(GMC, "Approved", doctorFirstName="Siân", admin="a", underNotice="YES")])
        self.assertEqual(documents[GMC], {"gmcReferenceNumber": GMC, "underNotice": "NO",
                                          "gmcStatus": "Approved", "designatedBodiesDiffer": False})

    def test_the_admin_is_of_the_latest_event_of_doctor_or_recommendation(self):
        events = [doctor(1, admin="first"), recommendation(2, admin="second"),
                  doctor(3, admin="third")]
        self.assert_any_order(events, lambda documents: self.assertEqual(
            documents[GMC]["admin"], "third"))
        self.assert_any_order(events[:2] + [recommendation(4)], lambda documents:
                              self.assertNotIn("admin", documents[GMC]))

    def test_a_recommendation_without_outcome_keeps_the_status(self):
        events = [recommendation(2, outcome="UNDER_REVIEW"), recommendation(3, admin="a"),
                  recommendation(4, outcome=None)]
        self.assert_any_order(events, lambda documents: self.assertEqual(
            documents[GMC]["gmcStatus"], "Under Review"), summaries=[summary(GMC, "Rejected")])
        self.assertEqual(self.live(*events[1:], summaries=[summary(GMC, "Rejected")])[GMC]
                         ["gmcStatus"], "Rejected")
        for word, shown in (("APPROVED", "Approved"), ("REJECTED", "Rejected")):
            self.assertEqual(self.live(recommendation(1, outcome=word), summaries=[summary(GMC)])
                             [GMC]["gmcStatus"], shown)

    def test_a_deleted_doctor_takes_its_admin_along_and_leaves_the_outcome(self):
        events = [doctor(1, admin="a", doctorFirstName="Gmc"),
                  recommendation(2, outcome="APPROVED", admin="b"),
                  deleted("doctor-changes", 3, GMC)]
        self.assert_any_order(events, lambda documents: self.assertEqual(documents, {
            f"{GMC}:1": {"tcsPersonId": 1, "gmcReferenceNumber": GMC, "doctorFirstName": "Tis",
                         "gmcStatus": "Approved", "designatedBodiesDiffer": False}}),
            trainees=[trainee(1, GMC, doctorFirstName="Tis")], summaries=[summary(GMC, admin="s")])
        self.assert_any_order(events, lambda documents: self.assertEqual(documents, {}))
        self.assertEqual(self.live(*events, doctor(4))[GMC]["gmcStatus"], "Approved")

    def test_what_has_no_document_or_deletes_nothing_assigns_nothing(self):
        model = LiveModel()
        for channel, body in (("doctor-changes", change(9, None, GMC)),
                              ("recommendation-changes", change(9, None, {"$oid": "1"})),
                              deleted("recommendation-changes", 9, {"$oid": "1"}),
                              deleted("connection-changes", 9, "log1"),
                              connection(9, "2024-01-01T00:00:00", code="500"),
                              connection(9, "2024-01-01T00:00:00", code=None),
                              ("hidden-discrepancy-changes", change(9, None, {"$oid": "1"}))):
            self.assertEqual(model.event(channel, body), NOTHING, (channel, body))
        # And it is in the way of nothing that is older.
        self.assertEqual(model.event(*doctor(1)), ASSIGNED)
        self.assertEqual(set(model.documents()["masterdoctorindex"]), {GMC})

    def test_logs_count_if_the_gmc_agreed_or_is_their_author_and_the_latest_event_time_wins(self):
        events = [connection(9, {"$date": "2024-01-02T03:04:05Z"}, by="early"),
                  connection(2, "2024-01-03 00:00:00", by="Updated by GMC", code="77"),
                  connection(3, "2025-01-01 00:00:00", by="refused", code="1")]
        self.assert_any_order(events, lambda documents: self.assertEqual(
            (documents[GMC]["updatedBy"], documents[GMC]["lastConnectionDateTime"]),
            ("Updated by GMC", "2024-01-03T00:00:00.000")), summaries=[summary(GMC)])

    def test_a_log_of_the_snapshot_wins_over_an_event_of_an_earlier_time(self):
        event = connection(9, "2024-01-02T00:00:00", by="event")
        for time, winner in (("2024-01-01T00:00:00", "event"), ("2024-01-03T00:00:00", "snapshot"),
                             (None, "event")):
            log = {"gmcId": GMC, "updatedBy": "snapshot", "eventDateTime": time}
            self.assertEqual(self.live(event, summaries=[summary(GMC)], logs=[log])[GMC]
                             ["updatedBy"], winner)

    def test_hidden_discrepancies_come_and_go(self):
        key = {"$oid": "h1"}
        events = [hidden(1, "h1"), hidden(2, "h2", body="1-B"),
                  deleted("hidden-discrepancy-changes", 3, key)]

        def check(documents):
            self.assertEqual(documents[GMC]["hiddenDiscrepancies"], [
                {"id": "h2", "gmcId": GMC, "hiddenForDesignatedBodyCode": "1-B", "hiddenBy": "b",
                 "hiddenDateTime": "2024-01-01T00:00:00.000"}])
        self.assert_any_order(events, check, summaries=[summary(GMC)])
        entry = {"id": "h1", "gmcId": GMC, "hiddenForDesignatedBodyCode": "1-A"}
        self.assert_any_order(events[1:], check, summaries=[summary(GMC)], entries=[entry])

    def test_trainees_move_detach_and_attach_again_in_order_of_arrival(self):
        snapshot = {"trainees": [trainee(1, GMC, programmeName="old"), trainee(2, GMC)],
                    "summaries": [summary(GMC), summary(OTHER)]}
        moved = "tcs-updates", trainee(1, OTHER, programmeName="new", syncEnd=False)
        detached = "tcs-updates", {"tcsPersonId": 1, "gmcReferenceNumber": None}
        back = "tcs-updates", trainee(1, GMC)
        self.assertEqual(set(self.live(moved, **snapshot)), {f"{GMC}:2", f"{OTHER}:1"})
        self.assertEqual(self.live(moved, **snapshot)[f"{OTHER}:1"]["programmeName"], "new")
        self.assertEqual(set(self.live(moved, detached, **snapshot)), {f"{GMC}:2", OTHER})
        self.assertEqual(set(self.live(detached, ("tcs-updates", trainee(2, OTHER)), **snapshot)),
                         {GMC, f"{OTHER}:2"})
        self.assertEqual(set(self.live(moved, detached, back, **snapshot)),
                         {f"{GMC}:1", f"{GMC}:2", OTHER})

    def test_what_can_be_no_record_is_rejected(self):
        model = LiveModel()
        timeless = doctor(1)[1] | {"clusterTime": None}
        for channel, body in (("tcs-updates", {"gmcReferenceNumber": GMC}), ("tcs-updates", b"{"),
                              ("doctor-changes", []), ("doctor-changes", timeless),
                              ("doctor-changes", change(1, {"admin": "a"})),
                              deleted("doctor-changes", 1, None), recommendation(1, gmc=" "),
                              deleted("hidden-discrepancy-changes", 1, {"$oid": None})):
            self.assertEqual(model.event(channel, body), REJECTED, (channel, body))

    def test_counts(self):
        model = LiveModel()
        for at in (5, 4, 5):
            channel, body = doctor(at)
            model.event(channel, json.dumps(body).encode())
        self.assertEqual(model.counts["doctor-changes"],
                         {ASSIGNED: 2, NOTHING: 0, OLDER: 1, REJECTED: 0})


if __name__ == "__main__":
    unittest.main()
