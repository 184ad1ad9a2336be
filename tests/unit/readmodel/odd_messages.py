"""Messages whose every value is odd: wrong types, unusual shapes, borders of the rules.

Few keys and few values, so that everything meets everything. Deterministic. Kept apart from
tests/data, whose snapshots look like real ones.
"""

import json
import random

LONG = "x" * 256
TEXTS = ["", " ", "\t\r\n", "a", "A", " a", "ÿ Ó “q” \\ \" / 𝔸", "\u0001\u001f", LONG, LONG + "y",
         LONG + "z", "𝔸" * 128, "𝔸" * 128 + "y", "é" * 256, None, [], 279, -1, 0, True, False]
BODIES = ["1-A", "1-a", "1-B", "", " ", LONG, LONG + "y", LONG + "z", "𝔸" * 128, "𝔸" * 129,
          None, None, []]
GMCS = ["7000001", "7000002", "7000003", "7000004", "7000005", 7000006, "7000007 ", "x:y",
        "ÿ𝔸", "", " ", None, []]
PERSONS = [1, 2, 3, "4", "05", 2**63 - 1, "9223372036854775807", 0, -7]
WRONG = [{}, {"a": 1}, ["x"], [[]]]
DATES = ["2022-07-04", "2022-07-04T09:30:00", "2022-07-04T09:30", "2022-07-04 00:00:00",
         "2022-07-04T09:30:00.5", "2022-07-04T09:30:00.123456789Z", "2022-02-29", "2024-02-29",
         "2022-13-04", "2022-02-30T00:00:00", "9999-12-31", "9999-12-30", "0000-01-01", "now",
         "", " ", "4 July 2022", "2022-7-4", [2022, 7, 4], [2022, 2, 30], [2022, 13, 4],
         [2022, 7, 4, 9, 30], [2022, 7, 4, 9, 30, 59], [2022, 7, 4, 9, 30, 59, 999_999_999],
         [2022, 7], [1, 2, 3], {"$date": "2022-07-04T09:30:00Z"}, {"$date": 1656927000007},
         {"$date": {"$numberLong": "-1"}}, {"$date": -1}, 1656927000007, True, None, None, []]
MEMBERSHIPS = ["Visitor", "VISITOR", "visitor ", "Substantive", "", None]
BOOLEANS = [True, False, "true", "false", "yes", None, []]


class Odd:
    """A source of odd records."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, values, wrong=0.004):
        return self.random.choice(WRONG if self.random.random() < wrong else values)

    def record(self, fields):
        """Each field is there nine times in ten."""
        return {name: self.pick(values) for name, values in fields.items()
                if self.random.random() < 0.9}


def trainee(odd):
    return odd.record({
        "tcsPersonId": PERSONS, "gmcReferenceNumber": GMCS, "doctorFirstName": TEXTS,
        "doctorLastName": TEXTS, "submissionDate": DATES, "programmeName": TEXTS,
        "programmeMembershipType": MEMBERSHIPS, "designatedBody": BODIES,
        "tcsDesignatedBody": BODIES, "programmeOwner": TEXTS, "placementGrade": TEXTS,
        "programmeMembershipStartDate": DATES, "programmeMembershipEndDate": DATES,
        "curriculumEndDate": DATES, "dataSource": TEXTS, "syncEnd": [False, None],
        "exceptionReason": ["", " ", "because", None, None, None]})


def summary(odd):
    record = odd.record({"gmcOutcome": ["Approved", "Under Review", "", None]})
    record["doctor"] = odd.record({
        "gmcReferenceNumber": GMCS, "doctorFirstName": TEXTS, "doctorLastName": TEXTS,
        "submissionDate": DATES, "dateAdded": DATES, "underNotice": TEXTS, "sanction": TEXTS,
        "doctorStatus": TEXTS, "lastUpdatedDate": DATES, "designatedBodyCode": BODIES,
        "admin": TEXTS, "existsInGmc": BOOLEANS})
    return odd.pick([record] * 100 + [{}, None, 5, "x", {"doctor": None}, {"doctor": "x"}])


def connection_log(odd):
    return odd.record({"gmcId": GMCS, "updatedBy": TEXTS, "eventDateTime": DATES,
                       "newDesignatedBodyCode": BODIES})


def hidden_discrepancy(odd):
    return odd.record({
        "id": ["h%d" % i for i in range(60)] + ["", None, 5], "gmcId": GMCS,
        "hiddenForDesignatedBodyCode": ["1-A", "1-B", "", None], "hiddenBy": TEXTS,
        "reason": TEXTS, "hiddenDateTime": DATES, "hiddenUntilDate": DATES})


def bodies(channel, seed, count=400):
    """The message bodies of one channel, as text."""
    odd = Odd(f"{channel} {seed}")
    make = {"tcs": trainee, "gmc": summary, "connection-logs": connection_log,
            "hidden-discrepancies": hidden_discrepancy}[channel]
    for _ in range(count):
        if channel == "tcs":
            body = make(odd)
        else:
            items = [make(odd) for _ in range(odd.random.randrange(4))]
            payload = odd.pick([items, items, make(odd), None, []], wrong=0)
            body = {"payload": payload, "syncEnd": odd.pick([False, False, True, None], wrong=0)}
        yield json.dumps(body, ensure_ascii=odd.random.random() < 0.5)
    yield from ["{", "[]", "null", "\"x\"", "{}", '{"syncEnd":true}', '{"payload":[{}],']
