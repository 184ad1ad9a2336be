"""Tests of the model itself: each rule once, with values worked out by hand."""

import datetime
import unittest

import field_values as fv
from revalidation import Model, london_today

TODAY = "2024-06-15"


def trainee(person, gmc, **fields):
    return {"tcsPersonId": person, "gmcReferenceNumber": gmc, **fields}


def summary(gmc, outcome=None, **fields):
    return {"doctor": {"gmcReferenceNumber": gmc, **fields}, "gmcOutcome": outcome}


def built(trainees=(), summaries=(), logs=(), hidden=()):
    model = Model()
    for record in trainees:
        model.apply("tcs", record)
    for channel, records in (("gmc", summaries), ("connection-logs", logs),
                             ("hidden-discrepancies", hidden)):
        for record in records:
            model.apply(channel, {"payload": record, "syncEnd": False})
    return model


def master(*args, **kwargs):
    return built(*args, **kwargs).documents()["masterdoctorindex"]


class Joining(unittest.TestCase):
    def test_one_doctor_from_all_four_sources(self):
        documents = built(
            [trainee(1, "7000001", doctorFirstName="Tis", doctorLastName="Name",
                     submissionDate="2020-01-01", designatedBody="1-NEVER",
                     programmeName="A | B", programmeMembershipType="Substantive",
                     tcsDesignatedBody="1-AIIDWA", programmeOwner="HEE", placementGrade="279",
                     programmeMembershipStartDate=[2020, 8, 5],
                     programmeMembershipEndDate="2024-08-06",
                     curriculumEndDate="2024-08-06T00:00:00", dataSource="TCS")],
            [summary("7000001", "Under Review", doctorFirstName="Siân", doctorLastName=None,
                     submissionDate=[2025, 7, 4], underNotice="YES", doctorStatus="DRAFT",
                     lastUpdatedDate="2024-06-01", designatedBodyCode="1-AIIDR8",
                     admin="a@example.org", existsInGmc=True, sanction="No")],
            [{"gmcId": "7000001", "updatedBy": "b@example.org",
              "eventDateTime": [2024, 1, 2, 3, 4]}],
            [{"id": "h1", "gmcId": "7000001", "hiddenForDesignatedBodyCode": "1-AIIDR8",
              "hiddenBy": "c", "reason": "r", "hiddenDateTime": "2024-01-01T00:00:00",
              "hiddenUntilDate": "2025-01-01"}]).documents()
        self.assertEqual(documents["masterdoctorindex"], {"7000001:1": {
            "tcsPersonId": 1, "gmcReferenceNumber": "7000001", "doctorFirstName": "Siân",
            "doctorLastName": "Name", "submissionDate": "2025-07-04", "programmeName": "A | B",
            "membershipType": "Substantive", "membershipStartDate": "2020-08-05",
            "membershipEndDate": "2024-08-06", "curriculumEndDate": "2024-08-06",
            "tcsDesignatedBody": "1-AIIDWA", "programmeOwner": "HEE", "placementGrade": "279",
            "designatedBody": "1-AIIDR8", "gmcStatus": "Under Review", "tisStatus": "DRAFT",
            "admin": "a@example.org", "lastUpdatedDate": "2024-06-01", "underNotice": "YES",
            "existsInGmc": True, "updatedBy": "b@example.org",
            "lastConnectionDateTime": "2024-01-02T03:04:00.000",
            "hiddenDiscrepancies": [{
                "id": "h1", "gmcId": "7000001", "hiddenForDesignatedBodyCode": "1-AIIDR8",
                "hiddenBy": "c", "reason": "r", "hiddenDateTime": "2024-01-01T00:00:00.000"}],
            "designatedBodiesDiffer": True}})
        self.assertEqual(documents["recommendationindex"], {"7000001:1": {
            "tcsPersonId": 1, "gmcReferenceNumber": "7000001", "doctorFirstName": "Siân",
            "doctorLastName": "Name", "designatedBody": "1-AIIDR8",
            "submissionDate": "2025-07-04", "gmcStatus": "Under Review", "tisStatus": "DRAFT",
            "programmeName": "A | B", "membershipType": "Substantive",
            "curriculumEndDate": "2024-08-06", "admin": "a@example.org",
            "lastUpdatedDate": "2024-06-01", "underNotice": "YES", "existsInGmc": True}})
        connection = {
            "tcsPersonId": 1, "gmcReferenceNumber": "7000001", "doctorFirstName": "Siân",
            "doctorLastName": "Name", "submissionDate": "2025-07-04", "programmeName": "A | B",
            "membershipType": "Substantive", "designatedBody": "1-AIIDR8",
            "tcsDesignatedBody": "1-AIIDWA", "programmeOwner": "HEE",
            "membershipStartDate": "2020-08-05", "membershipEndDate": "2024-08-06"}
        self.assertEqual(documents["connectedindex"], {"7000001:1": connection})
        self.assertEqual(documents["disconnectedindex"], {})
        self.assertEqual(documents["exceptionindex"],
                         {"7000001:1": connection | {"exceptionFrom": "2024-08-07"}})

    def test_two_tis_persons_on_one_gmc_number(self):
        documents = master(
            [trainee(1, "7000001", doctorFirstName="A"), trainee(2, "7000001", programmeName="P")],
            [summary("7000001", doctorFirstName="Gmc", existsInGmc=True)],
            [{"gmcId": "7000001", "updatedBy": "u"}], [{"id": "h", "gmcId": "7000001"}])
        self.assertEqual(set(documents), {"7000001:1", "7000001:2"})
        for document in documents.values():
            self.assertEqual(document["doctorFirstName"], "Gmc")
            self.assertEqual(document["updatedBy"], "u")
            self.assertEqual(document["hiddenDiscrepancies"], [{"id": "h", "gmcId": "7000001"}])
        self.assertNotIn("programmeName", documents["7000001:1"])

    def test_one_side_only(self):
        documents = master([trainee(1, "7000001")], [summary("7000002", existsInGmc=False)],
                           [{"gmcId": "7000003", "updatedBy": "u"}], [{"id": "h", "gmcId": "9"}])
        self.assertEqual(documents, {
            "7000001:1": {"tcsPersonId": 1, "gmcReferenceNumber": "7000001",
                          "designatedBodiesDiffer": False},
            "7000002": {"gmcReferenceNumber": "7000002", "existsInGmc": False,
                        "designatedBodiesDiffer": False}})

    def test_a_trainee_without_a_usable_gmc_number_has_no_document(self):
        model = built([trainee(1, None), trainee(2, ""), trainee(3, " \t"), {"tcsPersonId": 4}])
        self.assertEqual(model.documents()["masterdoctorindex"], {})
        self.assertEqual((len(model.trainees), model.rejected["tcs"]), (4, 0))

    def test_null_falls_through_and_an_empty_text_does_not(self):
        document = master(
            [trainee(1, "7000001", doctorFirstName="Tis", doctorLastName="Tis", placementGrade=[])],
            [summary("7000001", doctorFirstName="", doctorLastName=None)])["7000001:1"]
        self.assertEqual((document["doctorFirstName"], document["doctorLastName"]), ("", "Tis"))
        self.assertNotIn("placementGrade", document)

    def test_a_message_replaces_its_entity_whole(self):
        document = master(
            [trainee(1, "7000001", programmeName="P"), trainee(1, "7000001", placementGrade="279")],
            [summary("7000001", "Approved", admin="a", underNotice="YES"),
             summary("7000001")])["7000001:1"]
        self.assertEqual(document, {"tcsPersonId": 1, "gmcReferenceNumber": "7000001",
                                    "placementGrade": "279", "designatedBodiesDiffer": False})

    def test_a_person_who_moves_leaves_the_old_number(self):
        documents = master([trainee(1, "7000001"), trainee(1, "7000002")],
                           [summary("7000001"), summary("7000002")])
        self.assertEqual(set(documents), {"7000001", "7000002:1"})


class Logs(unittest.TestCase):
    def test_the_order_is_the_event_time_then_arrival(self):
        def log(by, time):
            return {"gmcId": "7000001", "updatedBy": by, "eventDateTime": time}
        newer, older = log("newer", [2024, 1, 2, 0, 0]), log("older", "2024-01-01T23:59:59.999")
        for logs, winner in (([newer, older], "newer"), ([older, newer], "newer"),
                             ([newer, log("later", "2024-01-02T00:00:00")], "later"),
                             ([older, log("timeless", None)], "older")):
            document = master([], [summary("7000001")], logs)["7000001"]
            self.assertEqual(document["updatedBy"], winner)


class Hidden(unittest.TestCase):
    def test_the_earliest_of_each_body_in_order_of_time_then_id(self):
        entries = [("e", "X", "2024-03-01T00:00:00"), ("d", "X", "2024-02-01T00:00:00"),
                   ("c", "Y", "2024-01-01T00:00:00"), ("b", "Y", "2024-01-01T00:00:00"),
                   ("a", None, "2024-05-01T00:00:00"), ("f", None, None)]
        shown = master([], [summary("7000001")], [], [[
            {"id": key, "gmcId": "7000001", "hiddenForDesignatedBodyCode": code,
             "hiddenDateTime": time} for key, code, time in entries]])["7000001"]
        self.assertEqual([entry["id"] for entry in shown["hiddenDiscrepancies"]], ["f", "b", "d"])


class Differing(unittest.TestCase):
    def differ(self, gmc, tcs):
        document = master([trainee(1, "7000001", tcsDesignatedBody=tcs)],
                          [summary("7000001", designatedBodyCode=gmc)])["7000001:1"]
        return document["designatedBodiesDiffer"]

    def test_missing_blank_equal_and_case(self):
        for gmc, tcs, expected in ((None, None, False), (None, "1-A", True), ("1-A", None, True),
                                   ("1-A", "1-A", False), ("1-A", "1-a", True), ("", None, True),
                                   ("", "", False), (" ", "", True)):
            self.assertIs(self.differ(gmc, tcs), expected, (gmc, tcs))

    def test_over_256_utf16_units_counts_as_missing(self):
        long, wide = "x" * 257, "\U0001d11e" * 129
        for gmc, tcs, expected in (("x" * 256, None, True), (long, None, False),
                                   (long, "y" * 300, False), (long, "1-A", True),
                                   (wide, None, False), ("\U0001d11e" * 128, None, True)):
            self.assertIs(self.differ(gmc, tcs), expected, (gmc, tcs))


class Exceptions(unittest.TestCase):
    def start(self, body="1-A", **fields):
        documents = built([trainee(1, "7000001", **fields)],
                          [summary("7000001", designatedBodyCode=body)]).documents()
        return documents["exceptionindex"].get("7000001:1", {}).get("exceptionFrom")

    def test_candidates(self):
        ended = {"programmeMembershipEndDate": "2024-02-28"}
        for expected, fields in (
                (None, {}), ("2024-02-29", ended), (None, ended | {"body": None}),
                (None, ended | {"body": " "}),
                ("1970-01-01", {"programmeMembershipType": "VISITOR"}),
                ("1970-01-01", {"programmeMembershipType": "visitor", "body": None}),
                (None, {"programmeMembershipType": "Visitor "}),
                ("1970-01-01", {"exceptionReason": "because"}),
                ("2024-02-29", ended | {"exceptionReason": " "}),
                (None, {"programmeMembershipEndDate": "9999-12-31"}),
                (None, {"programmeMembershipEndDate": [2023, 2, 29]}),
                ("2024-01-01", {"programmeMembershipEndDate": [2023, 12, 31]})):
            self.assertEqual(self.start(**fields), expected, fields)

    def test_the_reason_is_carried_and_not_in_other_families(self):
        documents = built([trainee(1, "7000001", exceptionReason="because")]).documents()
        self.assertEqual(documents["exceptionindex"]["7000001:1"]["exceptionReason"], "because")
        self.assertNotIn("exceptionReason", documents["disconnectedindex"]["7000001:1"])


class Aliases(unittest.TestCase):
    def test_members(self):
        model = built(
            [trainee(1, "7000001", tcsDesignatedBody="1-A",
                     programmeMembershipEndDate="2024-06-14"),
             trainee(2, "7000002", programmeMembershipEndDate="2024-06-15")],
            [summary("7000001", designatedBodyCode="1-A", existsInGmc=True),
             summary("7000002", designatedBodyCode="1-A", existsInGmc="true"),
             summary("7000003", existsInGmc=False), summary("7000004", designatedBodyCode="")])
        members = model.alias_members(TODAY)
        everyone = {"7000001:1", "7000002:2", "7000003", "7000004"}
        self.assertEqual(members, {
            "current_connections": {"7000001:1", "7000002:2"},
            "discrepancies": {"7000002:2", "7000004"},
            "recommendations": everyone, "masterdoctorindex": everyone,
            "recommendationindex": everyone,
            "connectedindex": {"7000001:1", "7000002:2"},
            "disconnectedindex": {"7000003", "7000004"},
            "exceptionindex": {"7000001:1"}})


class Messages(unittest.TestCase):
    def test_batches_singles_markers_and_empty_ones(self):
        model = Model()
        model.apply("gmc", {"payload": [summary("7000001"), summary("7000002")], "syncEnd": False})
        model.apply("gmc", {"payload": summary("7000003")})
        for body in ({"payload": None, "syncEnd": True}, {"payload": [], "syncEnd": True},
                     {"syncEnd": True}):
            model.apply("gmc", body)
        for body in ({"payload": None, "syncEnd": False}, {"payload": []}, {}):
            model.apply("gmc", body)
        model.apply("tcs", {"syncEnd": True, "tcsPersonId": None})
        self.assertEqual(len(model.doctors), 3)
        self.assertEqual((model.ended["gmc"], model.empty["gmc"], model.rejected["gmc"]), (3, 3, 0))
        self.assertEqual((model.ended["tcs"], model.rejected["tcs"]), (1, 0))

    def test_a_bad_record_is_rejected_alone(self):
        model = built(
            [trainee(None, "7000001"), trainee("x", "7000001"), trainee(1.5, "7000001"), [],
             trainee("12", 7000001), trainee(3, "7000003", programmeName={"a": 1}),
             trainee(4, "7000004", placementGrade=["279"]),
             trainee(5, "7000005", curriculumEndDate={"date": 1})],
            [[summary("7000001", existsInGmc=True), summary(" "), {"gmcOutcome": "Approved"}, 7]],
            [{"gmcId": None, "updatedBy": "u"}, "text"], [{"gmcId": "7000001"}])
        self.assertEqual(model.rejected, {"tcs": 7, "gmc": 3, "connection-logs": 2,
                                          "hidden-discrepancies": 1})
        self.assertEqual(model.documents()["masterdoctorindex"], {
            "7000001:12": {"tcsPersonId": 12, "gmcReferenceNumber": "7000001",
                           "existsInGmc": True, "designatedBodiesDiffer": False}})


class Dates(unittest.TestCase):
    def test_dates_come_out_alike(self):
        for value in ([2022, 7, 4], "2022-07-04", "2022-07-04T09:30:00", "2022-07-04 00:00:00",
                      [2022, 7, 4, 9, 30], {"$date": "2022-07-04T00:00:00Z"},
                      {"$date": 1656892800000}, {"$date": {"$numberLong": "1656979199999"}}):
            self.assertEqual(fv.date(value), "2022-07-04", value)

    def test_date_times_come_out_alike(self):
        for value, expected in (
                ([2022, 7, 4, 9, 30], "09:30:00.000"), ([2022, 7, 4, 9, 30, 5], "09:30:05.000"),
                ([2022, 7, 4, 9, 30, 5, 123999999], "09:30:05.123"),
                ("2022-07-04T09:30:00", "09:30:00.000"), ("2022-07-04T09:30:00.1", "09:30:00.100"),
                ("2022-07-04 09:30:00.123999Z", "09:30:00.123"), ("2022-07-04", "00:00:00.000"),
                ([2022, 7, 4], "00:00:00.000"), ({"$date": 1656927000123}, "09:30:00.123"),
                ({"$date": "2022-07-04T09:30:00.5Z"}, "09:30:00.500")):
            self.assertEqual(fv.date_time(value), "2022-07-04T" + expected, value)

    def test_what_is_no_date_passes_through(self):
        for value, expected in (([2022, 13, 4], "2022-13-04"), ([2022, 2, 30], "2022-02-30"),
                                ("2022-13-04", "2022-13-04"), ("soon", "soon"), ("", ""),
                                (" ", " "), ("04/07/2022", "04/07/2022")):
            self.assertEqual(fv.date(value), expected, value)
        self.assertEqual(fv.date_time("soon"), "soon")

    def test_days(self):
        self.assertEqual(fv.day_after("2024-02-29"), "2024-03-01")
        self.assertIsNone(fv.day_after("9999-12-31"))
        for utc, expected in (
                ("2024-03-30T23:30", "2024-03-30"), ("2024-03-31T23:30", "2024-04-01"),
                ("2024-10-26T23:30", "2024-10-27"), ("2024-10-27T23:30", "2024-10-27")):
            now = datetime.datetime.fromisoformat(utc).replace(tzinfo=datetime.timezone.utc)
            self.assertEqual(london_today(now), expected)


if __name__ == "__main__":
    unittest.main()
