"""A deterministic population of doctors with the oddities of the domain.

Doctor i is the same in every edition: what kind it is follows from its index, so that the share of
each kind is exact for any size; its contents follow from bytes drawn in order from one seeded
generator. Edition 2 changes the first name of everyone, removes 1 % and adds 0.7 %, and moves some
between connected and disconnected. Nothing depends on today's date as long as it lies between 2024
and 2030: memberships ended before, or end after.
"""

import datetime
import random

FIRST_GMC = 7000001
BYTES = 24

# The two editions share no first name: any document tells which one it is of.
FIRST_NAMES = (
    ("Llŷr", "Siân", "Aoife", "Zoë", "José", "Nguyễn", "Olu", "Priya", "Mary-Jane", "Åsa", "Ann",
     "Mohammed", "Wei", "Jean‐Luc", "Þóra", "Xavier"),
    ("Ffion", "Bríd", "Renée", "Søren", "Iñaki", "Trần", "Ngozi", "Anjali", "Abdul-Rahman", "Björn",
     "Bob", "Fatima", "Jun", "Marie Claire", "Ægir", "Yvonne"))
LAST_NAMES = (
    "Ó Súilleabháin", "O’Neill", "O'Brien", "Smith", "Patel", "van der Berg", "Smith-Jones",
    "Jones", "Nguyễn", "Müller", "Þórsdóttir", "Khan", "李", "𠮷田", "de la Cruz", "Okonkwo",
    "Ní Dhomhnaill", "McDonald", "St. John", "Ibrahim", "Brontë", "Singh", "Da Silva", "Łukasik",
    "Wright", "Yılmaz", "Gwyn ap Rhys", "Ali", "Çelik", "Evans", "Öztürk", "Null")
BODIES = (
    "1-AIIDR8", "1-AIIDWA", "1-AIIDVS", "1-AIIDWT", "1-AIIDSA", "1-AIIDWI", "1-AIIDQQ", "1-AIIDMQ",
    "1-AIIDH1", "1-AIIDHJ", "1-AIIDNQ", "1-AIIDMY", "1-8W6121", "1-1RUZV1D")
OWNERS = ("Health Education England North West", "Health Education England East Midlands",
          "HEE Thames Valley", "HEE Wessex", "London LETBs", "HEE Kent, Surrey and Sussex")
PROGRAMMES = (
    "General Practice", "Core Surgical Training", "Acute Care Common Stem \"ACCS\"", "Paediatrics",
    "Obstetrics & Gynaecology", "Clinical Radiology", "Cardiology/Stroke", "Geriatric Medicine",
    "Anaesthetics \\ ICM", "Histopathology", "Foundation (Year 1–2)", "Neurology")
JOINED = tuple(f"{a} | {b}" for a, b in zip(PROGRAMMES, PROGRAMMES[3:] + PROGRAMMES[:3]))
TYPES = ("Substantive", "Substantive", "LAT", "FTSTA", "Military", "Academic")
VISITOR = ("Visitor", "VISITOR", "visitor", "VISITOR", "Visitor")
GRADES = ("279", "280", "279 | 280", "281", "33")
STATUSES = ("NOT_STARTED", "STARTED", "READY_TO_REVIEW", "READY_TO_SUBMIT", "SUBMITTED_TO_GMC",
            "COMPLETED", "DRAFT")
NOTICES = ("YES", "NO", "NO", "ON_HOLD")
OUTCOMES = ("Approved", "Rejected", "Under Review", None, None)
ADMINS = tuple(f"admin{n}@example.org" for n in range(17)) + (None,) * 6
UPDATERS = ("Updated by GMC", "admin1@example.org", "Móna@example.org", None)
REASONS = ("Conclusion of relationship", "On placement in “another” region", "", None)

# Optional fields which a few messages leave out, as null, as nothing, or as an empty list.
TRAINEE_OPTIONAL = (
    "doctorLastName", "submissionDate", "programmeName", "programmeMembershipType",
    "designatedBody", "programmeOwner", "placementGrade", "programmeMembershipStartDate",
    "curriculumEndDate", "dataSource", "syncEnd")
DOCTOR_OPTIONAL = (
    "doctorLastName", "submissionDate", "dateAdded", "underNotice", "sanction", "doctorStatus",
    "lastUpdatedDate", "admin")


def _dates(first, last):
    """Days between two years, each in every shape that a service writes."""
    day, days = datetime.date(first, 1, 1), []
    while day.year <= last:
        iso = day.isoformat()
        array = [day.year, day.month, day.day]
        days.append((iso, array, iso, array, iso, array, f"{iso}T00:00:00", f"{iso} 00:00:00",
                     {"$date": f"{iso}T00:00:00Z"}))
        day += datetime.timedelta(days=3)
    return days


STARTED = _dates(2012, 2022)
ENDED = _dates(2016, 2023)
ENDING = _dates(2031, 2036)
SUBMISSION = _dates(2019, 2029)


def _pick(table, draw):
    return table[draw % len(table)]


def _date(table, draws, at):
    days = table[(draws[at] << 8 | draws[at + 1]) % len(table)]
    return days[draws[at + 2] % 9]


def _date_time(draws, at):
    day = SUBMISSION[(draws[at] << 8 | draws[at + 1]) % 600]
    hour, minute, second = draws[at] % 24, draws[at + 1] % 60, draws[at + 2] % 60
    shape = draws[at + 2] % 7
    clock = f"{day[0]}T{hour:02}:{minute:02}"
    if shape < 3:
        return day[1] + [hour, minute] + [[], [second], [second, draws[at] * 3_900_001]][shape]
    return (f"{clock}:{second:02}", f"{clock}:{second:02}.{draws[at]:03}",
            f"{clock}:{second:02}.123456", f"{day[0]} {hour:02}:{minute:02}:{second:02}")[shape - 3]


class Doctor:
    """One doctor of one edition; its methods make the records that the services hold."""

    __slots__ = ("index", "gmc", "kind", "churn", "draws", "edition")

    def __init__(self, index, kind, churn, draws, edition):
        self.index = index
        self.gmc = str(FIRST_GMC + index)
        self.kind = kind        # 0 … 999, each once in a thousand doctors
        self.churn = churn      # 0 … 996, independent of kind
        self.draws = draws
        self.edition = edition

    def known_to_gmc(self):
        return not 40 <= self.kind < 80

    def known_to_tcs(self):
        return self.kind >= 40

    def _now(self, *, first, second):
        """Whether the kind lies in the band that holds in this edition."""
        low, high = first if self.edition == 1 else second
        return low <= self.kind < high

    def body(self):
        """The GMC's designated body, or None: edition 2 connects some and disconnects more."""
        if self._now(first=(80, 110), second=(87, 119)) or self.kind < 2:
            return None
        return "" if self.kind == 119 else _pick(BODIES, self.draws[0])

    def tcs_body(self):
        if self._now(first=(120, 170), second=(123, 174)):
            other = _pick(BODIES, self.draws[0] + 1 + self.draws[1] % 13)
            return (other, None, other.lower(), other)[self.kind % 4]
        return _pick(BODIES, self.draws[0])

    def first_name(self, skew=0):
        return _pick(FIRST_NAMES[self.edition - 1], self.draws[2] + skew)

    def last_name(self):
        return _pick(LAST_NAMES, self.draws[3])

    def persons(self):
        """The TIS persons on this GMC number: one, seldom two."""
        if not self.known_to_tcs():
            return ()
        person = 100_000 + self.index
        return (person, 50_000_000 + self.index) if 260 <= self.kind < 265 else (person,)

    def _visits(self, second_person):
        return 180 <= self.kind < 200 or self.kind in (40, 41, 84, 95) or (
            second_person and self.kind == 260)

    def _membership_ended(self):
        return self._now(first=(200, 260), second=(203, 260)) or self.kind in (50, 101) or (
            self.kind == 300 and self.edition == 2)

    def trainee(self, person):
        draws = self.draws
        second = person != 100_000 + self.index
        body = _pick(BODIES, draws[4]) if second else self.tcs_body()
        programmes = JOINED if draws[5] < 26 else PROGRAMMES
        record = {
            "tcsPersonId": person,
            "gmcReferenceNumber": self.gmc,
            "doctorFirstName": self.first_name(draws[6] < 20),
            "doctorLastName": self.last_name(),
            "submissionDate": None,
            "programmeName": _pick(programmes, draws[5] + second + self.edition * (draws[6] < 128)),
            "programmeMembershipType": _pick(VISITOR if self._visits(second) else TYPES, draws[7]),
            "designatedBody": body,
            "tcsDesignatedBody": body,
            "programmeOwner": _pick(OWNERS, draws[0]),
            "placementGrade": _pick(GRADES, draws[8]),
            "programmeMembershipStartDate": _date(STARTED, draws, 4),
            "programmeMembershipEndDate": _date(
                ENDED if self._membership_ended() else ENDING, draws, 7),
            "curriculumEndDate": _date(ENDING, draws, 9),
            "dataSource": "TCS",
            "syncEnd": False,
        }
        if draws[8] < 6 and self.known_to_gmc():
            record["doctorFirstName"] = None
        if draws[10] < 8 and self.kind > 300:
            record["programmeMembershipEndDate"] = None
        _leave_out(record, TRAINEE_OPTIONAL, draws[11], draws[12])
        return record

    def summary(self):
        draws = self.draws
        doctor = {
            "gmcReferenceNumber": self.gmc,
            "doctorFirstName": self.first_name(),
            "doctorLastName": self.last_name(),
            "submissionDate": _date(SUBMISSION, draws, 11),
            "dateAdded": _date(STARTED, draws, 13),
            "underNotice": _pick(NOTICES, draws[14]),
            "sanction": "No" if draws[14] < 250 else None,
            "doctorStatus": _pick(STATUSES, draws[15] + self.edition),
            "lastUpdatedDate": _date(STARTED, draws, 15 + self.edition),
            "designatedBodyCode": self.body(),
            "admin": _pick(ADMINS, draws[16] + self.edition),
            "existsInGmc": not self._now(first=(265, 285), second=(265, 293)),
        }
        if self.known_to_tcs() and draws[8] > 250:
            doctor["doctorFirstName"] = None
        if 293 <= self.kind < 298:
            doctor["existsInGmc"] = None
        if draws[13] < 40:
            doctor["gmcLastUpdatedDateTime"] = _date_time(draws, 13)
        _leave_out(doctor, DOCTOR_OPTIONAL, draws[17], draws[18])
        outcome = _pick(OUTCOMES, draws[18] + self.edition)
        if outcome is None and draws[17] < 128:
            return {"doctor": doctor}
        return {"doctor": doctor, "gmcOutcome": outcome}

    def connection_logs(self):
        draws = self.draws
        if draws[19] >= 77:
            return ()
        return ({
            "gmcId": self.gmc,
            "newDesignatedBodyCode": self.body(),
            "previousDesignatedBodyCode": _pick(BODIES, draws[20]) if draws[20] < 128 else None,
            "updatedBy": _pick(UPDATERS, draws[21] + self.edition),
            "eventDateTime": None if draws[22] == 0 else _date_time(draws, 20),
        },)

    def hidden_discrepancies(self):
        low = 20 if self.edition == 1 else 23
        if not low <= self.churn < low + 10:
            return ()
        return tuple(self._hidden(n) for n in range(1 + self.draws[20] % 3))

    def _hidden(self, n):
        draws = self.draws
        record = {
            "id": f"{draws[n]:02x}{draws[:10].hex()}{n:02x}",
            "gmcId": self.gmc,
            "hiddenForDesignatedBodyCode": _pick(BODIES, draws[4] + n),
            "hiddenBy": _pick(UPDATERS, draws[5] + n),
            "reason": _pick(REASONS, draws[6] + n),
            # One time for all of some doctors: the id decides their order.
            "hiddenDateTime": _date_time(draws, 7 if draws[7] < 64 else 7 + n),
            "currentDesignatedBodyCode": self.body(),
            "programmeOwnerDesignatedBodyCode": None,
        }
        if draws[8] < 64:
            record["hiddenUntilDate"] = _date(ENDING, draws, 8)
        return record


def _leave_out(record, optional, draw, style):
    """One message in eleven misses a field, in one of the three ways."""
    if draw >= 23:
        return
    name = optional[draw % len(optional)]
    if style % 3 == 0:
        del record[name]
    else:
        record[name] = None if style % 3 == 1 else []


def doctors(count, edition=1, seed=1, drop=0.0):
    """The doctors of an edition, in the order of their numbers, in constant memory."""
    draw = random.Random(seed).randbytes
    total = count if edition == 1 else count + count * 7 // 1000
    dropped = int(drop * 65536)
    for index in range(total):
        draws = draw(BYTES)
        churn = (index * 389 + seed * 17) % 997
        if edition == 2 and index < count and churn < 10:
            continue
        if draws[22] << 8 | draws[23] < dropped:
            continue
        yield Doctor(index, (index * 617 + seed * 31) % 1000, churn, draws, edition)
