"""An independent model of the revalidation read model's rules.

Written from the domain alone, in another language and another way than the plan's SQL views, so
that a mistake in one shows up against the other. Plain dictionaries, the whole data in memory:
correctness is all that counts here.
"""

import datetime

import field_values as fv

EPOCH_DAY = "1970-01-01"
FAMILIES = ("masterdoctorindex", "recommendationindex", "connectedindex", "disconnectedindex",
            "exceptionindex")
ALIAS_FAMILY = {
    "current_connections": "masterdoctorindex",
    "discrepancies": "masterdoctorindex",
    "recommendations": "masterdoctorindex",
    "masterdoctorindex": "masterdoctorindex",
    "recommendationindex": "recommendationindex",
    "connectedindex": "connectedindex",
    "disconnectedindex": "disconnectedindex",
    "exceptionindex": "exceptionindex",
}

# Fields of a message that reach a document, and how each is read. Others are never looked at.
TRAINEE_FIELDS = {
    "tcsPersonId": fv.integer,
    "gmcReferenceNumber": fv.text,
    "doctorFirstName": fv.text,
    "doctorLastName": fv.text,
    "programmeName": fv.text,
    "programmeMembershipType": fv.text,
    "tcsDesignatedBody": fv.text,
    "programmeOwner": fv.text,
    "placementGrade": fv.text,
    "programmeMembershipStartDate": fv.date,
    "programmeMembershipEndDate": fv.date,
    "curriculumEndDate": fv.date,
    "exceptionReason": fv.text,
}
DOCTOR_FIELDS = {
    "gmcReferenceNumber": fv.text,
    "doctorFirstName": fv.text,
    "doctorLastName": fv.text,
    "submissionDate": fv.date,
    "underNotice": fv.text,
    "doctorStatus": fv.text,
    "lastUpdatedDate": fv.date,
    "designatedBodyCode": fv.text,
    "admin": fv.text,
    "existsInGmc": fv.boolean,
}
LOG_FIELDS = {"gmcId": fv.text, "updatedBy": fv.text, "eventDateTime": fv.date_time}
HIDDEN_FIELDS = {
    "id": fv.text,
    "gmcId": fv.text,
    "hiddenForDesignatedBodyCode": fv.text,
    "hiddenBy": fv.text,
    "reason": fv.text,
    "hiddenDateTime": fv.date_time,
}

RECOMMENDATION_FIELDS = (
    "tcsPersonId", "gmcReferenceNumber", "doctorFirstName", "doctorLastName", "designatedBody",
    "submissionDate", "gmcStatus", "tisStatus", "programmeName", "membershipType",
    "curriculumEndDate", "admin", "lastUpdatedDate", "underNotice", "existsInGmc")
CONNECTION_FIELDS = (
    "tcsPersonId", "gmcReferenceNumber", "doctorFirstName", "doctorLastName", "submissionDate",
    "programmeName", "membershipType", "designatedBody", "tcsDesignatedBody", "programmeOwner",
    "membershipStartDate", "membershipEndDate")


class Model:
    """Takes messages, shows documents. `rejected`, `empty` and `ended` count per channel."""

    def __init__(self):
        self.trainees = {}
        self.doctors = {}
        self.admins = {}
        self.outcomes = {}
        self.logs = {}
        self.hidden = {}
        self._assign = {"tcs": self._trainee, "gmc": self._summary,
                        "connection-logs": self._log, "hidden-discrepancies": self._hide}
        self.rejected = dict.fromkeys(self._assign, 0)
        self.empty = dict.fromkeys(self._assign, 0)
        self.ended = dict.fromkeys(self._assign, 0)

    def apply(self, channel, body):
        """Applies one message of a snapshot channel."""
        if not isinstance(body, dict):
            self.rejected[channel] += 1
            return
        ends = body.get("syncEnd") is True
        self.ended[channel] += ends
        if channel == "tcs":
            records = [] if ends and fv.is_absent(body.get("tcsPersonId")) else [body]
        else:
            payload = body.get("payload")
            self.empty[channel] += fv.is_absent(payload) and not ends
            records = [] if fv.is_absent(payload) else payload
            records = records if isinstance(records, list) else [records]
        for record in records:
            try:
                if not isinstance(record, dict):
                    raise fv.Unusable("object expected")
                self._assign[channel](record)
            except fv.Unusable:
                self.rejected[channel] += 1

    def documents(self):
        """All documents: family, then id."""
        families = {family: {} for family in FAMILIES}
        for family, key, document in self.iter_documents():
            families[family][key] = document
        return families

    def iter_documents(self):
        """(family, id, document) one by one, each master document before its derived ones."""
        hidden = self._hidden_by_gmc()
        taken = set()
        for person, trainee in self.trainees.items():
            gmc = trainee.get("gmcReferenceNumber")
            if fv.is_blank(gmc):
                continue
            taken.add(gmc)
            yield from _families(f"{gmc}:{person}", self._master(gmc, trainee, hidden), trainee)
        for gmc in self.doctors:
            if gmc not in taken:
                yield from _families(gmc, self._master(gmc, {}, hidden), {})

    def alias_members(self, today):
        """The ids that each alias shows; `today` is a date in Europe/London."""
        members = {alias: set() for alias in ALIAS_FAMILY}
        for family, key, document in self.iter_documents():
            for alias in aliases_of(family, document, today):
                members[alias].add(key)
        return members

    def _trainee(self, record):
        trainee = _read(record, TRAINEE_FIELDS)
        if "tcsPersonId" not in trainee:
            raise fv.Unusable("no tcsPersonId")
        self.trainees[trainee["tcsPersonId"]] = trainee

    def _summary(self, record):
        doctor = record.get("doctor")
        if not isinstance(doctor, dict):
            raise fv.Unusable("no doctor")
        doctor = _read(doctor, DOCTOR_FIELDS)
        outcome = _read(record, {"gmcOutcome": fv.text}).get("gmcOutcome")
        gmc = _key(doctor, "gmcReferenceNumber")
        self.doctors[gmc] = doctor
        self.admins[gmc] = doctor.get("admin")
        self.outcomes[gmc] = outcome

    def _log(self, record):
        log = _read(record, LOG_FIELDS)
        gmc = _key(log, "gmcId")
        if gmc not in self.logs or _log_order(log) >= _log_order(self.logs[gmc]):
            self.logs[gmc] = log

    def _hide(self, record):
        hidden = _read(record, HIDDEN_FIELDS)
        self.hidden[_key(hidden, "id")] = hidden

    def _hidden_by_gmc(self):
        """What is shown of hidden discrepancies: the earliest of each body, in order."""
        grouped = {}
        for entry in sorted(self.hidden.values(), key=_hidden_order):
            shown = grouped.setdefault(entry.get("gmcId"), {})
            shown.setdefault(entry.get("hiddenForDesignatedBodyCode"), entry)
        return {gmc: list(shown.values()) for gmc, shown in grouped.items()}

    def _master(self, gmc, trainee, hidden):
        doctor = self.doctors.get(gmc, {})
        log = self.logs.get(gmc, {})
        body, tcs_body = doctor.get("designatedBodyCode"), trainee.get("tcsDesignatedBody")
        document = {
            "tcsPersonId": trainee.get("tcsPersonId"),
            "gmcReferenceNumber": gmc,
            "doctorFirstName": _first(doctor, trainee, "doctorFirstName"),
            "doctorLastName": _first(doctor, trainee, "doctorLastName"),
            "submissionDate": doctor.get("submissionDate"),
            "programmeName": trainee.get("programmeName"),
            "membershipType": trainee.get("programmeMembershipType"),
            "membershipStartDate": trainee.get("programmeMembershipStartDate"),
            "membershipEndDate": trainee.get("programmeMembershipEndDate"),
            "curriculumEndDate": trainee.get("curriculumEndDate"),
            "tcsDesignatedBody": tcs_body,
            "programmeOwner": trainee.get("programmeOwner"),
            "placementGrade": trainee.get("placementGrade"),
            "designatedBody": body,
            "gmcStatus": self.outcomes.get(gmc),
            "tisStatus": doctor.get("doctorStatus"),
            "admin": self.admins.get(gmc),
            "lastUpdatedDate": doctor.get("lastUpdatedDate"),
            "underNotice": doctor.get("underNotice"),
            "existsInGmc": doctor.get("existsInGmc"),
            "updatedBy": log.get("updatedBy"),
            "lastConnectionDateTime": log.get("eventDateTime"),
            "hiddenDiscrepancies": hidden.get(gmc),
            "designatedBodiesDiffer": fv.keyword(body) != fv.keyword(tcs_body),
        }
        return {field: value for field, value in document.items() if value is not None}


def london_today(now=None):
    """Today in Europe/London, as text; without a time-zone database, which a machine may lack."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    starts, ends = (_last_sunday(now.year, month) for month in (3, 10))
    summer = starts <= now < ends
    return (now + datetime.timedelta(hours=summer)).date().isoformat()


def aliases_of(family, document, today):
    """The aliases that show a document of a family."""
    if family != "masterdoctorindex":
        shown = family != "exceptionindex" or document["exceptionFrom"] <= str(today)
        return [family] if shown else []
    aliases = ["recommendations", "masterdoctorindex"]
    if document.get("existsInGmc") is True:
        aliases.append("current_connections")
    if document["designatedBodiesDiffer"]:
        aliases.append("discrepancies")
    return aliases


def exception_from(document, reason):
    """The day on which a doctor becomes an exception, or None if never."""
    if document.get("membershipType", "").lower() == "visitor" or not fv.is_blank(reason):
        return EPOCH_DAY
    end = document.get("membershipEndDate")
    if fv.is_blank(document.get("designatedBody")) or not fv.is_date(end):
        return None
    return fv.day_after(end)


def _last_sunday(year, month):
    """One o'clock UTC on the last Sunday of a month of 31 days: when the clocks change."""
    last = datetime.datetime(year, month, 31, 1, tzinfo=datetime.timezone.utc)
    return last - datetime.timedelta(days=last.isoweekday() % 7)


def _families(key, master, trainee):
    yield "masterdoctorindex", key, master
    yield "recommendationindex", key, _pick(master, RECOMMENDATION_FIELDS)
    connection = _pick(master, CONNECTION_FIELDS)
    blank = fv.is_blank(master.get("designatedBody"))
    yield "disconnectedindex" if blank else "connectedindex", key, connection
    reason = trainee.get("exceptionReason")
    start = exception_from(master, reason)
    if start is not None:
        computed = {"exceptionFrom": start}
        if reason is not None:
            computed["exceptionReason"] = reason
        yield "exceptionindex", key, connection | computed


def _read(record, fields):
    """The fields that an entity keeps; absent ones are left out."""
    entity = {}
    for name, read in fields.items():
        value = record.get(name)
        if value is not None and value != []:
            entity[name] = read(value)
    return entity


def _key(entity, name):
    if fv.is_blank(entity.get(name)):
        raise fv.Unusable(f"no {name}")
    return entity[name]


def _log_order(log):
    """A log without a usable time is older than any other."""
    time = log.get("eventDateTime")
    return time if fv.is_date_time(time) else ""


def _hidden_order(entry):
    time = entry.get("hiddenDateTime")
    return (time is not None, time or "", entry["id"])


def _first(doctor, trainee, name):
    value = doctor.get(name)
    return trainee.get(name) if value is None else value


def _pick(document, fields):
    return {field: document[field] for field in fields if field in document}
