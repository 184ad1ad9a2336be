"""Processes that follow some documents and check that fields which only rise never fall.

    with RisingReaders(["7000001:100001"], url="http://127.0.0.1:9200") as readers:
        …
        report = readers.stop()     # reads, failed, rises, steps_back, problems

A cluster is asked with a `preference`, as its replicas refresh on their own.
"""

import contextlib
import json
import multiprocessing
import pathlib
import sqlite3
import urllib.error
import urllib.request

ALIAS = "masterdoctorindex"
FIELDS = ("doctorLastName", "programmeName")
PREFIX = "Rising "      # what doesn't begin so is older than anything that does
PROBLEMS_MAX = 5
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RisingReaders:
    """Some processes over one store; they end with this one."""

    def __init__(self, keys, sqlite=None, url=None, processes=2, alias=ALIAS):
        if (sqlite is None) == (url is None):
            raise ValueError("one of sqlite and url is needed")
        self._source = (lambda number: embedded(sqlite, alias, keys)) if sqlite else (
            lambda number: cluster(url, alias, keys, number))
        context = multiprocessing.get_context("fork")
        self._stopping = context.Event()
        self._reports = context.SimpleQueue()
        self._processes = [context.Process(target=self._run, args=(number,), daemon=True)
                           for number in range(processes)]

    def __enter__(self):
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_):
        for process in self._processes:
            process.kill()
            process.join()

    def stop(self):
        """Ends the processes; the sum of their reports."""
        self._stopping.set()
        total = {"reads": 0, "failed": 0, "rises": 0, "steps_back": 0, "problems": []}
        for _ in self._processes:
            for name, value in self._reports.get().items():
                total[name] += value
        return total

    def _run(self, number):
        watch = Watch()
        read, close = self._source(number)
        is_first = True     # each reads at least once
        while is_first or not self._stopping.is_set():
            is_first = False
            try:
                watch.saw(read())
            except (OSError, sqlite3.Error) as error:
                watch.failed(repr(error))
        close()
        self._reports.put(watch.report)


class Watch:
    """Compares each read with the ones before it."""

    def __init__(self):
        self.report = {"reads": 0, "failed": 0, "rises": 0, "steps_back": 0, "problems": []}
        self._last = {}

    def failed(self, problem):
        self.report["failed"] += 1
        self._tell(problem)

    def saw(self, documents):
        """One read: {id: document}."""
        self.report["reads"] += 1
        for key, document in documents.items():
            for field in FIELDS:
                value = document.get(field) or ""
                self._value((key, field), value if value.startswith(PREFIX) else "")

    def _value(self, place, value):
        last = self._last.get(place, "")
        self._last[place] = max(last, value)
        if value > last:
            self.report["rises"] += 1
        elif value < last:
            self.report["steps_back"] += 1
            self._tell(f"{place}: {value!r} after {last!r}")

    def _tell(self, problem):
        if len(self.report["problems"]) < PROBLEMS_MAX:
            self.report["problems"].append(problem)


def embedded(path, alias, keys):
    """(read, close) of an embedded store: one read is one statement."""
    uri = pathlib.Path(path).resolve().as_uri() + "?mode=ro"
    db = sqlite3.connect(uri, uri=True, timeout=30)
    marks = ",".join("?" * len(keys))

    def read():
        rows = db.execute(f'SELECT id, document FROM "{alias}" WHERE id IN ({marks})', keys)
        return {key: json.loads(text) for key, text in rows}
    return read, db.close


def cluster(url, alias, keys, number):
    """(read, close) of a cluster: one read is one search, whole or an error."""
    request = urllib.request.Request(
        f"{url}/{alias}/_search?preference=reader{number}",
        json.dumps({"size": len(keys), "query": {"ids": {"values": keys}}}).encode(),
        headers={"Content-Type": "application/json"})

    def read():
        try:
            with contextlib.closing(_DIRECT.open(request, timeout=60)) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            raise OSError(f"{error.code}: {error.read()[:500]!r}") from error
        if found["_shards"]["successful"] != found["_shards"]["total"]:
            raise OSError(f"not all shards: {found['_shards']}")
        return {hit["_id"]: hit["_source"] for hit in found["hits"]["hits"]}
    return read, lambda: None
