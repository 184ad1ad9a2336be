"""The stores that syncd writes to, looked at from outside. Imported by harness, which knows where
the other folders are."""

import contextlib
import hashlib
import json
import pathlib
import re
import sqlite3
import urllib.error
import urllib.request

import compare
import revalidation

RELEASE = "tis"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_OWN = re.compile(rf"({'|'.join(revalidation.FAMILIES)})_v(\d+)|{RELEASE}_lease_\d+")


class Embedded:
    """An embedded store, looked at from outside."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.url = f"sqlite:{path}"

    def raw(self):
        """Reads documents by the name of an index or an alias."""
        return compare.EmbeddedStore(self.path)

    def differences(self, documents, generation=None):
        return compare.compare_store(documents, self.raw(), generation)

    def refresh(self):
        """Nothing to do: what is written is seen."""

    def document(self, name, key):
        """One document of an index or an alias; None if it isn't there."""
        if not self.path.exists():
            return None
        with reading(self.path) as db:
            try:
                row = db.execute(f'SELECT document FROM "{name}" WHERE id = ?', (key,)).fetchone()
            except sqlite3.OperationalError:
                return None
        return json.loads(row[0]) if row else None

    def aliases(self):
        """Alias → the index that it reads."""
        if not self.path.exists():
            return {}
        with reading(self.path) as db:
            views = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'"))
        found = {name: _OWN.search(sql) for name, sql in views.items()}
        return {name: match[0] for name, match in found.items()
                if match and name in revalidation.ALIAS_FAMILY}

    def indexes(self):
        """The indexes of all generations."""
        if not self.path.exists():
            return []
        with reading(self.path) as db:
            tables = [name for name, in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'")]
        return sorted(name for name in tables if (match := _OWN.fullmatch(name)) and match[2])

    def fingerprint(self):
        """Of everything that is in the store."""
        with reading(self.path) as db:
            return hashlib.sha256("\n".join(db.iterdump()).encode()).hexdigest()


def reading(path):
    """A connection to an SQLite file that is only read, for a `with` block."""
    return contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30))


class Cluster:
    """An OpenSearch or Elasticsearch, looked at from outside."""

    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        with _DIRECT.open(request, timeout=60) as answer:
            return json.load(answer)

    def wipe(self):
        """Removes whatever an earlier test has left of the release."""
        found = self.call("GET", "/_cat/indices?format=json&h=index&expand_wildcards=all")
        names = [row["index"] for row in found if _OWN.fullmatch(row["index"])]
        for name in names:
            self.call("DELETE", f"/{name}")

    def raw(self):
        """Reads documents by the name of an index or an alias."""
        return compare.Cluster(self.url)

    def differences(self, documents, generation=None):
        return compare.compare_store(documents, self.raw(), generation)

    def refresh(self):
        self.call("POST", "/" + ",".join(self.indexes()) + "/_refresh")

    def document(self, name, key):
        """One document, as a search through an index or an alias finds it; None if it doesn't."""
        try:
            found = self.call("POST", f"/{name}/_search", {"query": {"ids": {"values": [key]}}})
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return next((hit["_source"] for hit in found["hits"]["hits"]), None)

    def aliases(self):
        table = {}
        for index, entry in self.call("GET", "/_alias").items():
            for alias in entry["aliases"]:
                if alias in revalidation.ALIAS_FAMILY:
                    table.setdefault(alias, []).append(index)
        return {alias: ",".join(sorted(indexes)) for alias, indexes in table.items()}

    def indexes(self):
        found = self.call("GET", "/_cat/indices?format=json&h=index")
        return sorted(row["index"] for row in found
                      if (match := _OWN.fullmatch(row["index"])) and match[2])

    def fingerprint(self):
        """Of all indexes of the release: aliases, mappings with `_meta`, documents, versions."""
        digest = hashlib.sha256()
        for index, entry in sorted(self.call("GET", "/_all").items()):
            if not _OWN.fullmatch(index):
                continue
            entry["settings"]["index"].pop("version", None)
            digest.update(json.dumps([index, entry], sort_keys=True).encode())
            self.call("POST", f"/{index}/_refresh")
            for document in sorted(self._documents(index)):
                digest.update(json.dumps(document).encode())
        return digest.hexdigest()

    def _documents(self, index):
        page = self.call("POST", f"/{index}/_search?scroll=1m", {"size": 2000, "version": True})
        while page["hits"]["hits"]:
            for hit in page["hits"]["hits"]:
                yield hit["_id"], hit["_version"], json.dumps(hit["_source"], sort_keys=True)
            page = self.call("POST", "/_search/scroll",
                             {"scroll": "1m", "scroll_id": page["_scroll_id"]})
        self.call("DELETE", "/_search/scroll", {"scroll_id": [page["_scroll_id"]]})


def generations(store):
    """The generations that the aliases of a store read; all are there, or none is."""
    aliases = store.aliases()
    if aliases and set(aliases) != set(revalidation.ALIAS_FAMILY):
        raise AssertionError(f"some aliases are missing: {aliases}")
    return {int(_OWN.fullmatch(index)[2]) for index in aliases.values()}
