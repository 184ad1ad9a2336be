"""Stores as a reader sees them: reads that are atomic, whatever number of questions they carry."""

import contextlib
import http.client
import json
import pathlib
import sqlite3
import sys
import urllib.parse

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "model"))

from compare import canonical               # noqa: E402
from reading import ALIASES, Question       # noqa: E402
from revalidation import ALIAS_FAMILY       # noqa: E402

PAGE_MIN, PAGE_MAX = 20, 60
IDS_MAX = 20


class ReadFailed(Exception):
    """A read without an answer, or with an answer that isn't of all shards."""


class EmbeddedReader:
    """Reads the file of an embedded store by its views."""

    # A reader of a WAL file never waits for a writer, but for moments on opening the file.
    BUSY_TIMEOUT_S = 1.0
    # Now and then a new connection, as processes that come and go have.
    READS_A_CONNECTION = 300

    _SQL = {
        "count": 'SELECT count(*) FROM "{alias}"',
        "page": 'SELECT id, document FROM "{alias}" WHERE id >= ? ORDER BY id LIMIT ?',
        "range": 'SELECT id, document FROM "{alias}" WHERE id >= ? AND id < ? ORDER BY id',
        "ids": 'SELECT id, document FROM "{alias}" WHERE id IN ({marks}) ORDER BY id',
    }

    def __init__(self, path):
        self._uri = pathlib.Path(path).resolve().as_uri() + "?mode=ro"
        self._db = None
        self._reads = 0

    def questions(self, alias, data_set, chance):
        """One read's questions, whose first is of `alias`."""
        if chance.random() < 0.15:
            others = chance.sample([other for other in ALIASES if other != alias],
                                   chance.randint(1, 3))
            # No counts here: another kind of read, which takes long, has them.
            return [self._question(each, data_set, chance, 1.0) for each in (alias, *others)]
        return [self._question(alias, data_set, chance, 0.98)]

    def reads(self, alias, data_set, chance):
        """The reads of one request: here always one."""
        return [self.questions(alias, data_set, chance)]

    def read_each(self, reads):
        """For each of the reads its answers, or the ReadFailed that it ended with."""
        return [_tried(self.read, questions) for questions in reads]

    def all_aliases(self, data_set, chance):
        """One transaction over every alias, counts and documents."""
        return ([Question("count", alias, ()) for alias in ALIASES]
                + [_page(alias, data_set, chance) for alias in ALIASES])

    @staticmethod
    def _question(alias, data_set, chance, share):
        draw = chance.random()
        if draw < 0.5:
            return _ids(alias, data_set, chance)
        return _page(alias, data_set, chance) if draw < share else Question("count", alias, ())

    def read(self, questions):
        try:
            return self._read(questions)
        except sqlite3.Error as error:
            self.close()
            raise ReadFailed(f"{type(error).__name__}: {error}") from error

    def _read(self, questions):
        self._reads += 1
        if self._reads % self.READS_A_CONNECTION == 0:
            self.close()
        if self._db is None:
            self._db = sqlite3.connect(self._uri, uri=True, isolation_level=None,
                                       timeout=self.BUSY_TIMEOUT_S)
        if len(questions) == 1:
            return [self._answer(questions[0])]
        self._db.execute("BEGIN")
        answers = [self._answer(question) for question in questions]
        self._db.execute("COMMIT")
        return answers

    def _answer(self, question):
        kind, alias, args = question
        sql = self._SQL[kind].format(alias=alias, marks=",".join("?" * len(args)))
        rows = self._db.execute(sql, args).fetchall()
        return rows[0][0] if kind == "count" else [(key, _canonical(text)) for key, text in rows]

    def close(self):
        if self._db is not None:
            self._db.close()
            self._db = None


class ClusterReader:
    """Reads an OpenSearch or Elasticsearch over one connection that is kept."""

    TIMEOUT_S = 30
    MSEARCH_SHARE = 0.2     # of requests
    SEARCHES = 8            # in one _msearch, at most

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self._address = parts.hostname, parts.port or 80
        self._connection = None

    def questions(self, alias, data_set, chance):
        draw = chance.random()
        if draw < 0.2:
            return [Question("count", alias, ())]
        if draw < 0.5:
            return [_ids(alias, data_set, chance)]
        bounds = _range(data_set, chance)
        others = [other for other in ALIASES if ALIAS_FAMILY[other] != ALIAS_FAMILY[alias]]
        aliases = (alias, chance.choice(others)) if draw < 0.75 else (alias,)
        return [Question("range", each, bounds) for each in aliases]

    def reads(self, alias, data_set, chance):
        """The reads of one request: now and then several, for an _msearch."""
        several = chance.random() < self.MSEARCH_SHARE
        more = chance.randint(1, self.SEARCHES - 1) if several else 0
        aliases = [alias, *chance.choices(ALIASES, k=more)]
        reads = [self.questions(each, data_set, chance) for each in aliases]
        # A count is no search.
        return [questions for questions in reads if questions[0].kind != "count"] or reads[:1]

    def read_each(self, reads):
        """For each of the reads its answers, or the ReadFailed that it ended with.

        Several are one _msearch, whose searches a server carries out one by one: each is right
        alone, and two need not be of one generation.
        """
        if len(reads) == 1:
            return [_tried(self.read, reads[0])]
        lines = [line for questions in reads
                 for line in ({"index": _target(questions)}, _search(questions))]
        body = "".join(json.dumps(line) + "\n" for line in lines)
        try:
            found = json.loads(self._text("/_msearch", body))["responses"]
        except ReadFailed as error:
            return [error] * len(reads)
        return [_tried(self._answers, questions, answer) for questions, answer in zip(reads, found)]

    def all_aliases(self, data_set, chance):
        """One search over one alias of each family: hits don't name the alias they came through."""
        bounds = _range(data_set, chance)
        of_family = {ALIAS_FAMILY[alias]: alias for alias in chance.sample(ALIASES, len(ALIASES))}
        return [Question("range", alias, bounds) for alias in of_family.values()]

    def read(self, questions):
        """All questions in one request: they differ in nothing but the alias, and in its family."""
        target = _target(questions)
        if questions[0].kind == "count":
            path = f"/{target}/_count"
            return [_whole(path, json.loads(self._text(path)))["count"]]
        text = self._text(f"/{target}/_search", json.dumps(_search(questions)))
        return self._answers(questions, json.loads(text))

    def _answers(self, questions, answer):
        target = _target(questions)
        found = _whole(target, answer)["hits"]
        hits = found["hits"]
        if found["total"]["value"] != len(hits):
            raise ReadFailed(f"{len(hits)} hits of {found['total']} in {target}")
        answers = [self._hits_of(question.alias, hits) for question in questions]
        if sum(map(len, answers)) != len(hits):
            raise ReadFailed(f"{target}: hits of {sorted({hit['_index'] for hit in hits})}")
        return answers

    @staticmethod
    def _hits_of(alias, hits):
        family = ALIAS_FAMILY[alias]
        return sorted((hit["_id"], canonical(hit["_source"])) for hit in hits
                      if hit["_index"].rpartition("_v")[0] == family)

    def _text(self, path, body=None):
        try:
            status, text = self._exchange(path, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ReadFailed(f"{path}: {type(error).__name__}: {error}") from error
        if status != 200:
            raise ReadFailed(f"{path}: {status} {text[:500].decode('utf-8', 'replace')}")
        return text

    def _exchange(self, path, body):
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=self.TIMEOUT_S)
        self._connection.request("POST" if body else "GET", path, body,
                                 {"Content-Type": "application/x-ndjson" if path == "/_msearch"
                                  else "application/json"} if body else {})
        response = self._connection.getresponse()
        return response.status, response.read()

    def close(self):
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None


def _tried(read, *words):
    try:
        return read(*words)
    except ReadFailed as error:
        return error


def _target(questions):
    return ",".join(question.alias for question in questions)


def _search(questions):
    kind, _, args = questions[0]
    if kind == "ids":
        query = {"ids": {"values": list(args)}}
    else:
        query = {"range": {"gmcReferenceNumber.keyword": {"gte": args[0], "lt": args[1]}}}
    return {"size": 5000, "query": query, "track_total_hits": True}


def _whole(path, answer):
    """The answer, if every shard has given it."""
    shards = answer.get("_shards")
    # An item of an _msearch has a status of its own.
    refused = answer.get("status", 200) != 200 or answer.get("timed_out")
    if refused or shards is None or shards["successful"] != shards["total"]:
        raise ReadFailed(f"{path}: not whole: {json.dumps(answer)[:500]}")
    return answer


def _page(alias, data_set, chance):
    return Question("page", alias,
                    (data_set.random_id(chance), chance.randint(PAGE_MIN, PAGE_MAX)))


def _ids(alias, data_set, chance):
    """Some that the alias shows, some that it may not show."""
    ids = {data_set.random_member(alias, chance) if chance.random() < 0.7
           else data_set.random_id(chance) for _ in range(chance.choice((1, 1, 1, IDS_MAX)))}
    return Question("ids", alias, tuple(sorted(ids)))


def _range(data_set, chance):
    """GMC numbers that lie together; every id begins with its number."""
    first = data_set.random_id(chance).partition(":")[0]
    end = str(int(first) + chance.randint(PAGE_MIN, PAGE_MAX)).zfill(len(first))
    return first, end


def _canonical(text):
    """What is no JSON stays as it is, and will equal nothing."""
    try:
        return canonical(json.loads(text))
    except (ValueError, TypeError):
        return text
