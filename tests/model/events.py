"""An independent model of live events: what is left when every record's last change has won.

Written from the domain alone, on top of `revalidation`, which knows what documents records become.
It holds what events have assigned apart from what a snapshot said, and lays one over the other at
the end: so it doesn't matter when in the history the snapshot was read.
"""

import json
import re

import field_values as fv
from revalidation import HIDDEN_FIELDS, LOG_FIELDS, DOCTOR_FIELDS, TRAINEE_FIELDS, Model

CHANNELS = ("tcs-updates", "doctor-changes", "recommendation-changes", "connection-changes",
            "hidden-discrepancy-changes")
ASSIGNED, NOTHING, OLDER, REJECTED = "assigned", "nothing", "older", "rejected"

OUTCOMES = {"APPROVED": "Approved", "REJECTED": "Rejected", "UNDER_REVIEW": "Under Review"}
BY_GMC = "Updated by GMC"
_DELETED = object()
_TIMESTAMP = re.compile(r"Timestamp\((\d+), *(\d+)\)", re.ASCII)


class LiveModel:
    """Takes snapshot messages and live events, in any order; `model()` shows the outcome.

    `counts` says per channel what became of its events: they assigned something, assigned nothing,
    came too late to change anything, or were rejected.
    """

    def __init__(self):
        self._snapshot = Model()
        self._changes = {entity: {} for entity in (
            "trainee", "doctor", "admin", "outcome", "log", "hidden")}    # key → (order, value)
        self._arrived = 0
        self._read = {"tcs-updates": self._trainee, "doctor-changes": self._doctor,
                      "recommendation-changes": self._recommendation,
                      "connection-changes": self._connection,
                      "hidden-discrepancy-changes": self._hidden}
        self.counts = {channel: dict.fromkeys((ASSIGNED, NOTHING, OLDER, REJECTED), 0)
                       for channel in CHANNELS}

    def snapshot(self, channel, body):
        """One message of a snapshot channel."""
        self._snapshot.apply(channel, body)

    def event(self, channel, body):
        """One live event: a decoded body, or its text. Returns what became of it."""
        verdict = self._verdict(channel, body)
        self.counts[channel][verdict] += 1
        return verdict

    def _verdict(self, channel, body):
        try:
            if isinstance(body, (bytes, str)):
                body = json.loads(body)
            if not isinstance(body, dict):
                raise fv.Unusable("object expected")
            assignments = self._read[channel](body)
        except (ValueError, fv.Unusable):
            return REJECTED
        if not assignments:
            return NOTHING
        changed = [self._assign(*assignment) for assignment in assignments]
        return ASSIGNED if any(changed) else OLDER

    def model(self):
        """A model of the records as they are after all that was taken in."""
        result, changes = Model(), self._changes
        snapshot = self._snapshot
        result.trainees = _laid_over(snapshot.trainees, changes["trainee"])
        result.doctors = _laid_over(snapshot.doctors, changes["doctor"])
        result.admins = _laid_over(snapshot.admins, changes["admin"])
        result.outcomes = _laid_over(snapshot.outcomes, changes["outcome"])
        result.hidden = _laid_over(snapshot.hidden, changes["hidden"])
        # A log of the snapshot has the same order as one of an event: its own time.
        late = {gmc: change for gmc, change in changes["log"].items()
                if gmc not in snapshot.logs or change[0][0] >= _log_time(snapshot.logs[gmc])}
        result.logs = _laid_over(snapshot.logs, late)
        return result

    def documents(self):
        """All documents: family, then id."""
        return self.model().documents()

    def _assign(self, entity, key, order, value):
        """Sets one record, unless a later change of it has come before; whether it did."""
        records = self._changes[entity]
        if key in records and records[key][0] > order:
            return False
        records[key] = order, value
        return True

    # What the events of each channel assign: (entity, key, order, value), or nothing.

    def _trainee(self, body):
        trainee = _fields(body, TRAINEE_FIELDS)
        if "tcsPersonId" not in trainee:
            raise fv.Unusable("no tcsPersonId")
        self._arrived += 1
        return [("trainee", trainee["tcsPersonId"], self._arrived, trainee)]

    def _doctor(self, body):
        order, full = _order(body), body.get("fullDocument")
        if body.get("operationType") == "delete":
            gmc = _key(body.get("documentKey"))
            return [("doctor", gmc, order, _DELETED), ("admin", gmc, order, _DELETED)]
        if full is None:
            return []
        gmc = _key(full)
        doctor = _fields(full | {"gmcReferenceNumber": gmc}, DOCTOR_FIELDS)
        return [("doctor", gmc, order, doctor), ("admin", gmc, order, doctor.get("admin"))]

    def _recommendation(self, body):
        full = body.get("fullDocument")
        if full is None or body.get("operationType") == "delete":
            return []
        order = _order(body)
        read = _fields(full, {"gmcNumber": fv.text, "admin": fv.text, "outcome": fv.text})
        gmc = _text_key(read.get("gmcNumber"))
        assignments = [("admin", gmc, order, read.get("admin"))]
        if "outcome" in read:
            outcome = OUTCOMES.get(read["outcome"], read["outcome"])
            assignments.append(("outcome", gmc, order, outcome))
        return assignments

    def _connection(self, body):
        full = body.get("fullDocument")
        if full is None or body.get("operationType") == "delete":
            return []
        log = _fields(full, LOG_FIELDS)
        gmc = _text_key(log.get("gmcId"))
        if full.get("responseCode") != "0" and log.get("updatedBy") != BY_GMC:
            return []
        return [("log", gmc, (_log_time(log), _order(body)), log)]

    def _hidden(self, body):
        order, full = _order(body), body.get("fullDocument")
        if body.get("operationType") == "delete":
            return [("hidden", _key(body.get("documentKey")), order, _DELETED)]
        if full is None:
            return []
        key = _key(full)
        return [("hidden", key, order, _fields(full | {"id": key}, HIDDEN_FIELDS))]


def _laid_over(snapshot, changes):
    records = dict(snapshot)
    for key, (_, value) in changes.items():
        if value is _DELETED:
            records.pop(key, None)
        else:
            records[key] = value
    return records


def _order(body):
    """When a change happened: (t, i) of the cluster's time, then the token of the change."""
    time = body.get("clusterTime")
    if isinstance(time, dict):
        inner = time.get("$timestamp")
        if not isinstance(inner, dict):
            raise fv.Unusable("clusterTime without $timestamp")
        parts = inner.get("t"), inner.get("i")
    else:
        match = _TIMESTAMP.fullmatch(time) if isinstance(time, str) else None
        if not match:
            raise fv.Unusable("no clusterTime")
        parts = int(match[1]), int(match[2])
    token = body.get("_id")
    return *parts, str(token.get("_data", "")) if isinstance(token, dict) else ""


def _key(document):
    """What stands in `_id`: a text, or `{"$oid": text}`."""
    value = document.get("_id") if isinstance(document, dict) else None
    return _text_key(value.get("$oid") if isinstance(value, dict) else value)


def _text_key(value):
    if value is None or fv.is_blank(fv.text(value)):
        raise fv.Unusable("no key")
    return fv.text(value)


def _fields(record, fields):
    if not isinstance(record, dict):
        raise fv.Unusable("object expected")
    return {name: read(record[name]) for name, read in fields.items()
            if not fv.is_absent(record.get(name))}


def _log_time(log):
    """A log without a usable time is older than any other."""
    time = log.get("eventDateTime")
    return time if fv.is_date_time(time) else ""
