"""A system as the old job has left it: its indexes, its mapping, its aliases; and who reads it."""

import contextlib
import json
import pathlib
import shutil
import sqlite3
import unittest.mock
import urllib.error
import urllib.request

import harness

import compare
import reading
import readers
import revalidation
import stores

MASTER = "masterdoctorindex"
DERIVED = revalidation.FAMILIES[1:]
# Fields that the new plan computes; the old job knew nothing of them.
COMPUTED = ("designatedBodiesDiffer", "exceptionFrom")
SCRIPT = "doc['tcsDesignatedBody.keyword'] != doc['designatedBody.keyword']"
ALIASES = {
    "current_connections": {"filter": {"term": {"existsInGmc": True}}},
    "discrepancies": {"filter": {"script": {"script": {"source": SCRIPT, "lang": "painless"}}}},
    "recommendations": {},
}
STAMPED = "recommendationindex_2023-11-02-060000"
BACKUP = f"{STAMPED}_backup"
EVERY_FIELD = tuple(json.loads((
    harness.HERE.parents[1] / "app/syncd/plans/tis/masterdoctorindex.json").read_text(
        encoding="utf-8"))["properties"])
BULK = 2000


def mapping():
    """What the old job's client made of its class: text with a keyword below, dates as texts."""
    keyword = {"type": "text", "fielddata": True,
               "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}
    fields = {name: keyword for name in EVERY_FIELD if name not in COMPUTED}
    day, moment = "uuuu-MM-dd", "uuuu-MM-dd'T'HH:mm:ss.SSS"
    fields |= {name: {"type": "date", "format": day} for name in (
        "submissionDate", "membershipStartDate", "membershipEndDate", "curriculumEndDate",
        "lastUpdatedDate")}
    fields |= {"tcsPersonId": {"type": "long"}, "existsInGmc": {"type": "boolean"},
               "lastConnectionDateTime": {"type": "date", "format": moment},
               "hiddenDiscrepancies": {"type": "nested"}, "_class": keyword}
    return {"properties": fields}


class OldSystem:
    """The indexes of the old job in a cluster; gone with the test."""

    def __init__(self, test, cluster, snapshot, stamped):
        self._cluster = cluster
        self._stamped = stamped
        self.concrete = [MASTER] if stamped else [MASTER, *DERIVED]
        self.indexes = self.concrete + ([STAMPED, BACKUP] if stamped else [])
        self.aliases = [*ALIASES] + (["recommendationindex"] if stamped else [])
        self._wipe()
        test.addCleanup(self._wipe)
        for index in self.indexes:
            alias = "recommendationindex" if index.startswith(STAMPED) else index
            self._fill(index, snapshot.documents.alias(alias))
        actions = [{"add": {"index": MASTER, "alias": alias} | more}
                   for alias, more in ALIASES.items()]
        if stamped:
            actions.append({"add": {"index": STAMPED, "alias": "recommendationindex",
                                    "is_write_index": True}})
        cluster.call("POST", "/_aliases", {"actions": actions})

    def _fill(self, index, documents):
        self._cluster.call("PUT", f"/{index}", {"mappings": mapping()})
        # Every field, null where there is none, and without an id: the server makes one up.
        nothing = dict.fromkeys(name for name in EVERY_FIELD if name not in COMPUTED)
        rows = [json.dumps(nothing | _without_computed(document) | {"_class": "a.b.MasterDoctor"})
                for document in documents.values()]
        for begin in range(0, len(rows), BULK):
            body = "".join(f'{{"index":{{}}}}\n{row}\n' for row in rows[begin:begin + BULK])
            answer = self._post(f"/{index}/_bulk?refresh=true", body)
            assert not answer["errors"], answer

    def _post(self, path, text):
        request = urllib.request.Request(self._cluster.url + path, text.encode(), method="POST",
                                         headers={"Content-Type": "application/x-ndjson"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def _wipe(self):
        for index in [MASTER, *DERIVED, STAMPED, BACKUP]:
            with contextlib.suppress(urllib.error.HTTPError):
                self._cluster.call("DELETE", f"/{index}")

    def table(self):
        """Aliases, with filters and all, of the old indexes, and what is set on these."""
        return self.table_of(self.indexes)

    def table_of(self, indexes):
        found = self._cluster.call("GET", "/" + ",".join(indexes))
        return {name: {"aliases": entry["aliases"], "mappings": entry["mappings"],
                       "settings": entry["settings"]} for name, entry in found.items()}

    def sequence(self):
        """The number of the last write to each old index."""
        stats = self._cluster.call("GET", f"/{','.join(self.indexes)}/_stats?level=shards")
        return {name: [copy["seq_no"]["max_seq_no"] for shard in index["shards"].values()
                       for copy in shard] for name, index in stats["indices"].items()}


def old_data_set(path, name="old"):
    """The expected file of the documents as the old job wrote them."""
    old = pathlib.Path(path).with_name(f"{name}.db")
    shutil.copy(path, old)
    with contextlib.closing(sqlite3.connect(old)) as db:
        rows = db.execute("SELECT rowid, document FROM expected").fetchall()
        db.executemany(
            "UPDATE expected SET document = ? WHERE rowid = ?",
            [(compare.canonical(_without_computed(json.loads(text))), rowid)
             for rowid, text in rows])
        db.commit()
    return old


def _without_computed(document):
    return {name: value for name, value in document.items() if name not in COMPUTED}


class AliasReader(stores.ClusterReader):
    """Reads old and new indexes alike: what has no id of ours is known by what is in it."""

    def questions(self, alias, data_set, chance):
        if chance.random() < 0.3:
            return [stores.Question("count", alias, ())]
        bounds = stores._range(data_set, chance)
        others = [other for other in reading.ALIASES
                  if stores.ALIAS_FAMILY[other] != stores.ALIAS_FAMILY[alias]]
        more = [chance.choice(others)] if others and chance.random() < 0.3 else []
        return [stores.Question("range", each, bounds) for each in (alias, *more)]

    @staticmethod
    def _hits_of(alias, hits):
        family = stores.ALIAS_FAMILY[alias]
        rows = []
        for hit in hits:
            if not hit["_index"].startswith(family):
                continue
            document = {name: value for name, value in hit["_source"].items()
                        if value is not None and name != "_class"}
            person = document.get("tcsPersonId")
            key = document["gmcReferenceNumber"] + ("" if person is None else f":{person}")
            rows.append((key, compare.canonical(document)))
        return sorted(rows)


@contextlib.contextmanager
def reading_aliases(url, aliases, paths, processes=2):
    """Readers of these aliases only, over data sets of these files."""
    with (unittest.mock.patch.object(reading, "ALIASES", tuple(aliases)),
          unittest.mock.patch.object(stores, "ALIASES", tuple(aliases)),
          unittest.mock.patch.object(stores, "ClusterReader", AliasReader)):
        with readers.Readers(paths, url=url, processes=processes, nice=5) as running:
            yield running
