"""A deterministic history of live changes over a population, and the state of the services in it.

    history = History(doctors=2000, changes=3000)
    history.changes[n]      the n-th change as its service sends it: channel, record, body
    history.world(n)        what the services hold after n changes; its `snapshot(channel)` are the
                            bodies that they would send if they were asked then

Some doctors (`history.rising`) have a field that only ever rises, `rising(n)`: doctorLastName with
every change of the doctor, programmeName with every one of the trainee. `deliveries` (of the module
delivery) says in which order, and how often, the changes reach their queues.
"""

import datetime
import itertools
import random
import re
import typing

import population
import wire

START = 1_780_000_000     # seconds since 1970: the cluster's time of the first change
CHANGES_A_SECOND = 30     # of the cluster's time: so the second part has one and two digits
NEW_GMC, NEW_PERSON = 7_900_001, 60_000_001
HOT_SHARE = 0.05          # of the records, which get half of the changes
# Channel → its share of the changes.
SHARES = {"tcs-updates": 30, "doctor-changes": 30, "recommendation-changes": 15,
          "connection-changes": 15, "hidden-discrepancy-changes": 10}
_DOCTOR_FIELDS = ("doctorFirstName", "doctorLastName", "submissionDate", "underNotice",
                  "doctorStatus", "lastUpdatedDate", "designatedBodyCode", "existsInGmc", "admin")
_TRAINEE_FIELDS = ("doctorFirstName", "programmeName", "programmeMembershipType", "placementGrade",
                   "tcsDesignatedBody", "programmeOwner", "programmeMembershipEndDate")


class Change(typing.NamedTuple):
    """One change, and what it does to the state of the services: (table, key, value or None)."""

    channel: str
    record: object        # changes of one record are in order; those of several needn't be
    body: bytes
    effects: tuple


def rising(n):
    """The n-th value of a rising field."""
    return f"Rising {n:08d}"


class World:
    """What the services hold: tables of records as they send them."""

    def __init__(self, doctors=0, seed=1):
        self.trainees, self.doctors, self.admins, self.outcomes = {}, {}, {}, {}
        self.logs, self.hidden = {}, {}
        for doctor in population.doctors(doctors, seed=seed):
            self._add(doctor)

    def _add(self, doctor):
        for person in doctor.persons():
            self.trainees[person] = doctor.trainee(person)
        if doctor.known_to_gmc():
            summary = doctor.summary()
            self.doctors[doctor.gmc] = summary["doctor"]
            self.admins[doctor.gmc] = summary["doctor"].get("admin")
            self.outcomes[doctor.gmc] = summary.get("gmcOutcome")
        for log in doctor.connection_logs():
            self.logs[log["gmcId"]] = log
        for entry in doctor.hidden_discrepancies():
            self.hidden[entry["id"]] = entry

    def apply(self, change):
        for table, key, value in change.effects:
            if value is None:
                getattr(self, table).pop(key, None)
            else:
                getattr(self, table)[key] = value[0]

    def snapshot(self, channel):
        """The records that the service of a snapshot channel sends, without the end marker."""
        return list(getattr(self, "_" + channel.replace("-", "_"))())

    def _tcs(self):
        return (trainee for trainee in self.trainees.values() if trainee["gmcReferenceNumber"])

    def _gmc(self):
        for gmc, doctor in self.doctors.items():
            yield {"doctor": doctor | {"admin": self.admins.get(gmc)},
                   "gmcOutcome": self.outcomes.get(gmc)}

    def _connection_logs(self):
        return self.logs.values()

    def _hidden_discrepancies(self):
        return self.hidden.values()


class History:
    """A population of `doctors` and its changes, all of them at once in memory."""

    def __init__(self, doctors, changes, seed=1, rising_doctors=6):
        self._chance = random.Random(seed)
        self._base = lambda: World(doctors, seed)
        self._world = self._base()
        self._now = START
        self._step = self._token = self._rises = 0
        self.rising = self._choose_rising(rising_doctors)
        # A deleted doctor is in no snapshot: an outcome that only a snapshot told would be lost.
        self._deletable = {gmc for gmc, doctor in self._world.doctors.items()
                           if int(gmc) % 10 == 3 and not self._world.outcomes[gmc]}
        own = {record for person in self.rising.items() for record in person}
        self._gmcs = [gmc for gmc in self._world.doctors if gmc not in own]
        self._persons = [person for person in self._world.trainees if person not in own]
        self._hidden_of = {}
        for key, entry in self._world.hidden.items():
            self._hidden_of.setdefault(entry["gmcId"], []).append(key)
        self.changes = []
        makers = {channel: getattr(self, "_" + channel.replace("-", "_")) for channel in SHARES}
        while len(self.changes) < changes:
            if self.rising and len(self.changes) % 12 < 2:
                self._rise()
            else:
                makers[self._chance.choices(list(SHARES), SHARES.values())[0]]()

    def world(self, count):
        """The services after so many changes. It may be taken further with apply()."""
        world = self._base()
        for change in self.changes[:count]:
            world.apply(change)
        return world

    # ── what happens ──

    def _choose_rising(self, count):
        """GMC number → TIS person: doctors of whom nothing else is told."""
        persons_of = {}
        for person, trainee in self._world.trainees.items():
            persons_of.setdefault(trainee["gmcReferenceNumber"], []).append(person)
        hidden = {entry["gmcId"] for entry in self._world.hidden.values()}
        ordinary = (gmc for gmc, doctor in self._world.doctors.items()
                    if len(persons_of.get(gmc, ())) == 1 and doctor["existsInGmc"] is True
                    and doctor["designatedBodyCode"] and gmc not in hidden)
        return {gmc: persons_of[gmc][0] for gmc in itertools.islice(ordinary, count)}

    def _rise(self):
        """Each rising doctor in turn, first its doctor, then its trainee."""
        number, self._rises = self._rises, self._rises + 1
        gmc = list(self.rising)[number // 2 % len(self.rising)]
        turn = number // 2 // len(self.rising) + 1
        if number % 2 == 0:
            doctor = self._world.doctors[gmc] | {"doctorLastName": rising(turn)}
            self._set_doctor(gmc, doctor, doctor.get("admin"), "update")
        else:
            person = self.rising[gmc]
            self._set_trainee(person, self._world.trainees[person]
                              | {"programmeName": rising(turn)})

    def _tcs_updates(self):
        draw = self._chance.random()
        if draw < 0.05:
            person = NEW_PERSON + len(self._persons)
            self._persons.append(person)
            trainee = self._any_doctor().trainee(person)
            return self._set_trainee(person, trainee | {"gmcReferenceNumber": self._any_gmc()})
        person = self._hot(self._persons)
        trainee = self._world.trainees[person]
        if not trainee["gmcReferenceNumber"]:
            gmc = self._any_gmc() if draw < 0.8 else None    # attached again, or still detached
        elif draw < 0.12:
            gmc = self._any_gmc()
        else:
            gmc = None if draw < 0.18 else trainee["gmcReferenceNumber"]
        other = self._any_doctor().trainee(person)
        fields = self._chance.sample(_TRAINEE_FIELDS, 3)
        changed = {name: other.get(name) for name in fields} | {"gmcReferenceNumber": gmc}
        return self._set_trainee(person, trainee | changed)

    def _doctor_changes(self):
        gmc = self._hot(self._gmcs)
        doctor, draw = self._world.doctors.get(gmc), self._chance.random()
        if doctor is None:
            made = self._any_doctor().summary()["doctor"] | {"gmcReferenceNumber": gmc}
            return self._set_doctor(gmc, made, made.get("admin"), "insert")
        if gmc in self._deletable and draw < 0.4:
            return self._change("doctor-changes", gmc, "delete", gmc, None,
                                ("doctors", gmc, None), ("admins", gmc, None))
        if draw > 0.95:
            return self._change("doctor-changes", gmc, "update", gmc, None)
        other = self._any_doctor().summary()["doctor"]
        fields = self._chance.sample(_DOCTOR_FIELDS, 4)
        doctor = doctor | {name: other.get(name) for name in fields}
        admin = doctor.get("admin") if "admin" in fields else self._world.admins.get(gmc)
        return self._set_doctor(gmc, doctor, admin, "replace" if draw < 0.3 else "update")

    def _recommendation_changes(self):
        gmc, draw = self._hot(self._gmcs), self._chance.random()
        key = {"$oid": self._oid()}
        if draw < 0.1:
            operation = "delete" if draw < 0.05 else "update"
            return self._change("recommendation-changes", gmc, operation, key, None)
        admin = self._chance.choice(population.ADMINS)
        effects = [("admins", gmc, (admin,))]
        full = {"_id": key, "gmcNumber": gmc, "admin": admin, "recommendationType": "REVALIDATE",
                "gmcSubmissionDate": wire.mongo_date("2025-07-04", self._chance)}
        outcome = self._chance.choice((*wire.OUTCOMES, None, None))
        if outcome or draw < 0.5:
            full["outcome"] = outcome
        if outcome:
            effects.append(("outcomes", gmc, (wire.OUTCOMES[outcome],)))
        return self._change("recommendation-changes", gmc, "insert" if draw < 0.4 else "update",
                            key, full, *effects)

    def _connection_changes(self):
        gmc, draw = self._hot(self._gmcs), self._chance.random()
        late = draw > 0.95
        time = _iso_time((-300_000_000 if late else 0) + START + 7 * len(self.changes))
        key = self._oid()
        log = {"gmcId": gmc, "newDesignatedBodyCode": self._chance.choice(population.BODIES),
               "previousDesignatedBodyCode": None, "updatedBy": "admin@example.org",
               "eventDateTime": time}
        if draw < 0.04:
            return self._change("connection-changes", gmc, "delete", key, None)
        code = "0"
        if draw < 0.14:
            code = self._chance.choice(("1", "98", None, ""))
        elif draw < 0.24:
            code, log["updatedBy"] = self._chance.choice(("0", "5", None)), "Updated by GMC"
        elif draw < 0.34:    # first noted, then answered by the GMC
            self._connection(gmc, key, "insert", log, None)
            return self._connection(gmc, key, "update", log, "0", ("logs", gmc, (log,)))
        counts = code == "0" or log["updatedBy"] == "Updated by GMC"
        if counts and late:
            there = self._world.logs.get(gmc)
            counts = there is None or _time_parts(there["eventDateTime"]) <= _time_parts(time)
        return self._connection(gmc, key, "insert", log, code,
                                *[("logs", gmc, (log,))] * counts)

    def _hidden_discrepancy_changes(self):
        gmc, draw = self._hot(self._gmcs), self._chance.random()
        keys = self._hidden_of.setdefault(gmc, [])
        if keys and draw < 0.5:
            key = keys.pop(self._chance.randrange(len(keys)))
            return self._change("hidden-discrepancy-changes", gmc, "delete", {"$oid": key}, None,
                                ("hidden", key, None))
        if keys and draw < 0.6:
            entry = self._world.hidden[keys[0]]
            return self._hide(gmc, entry | {"reason": f"changed {draw}"}, "update")
        taken = {self._world.hidden[key].get("hiddenForDesignatedBodyCode") for key in keys}
        body = self._chance.choice([body for body in population.BODIES if body not in taken])
        entry = {"id": self._oid(), "gmcId": gmc, "hiddenForDesignatedBodyCode": body,
                 "hiddenBy": "admin@example.org", "reason": self._chance.choice(population.REASONS),
                 "hiddenDateTime": _iso_time(START + 7 * len(self.changes)),
                 "currentDesignatedBodyCode": None, "hiddenUntilDate": "2031-01-01"}
        keys.append(entry["id"])
        return self._hide(gmc, entry, "insert")

    # ── how it is told ──

    def _set_trainee(self, person, trainee):
        self._add("tcs-updates", person, wire.trainee(trainee, self._chance),
                  ("trainees", person, (trainee,)))

    def _set_doctor(self, gmc, doctor, admin, operation):
        doctor = doctor | {"admin": admin}
        self._change("doctor-changes", gmc, operation, gmc, wire.doctor(doctor, self._chance),
                     ("doctors", gmc, (doctor,)), ("admins", gmc, (admin,)))

    def _connection(self, gmc, key, operation, log, code, *effects):
        full = wire.connection(log, self._chance) | {"_id": key, "responseCode": code}
        self._change("connection-changes", gmc, operation, key, full, *effects)

    def _hide(self, gmc, entry, operation):
        self._change("hidden-discrepancy-changes", gmc, operation, {"$oid": entry["id"]},
                     wire.hidden(entry, self._chance), ("hidden", entry["id"], (entry,)))

    def _change(self, channel, record, operation, key, full, *effects):
        """A message of a change stream. Now and then two changes share the cluster's time."""
        self._token += 1
        if self._chance.random() > 0.03:
            self._step += 1
        time = START + self._step // CHANGES_A_SECOND, self._step % CHANGES_A_SECOND + 1
        body = wire.change_stream(operation, key, full, time, self._token, self._chance)
        self._add(channel, record, body, *effects)

    def _add(self, channel, record, body, *effects):
        self.changes.append(Change(channel, record, body, effects))
        self._world.apply(self.changes[-1])

    # ── whom it concerns ──

    def _hot(self, records):
        """Any of the records; half of the time one of a few."""
        few = max(1, int(len(records) * HOT_SHARE))
        return records[self._chance.randrange(few if self._chance.random() < 0.5 else len(records))]

    def _any_gmc(self):
        """The number of a doctor that may, or may not, be known to the GMC."""
        if self._chance.random() < 0.2:
            gmc = str(NEW_GMC + self._chance.randrange(200))
            if gmc not in self._world.doctors and gmc not in self._gmcs:
                self._gmcs.append(gmc)
            return gmc
        return self._hot(self._gmcs)

    def _any_doctor(self):
        """A doctor to take values from; its first names are those of the second edition."""
        return population.Doctor(self._chance.randrange(1000), self._chance.randrange(300, 1000),
                                 0, self._chance.randbytes(population.BYTES), 2)

    def _oid(self):
        return f"{self._chance.getrandbits(96):024x}"


def _iso_time(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _time_parts(value):
    """A date-time in any of its shapes as numbers that compare; none is older than any."""
    if value is None:
        return ()
    parts = value if isinstance(value, list) else [int(part) for part in re.findall(r"\d+", value)]
    return tuple((parts + [0] * 6)[:6])
