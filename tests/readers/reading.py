"""What a reader asks, and how an answer is judged against the data sets that may be live.

A read is one request, or one read transaction, and carries one or more questions. It is right if
one data set alone explains all of its answers.
"""

import collections
import itertools
import pathlib
import sqlite3
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "model"))

from revalidation import ALIAS_FAMILY   # noqa: E402

ALIASES = tuple(ALIAS_FAMILY)
GOOD, FAILED, EMPTY, MIXED, WRONG = "good", "failed", "empty", "mixed", "wrong"
PROBLEMS = (FAILED, EMPTY, MIXED, WRONG)

# kind    arguments          answer
# count   none               the number of documents
# page    first id, size     the documents from an id on, in order of id
# range   first id, end id   the documents from the first id on, and before the end
# ids     ids                the documents of these ids
#
# An answer with documents is a list of (id, canonical JSON) in order of id.
Question = collections.namedtuple("Question", "kind alias args")

Verdict = collections.namedtuple("Verdict", "kind data_set problem")


class DataSet:
    """What one build must show: the file that tests/data/expected.py writes."""

    _WHERE = {
        "page": "members.id >= ? ORDER BY members.id LIMIT ?",
        "range": "members.id >= ? AND members.id < ? ORDER BY members.id",
    }

    def __init__(self, path):
        path = pathlib.Path(path).resolve()
        self.name = path.stem
        self._db = sqlite3.connect(path.as_uri() + "?mode=ro&immutable=1", uri=True)
        self._rows = self._db.execute("SELECT max(rowid) FROM expected").fetchone()[0] or 0
        self._counts = dict(
            self._db.execute("SELECT name, count FROM counts WHERE kind = 'alias'"))

    def count(self, alias):
        return self._counts[alias]

    def answer(self, question):
        """The answer that a store with this data gives."""
        kind, alias, args = question
        if kind == "count":
            return self.count(alias)
        if kind == "ids":
            where, args = f"members.id IN ({','.join('?' * len(args))}) ORDER BY members.id", args
        else:
            where = self._WHERE[kind]
        return self._db.execute(
            "SELECT id, document FROM members JOIN expected USING (id)"
            f" WHERE alias = ? AND family = ? AND {where}",
            (alias, ALIAS_FAMILY[alias], *args)).fetchall()

    def document(self, alias, key):
        """The document of the alias's family, whether the alias shows it or not; None if none."""
        row = self._db.execute("SELECT document FROM expected WHERE family = ? AND id = ?",
                               (ALIAS_FAMILY[alias], key)).fetchone()
        return row and row[0]

    def random_id(self, chance):
        """The id of any document of any family."""
        rowid = chance.randint(1, self._rows)
        row = self._db.execute("SELECT id FROM expected WHERE rowid = ?", (rowid,)).fetchone()
        return row[0] if row else ""

    def random_member(self, alias, chance):
        """An id that the alias shows, if it shows any."""
        row = self._db.execute(
            "SELECT id FROM members WHERE alias = ? AND id >= ? ORDER BY id LIMIT 1",
            (alias, self.random_id(chance))).fetchone()
        return row[0] if row else self.random_id(chance)


def judge(questions, answers, data_sets, preferred=None):
    """Verdict on the answers of one read.

    `preferred` is the data set that explained the reader's read before this one: what several data
    sets explain, it explains.
    """
    order = sorted(data_sets, key=lambda data_set: data_set is not preferred)
    for data_set in order:
        if all(data_set.answer(question) == answer
               for question, answer in zip(questions, answers)):
            return Verdict(GOOD, data_set, None)
    pairs = list(zip(questions, answers))
    for check, kind in ((_wrong, WRONG), (_empty, EMPTY)):
        for question, answer in pairs:
            problem = check(question, answer, data_sets)
            if problem:
                return Verdict(kind, None, problem)
    return Verdict(MIXED, None, "; ".join(
        _describe_mixed(question, answer, data_sets) for question, answer in pairs))


def size(answer):
    return answer if isinstance(answer, int) else len(answer)


def documents(answers):
    """The number of documents that were read and compared."""
    return sum(len(answer) for answer in answers if not isinstance(answer, int))


def _wrong(question, answer, data_sets):
    """The first document that is none of any data set."""
    for key, text in [] if question.kind == "count" else answer:
        if all(text != data_set.document(question.alias, key) for data_set in data_sets):
            return f"{_name(question)}: {key} is of no data set: {text}"
    return None


def _empty(question, answer, data_sets):
    sizes = {data_set.name: size(data_set.answer(question)) for data_set in data_sets}
    if size(answer) == 0 and all(sizes.values()):
        return f"{_name(question)}: nothing, expected {sizes}"
    return None


def _describe_mixed(question, answer, data_sets):
    name = _name(question)
    fits = [data_set.name for data_set in data_sets if data_set.answer(question) == answer]
    if fits:
        return f"{name}: of {' and '.join(fits)}"
    if question.kind == "count":
        counts = {data_set.name: data_set.answer(question) for data_set in data_sets}
        return f"{name}: {answer}, expected {counts}"
    parts = {}
    for data_set in data_sets:
        expected = data_set.answer(question)
        missing = sorted(set(expected) - set(answer))
        excess = sorted(set(answer) - set(expected))
        parts[data_set.name] = {"missing": _some_keys(missing), "not expected": _some_keys(excess)}
    return f"{name}: {len(answer)} documents, against {parts}"


def _some_keys(rows):
    keys = [key for key, _ in itertools.islice(rows, 3)]
    return f"{len(rows)}: {', '.join(keys)}" if keys else "0"


def _name(question):
    args = ", ".join(map(str, question.args[:3]))
    return f"{question.kind}({question.alias}{', ' + args if args else ''})"
