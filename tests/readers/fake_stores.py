"""Stores that tests of the readers lay out by themselves, right or wrong in a known way."""

import http.server
import json
import pathlib
import sqlite3
import sys
import threading
import urllib.parse

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "model"))

from revalidation import ALIAS_FAMILY, FAMILIES   # noqa: E402

FILTERS = {
    "current_connections": " WHERE json_extract(document, '$.existsInGmc') = 1",
    "discrepancies": " WHERE json_extract(document, '$.designatedBodiesDiffer') = 1",
    "exceptionindex": " WHERE json_extract(document, '$.exceptionFrom') <= date('now')",
}


class EmbeddedStore:
    """A file as an embedded store lays it out, filled from expected data sets."""

    def __init__(self, path):
        self.path = str(path)
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")

    def load(self, generation, expected):
        """A generation's tables, all of them."""
        self.db.execute("ATTACH ? AS source", (str(expected),))
        self.db.execute("BEGIN")
        for family in FAMILIES:
            table = f"{family}_v{generation}"
            self.db.execute(f"CREATE TABLE {table} (id TEXT PRIMARY KEY, version INTEGER,"
                            " document TEXT) WITHOUT ROWID")
            self.db.execute(f"INSERT INTO {table} SELECT id, 0, document FROM source.expected"
                            " WHERE family = ?", (family,))
        self.db.execute("COMMIT")
        self.db.execute("DETACH source")

    def swap(self, generation, aliases=tuple(ALIAS_FAMILY)):
        """Moves the aliases in one transaction."""
        self.db.execute("BEGIN IMMEDIATE")
        for alias in aliases:
            self.db.execute(f"DROP VIEW IF EXISTS {alias}")
            self.db.execute(
                f"CREATE VIEW {alias} AS SELECT id, version, document"
                f" FROM {ALIAS_FAMILY[alias]}_v{generation}{FILTERS.get(alias, '')}")
        self.db.execute("COMMIT")

    def close(self):
        self.db.close()


class ClusterStub:
    """Answers `_count` and `_search` from data sets, or with what a test plants."""

    def __init__(self, data_set, generation=1):
        self.data_set = data_set
        self.generation = generation
        self.planted = None    # (status, changes of the answer) for every request
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):   # noqa: N802
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, answer = stub.exchange(self.path, body)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET   # noqa: N815

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._lock = threading.Lock()   # data sets are connections
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def exchange(self, path, body):
        if path != "/_msearch":
            return self.answer(path, json.loads(body) if body else None)
        lines = [json.loads(line) for line in body.splitlines()]
        answers = [self.answer(f"/{header['index']}/_search", search)
                   for header, search in zip(lines[::2], lines[1::2])]
        return 200, {"responses": [answer | {"status": status} for status, answer in answers]}

    def answer(self, path, body):
        target, what = urllib.parse.unquote(path).strip("/").split("/")
        with self._lock:
            answer = self._answer(target.split(","), what, body)
        answer["_shards"] = {"total": 2, "successful": 2, "skipped": 0, "failed": 0}
        status, changes = self.planted or (200, {})
        return status, answer | changes

    def _answer(self, aliases, what, body):
        if what == "_count":
            return {"count": sum(map(self.data_set.count, aliases))}
        hits = [{"_index": f"{ALIAS_FAMILY[alias]}_v{self.generation}", "_id": key,
                 "_source": json.loads(text)}
                for alias in aliases for key, text in self._documents(alias, body["query"])]
        return {"timed_out": False,
                "hits": {"total": {"value": len(hits), "relation": "eq"}, "hits": hits}}

    def _documents(self, alias, query):
        if "ids" in query:
            return self.data_set.answer(("ids", alias, tuple(query["ids"]["values"])))
        bounds = query["range"]["gmcReferenceNumber.keyword"]
        return self.data_set.answer(("range", alias, (bounds["gte"], bounds["lt"])))

    def close(self):
        self._server.shutdown()
        self._server.server_close()
