"""Live events as their services write them; which of the shapes, a random generator decides."""

import json

OUTCOMES = {"APPROVED": "Approved", "REJECTED": "Rejected", "UNDER_REVIEW": "Under Review"}
_TRAINEE_DATES = ("submissionDate", "programmeMembershipStartDate", "programmeMembershipEndDate",
                  "curriculumEndDate")
_DOCTOR_DATES = ("submissionDate", "dateAdded", "lastUpdatedDate")
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_escaped = json.JSONEncoder(separators=(",", ":")).encode
_indented = json.JSONEncoder(ensure_ascii=False, indent=2, separators=(",", " : ")).encode


def encode(body, chance):
    """One of the ways in which mappers write JSON."""
    return chance.choice((_compact, _compact, _escaped, _indented))(body).encode()


def iso_date(value):
    """The day of a date in any shape of the population, or None."""
    if isinstance(value, list):
        return "%04d-%02d-%02d" % tuple(value[:3]) if value else None
    if isinstance(value, dict):
        value = value["$date"]
    return value[:10] if value else None


def trainee(record, chance):
    """A message of Spring's: dates as texts or as arrays, nulls present or absent."""
    body, arrays = dict(record), chance.random() < 0.5
    for name in _TRAINEE_DATES:
        day = iso_date(body.get(name))
        body[name] = [int(part) for part in day.split("-")] if day and arrays else day
    if chance.random() < 0.5:
        body = {name: value for name, value in body.items() if value is not None}
    return encode(body, chance)


def doctor(record, chance):
    """The full document of a doctor: the key is in `_id` alone."""
    full = {"_id": record["gmcReferenceNumber"]} | {
        name: value for name, value in record.items() if name != "gmcReferenceNumber"}
    for name in _DOCTOR_DATES:
        if name in full:
            full[name] = mongo_date(iso_date(full[name]), chance)
    if full.get("gmcLastUpdatedDateTime"):
        full["gmcLastUpdatedDateTime"] = {"$date": "2025-01-01T00:00:00Z"}
    full["_class"] = "uk.nhs.hee.tis.revalidation.entity.DoctorsForDB"
    return full


def connection(log, chance):
    return log | {"eventDateTime": mongo_date_time(log["eventDateTime"], chance),
                  "requestTime": mongo_date_time("1999-01-01T00:00:00", chance),
                  "gmcClientId": "client", "reason": "1", "requestType": "ADD"}


def hidden(entry, chance):
    """The full document of a hidden discrepancy: the key is in `_id` alone."""
    full = {"_id": {"$oid": entry["id"]}} | {
        name: value for name, value in entry.items() if name != "id"}
    time = full.get("hiddenDateTime")
    if isinstance(time, str) and len(time) == len("2025-01-01T00:00:00"):
        full["hiddenDateTime"] = mongo_date_time(time.replace(" ", "T"), chance)
    return full


def mongo_date(day, chance):
    if day is None:
        return None
    return {"$date": f"{day}T00:00:00Z"} if chance.random() < 0.5 else f"{day} 00:00:00"


def mongo_date_time(time, chance):
    return {"$date": f"{time}Z"} if chance.random() < 0.5 else time.replace("T", " ")


def change_stream(operation, key, full, time, token, chance):
    """A message of a change stream at the cluster's `time`, (t, i); `token` only rises."""
    text = chance.random() < 0.5
    body = {
        "_id": {"_data": "82%08X%08X2B022C0100296E5A1004%012X" % (*time, token)},
        "operationType": operation,
        "clusterTime": f"Timestamp({time[0]}, {time[1]})" if text
                       else {"$timestamp": {"t": time[0], "i": time[1]}},
        "ns": {"db": "revalidation", "coll": "any"},
        "documentKey": {"_id": key},
    }
    if full is not None or chance.random() < 0.5:
        body["fullDocument"] = full
    return encode(body, chance)
