#!/usr/bin/env python3
"""Compares what a store shows with what the model expects, document by document.

    compare.py --expected OUT.db (--sqlite STORE.db | --url http://127.0.0.1:9200) [--generation N]

Reads every alias; with --generation also each family's concrete index, which holds what the alias
of `exceptionindex` doesn't show yet. Prints the differences and ends with 1 if there are any.
"""

import argparse
import contextlib
import itertools
import json
import pathlib
import sqlite3
import sys
import urllib.parse
import urllib.request

from revalidation import ALIAS_FAMILY, FAMILIES

DIFFERENCES_MAX = 20
PAGE = 2000


# One encoder for all: json.dumps would make a new one for each document.
canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def compare(expected_docs, actual):
    """Readable differences of a dict of documents and an iterable of (id, document)."""
    return list(itertools.islice(_differences(expected_docs, actual), DIFFERENCES_MAX))


def _differences(expected_docs, actual):
    seen = set()
    for key, document in actual:
        if key in seen:
            yield f"{key}: twice"
        elif key not in expected_docs:
            yield f"{key}: not expected, is {canonical(document)}"
        elif canonical(expected_docs[key]) != canonical(document):
            yield from _field_differences(key, expected_docs[key], document)
        seen.add(key)
    for key in expected_docs:
        if key not in seen:
            yield f"{key}: missing"


def _field_differences(key, expected, actual):
    for field in sorted(expected.keys() | actual.keys()):
        # As JSON texts, since 1 and true are equal in Python.
        sides = [canonical(side[field]) if field in side else "absent"
                 for side in (expected, actual)]
        if sides[0] != sides[1]:
            yield f"{key}: {field} is {sides[1]}, expected {sides[0]}"


class Expected:
    """The file that expected.py writes."""

    def __init__(self, path):
        self._db = _open_read_only(path)

    def family(self, family):
        return self._documents("SELECT id, document FROM expected WHERE family = ?", family)

    def alias(self, alias):
        return self._documents(
            "SELECT id, document FROM members JOIN expected USING (id)"
            " WHERE alias = ? AND family = ?", alias, ALIAS_FAMILY[alias])

    def _documents(self, sql, *values):
        return {key: json.loads(text) for key, text in self._db.execute(sql, values)}


class EmbeddedStore:
    """Reads an embedded store's file, all of it in one read transaction."""

    def __init__(self, path):
        self._db = _open_read_only(path)
        self._db.execute("BEGIN")

    def documents(self, name):
        for key, text in self._db.execute(f'SELECT id, document FROM "{name}"'):
            yield key, json.loads(text)


class Cluster:
    """Reads an OpenSearch or Elasticsearch by scroll."""

    def __init__(self, url):
        self._url = url.rstrip("/")

    def documents(self, name):
        page = self._call("POST", f"/{urllib.parse.quote(name)}/_search?scroll=2m",
                          {"size": PAGE, "sort": ["_doc"], "query": {"match_all": {}}})
        try:
            while page["hits"]["hits"]:
                for hit in page["hits"]["hits"]:
                    yield hit["_id"], hit["_source"]
                page = self._call("POST", "/_search/scroll",
                                  {"scroll": "2m", "scroll_id": page["_scroll_id"]})
        finally:
            with contextlib.suppress(OSError):
                self._call("DELETE", "/_search/scroll", {"scroll_id": [page["_scroll_id"]]})

    def _call(self, method, path, body):
        request = urllib.request.Request(self._url + path, json.dumps(body).encode(), method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        shards = answer.get("_shards")
        if shards and shards["successful"] != shards["total"]:
            raise OSError(f"not all shards answered: {shards}")
        return answer


def compare_store(expected, store, generation=None):
    """Readable differences of a whole store, each with the name under which it was read."""
    reads = [(alias, expected.alias(alias)) for alias in ALIAS_FAMILY]
    if generation is not None:
        reads += [(f"{family}_v{generation}", expected.family(family)) for family in FAMILIES]
    differences = []
    for name, documents in reads:
        try:
            found = compare(documents, store.documents(name))
        except (sqlite3.Error, OSError) as error:
            found = [f"can't be read: {error}"]
        differences += [f"{name}: {difference}" for difference in found]
    return differences


def _open_read_only(path):
    uri = pathlib.Path(path).resolve().as_uri() + "?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def main():
    parser = argparse.ArgumentParser(description="Compares a store with the model.")
    parser.add_argument("--expected", required=True, help="file written by expected.py")
    store = parser.add_mutually_exclusive_group(required=True)
    store.add_argument("--sqlite", help="file of an embedded store")
    store.add_argument("--url", help="address of an OpenSearch or Elasticsearch")
    parser.add_argument("--generation", type=int, help="compare this generation's indexes as well")
    options = parser.parse_args()
    store = EmbeddedStore(options.sqlite) if options.sqlite else Cluster(options.url)
    differences = compare_store(Expected(options.expected), store, options.generation)
    print("\n".join(differences) or "equal")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
