"""Values of single fields, as the upstream services write them.

Every reader takes a decoded JSON value that is not absent and returns what the document shows.
`Unusable` says that the record can't be an entity. A value that is merely wrong, such as
month 13, passes through as text: the store has to refuse it, not we.
"""

import functools
import re
from datetime import datetime, timedelta, timezone

LONG_MAX = 2**63 - 1
KEYWORD_UNITS_MAX = 256
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_DATE_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?Z?", re.ASCII)


class Unusable(Exception):
    """A field has a shape from which no record can be made."""


def is_absent(value):
    return value is None or value == []


def is_blank(text):
    return text is None or text.strip(" \t\r\n") == ""


def text(value):
    """Text as it is, an empty one too; a number or a boolean becomes its JSON text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raise Unusable("text expected")


def boolean(value):
    """True and false, also as text; any other scalar passes through."""
    if isinstance(value, (dict, list)):
        raise Unusable("boolean expected")
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def integer(value):
    """An integer that fits the index's `long`, also as digits in a text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,30}", value):
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not -LONG_MAX - 1 <= value <= LONG_MAX:
        raise Unusable("integer expected")
    return value


def date(value):
    """`uuuu-MM-dd`: the date part as written."""
    return _moment(value, lambda parts, _: "%04d-%02d-%02d" % parts[:3])


def date_time(value):
    """`uuuu-MM-dd'T'HH:mm:ss.SSS`: truncated to milliseconds."""
    return _moment(value, lambda parts, nanos: "%04d-%02d-%02dT%02d:%02d:%02d" % parts
                   + ".%03d" % (nanos // 1_000_000))


def is_date(value):
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    return bool(match) and _is_moment(tuple(map(int, match.groups())) + (0, 0, 0), 0)


def is_date_time(value):
    return isinstance(value, str) and "T" in value and _parse(value) is not None


def day_after(value):
    """The day after a valid date, or None if no date of four digits follows."""
    year, month, day = map(int, value.split("-"))
    if day < _days(year, month):
        return "%04d-%02d-%02d" % (year, month, day + 1)
    if month < 12:
        return "%04d-%02d-01" % (year, month + 1)
    return "%04d-01-01" % (year + 1) if year < 9999 else None


def keyword(value):
    """What a `.keyword` sub-field with `ignore_above: 256` holds; Java counts UTF-16 units."""
    if value is None or len(value.encode("utf-16-le", "surrogatepass")) // 2 > KEYWORD_UNITS_MAX:
        return None
    return value


def _days(year, month):
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _is_moment(parts, nanos):
    year, month, day, hour, minute, second = parts
    return (0 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= _days(year, month)
            and 0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59
            and 0 <= nanos <= 999_999_999)


def _moment(value, shape):
    if isinstance(value, dict):
        value = _unwrap(value)
    if isinstance(value, list):
        return _from_array(value, shape)
    value = text(value)
    parsed = _parse(value)
    return shape(*parsed) if parsed else value


@functools.lru_cache(65536)
def _parse(value):
    """(six parts, nanoseconds) of a valid ISO date or date-time, or None."""
    match = _DATE.fullmatch(value) or _DATE_TIME.fullmatch(value)
    if not match:
        return None
    groups = match.groups() + (None,) * (7 - len(match.groups()))
    parts = tuple(int(group or 0) for group in groups[:6])
    nanos = int((groups[6] or "0")[:9].ljust(9, "0"))
    return (parts, nanos) if _is_moment(parts, nanos) else None


def _from_array(value, shape):
    if any(isinstance(part, bool) or not isinstance(part, int) for part in value):
        raise Unusable("date array with something else than integers")
    if len(value) not in (3, 5, 6, 7):
        return "-".join("%02d" % part for part in value)
    parts = tuple(value[:6]) + (0,) * (6 - len(value))
    return shape(parts, value[6] if len(value) == 7 else 0)


def _unwrap(value):
    """What stands in `{"$date": …}`; epoch milliseconds become an ISO text."""
    inner = value.get("$date")
    if isinstance(inner, dict):
        inner = inner.get("$numberLong")
        if not isinstance(inner, str) or not re.fullmatch(r"-?[0-9]{1,30}", inner):
            raise Unusable("$numberLong without digits")
        inner = int(inner)
    if isinstance(inner, str):
        return inner
    if isinstance(inner, bool) or not isinstance(inner, int):
        raise Unusable("object where a date is expected")
    try:
        moment = _EPOCH + timedelta(milliseconds=inner)
    except OverflowError:
        return str(inner)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")
