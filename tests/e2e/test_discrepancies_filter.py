"""The alias `discrepancies` selects exactly what the old script filter selected, on real servers.

Over all pairs of values of the two designated bodies, which reach the index as documents that syncd
has made of messages. The old filter compares doc values, which end at 256 UTF-16 units.
"""

import itertools
import json
import unittest

import harness

OLD_FILTER = "doc['tcsDesignatedBody.keyword'] != doc['designatedBody.keyword']"
MISSING = object()
VALUES = {
    "missing": MISSING,
    "null": None,
    "empty list": [],
    "empty": "",
    "blank": " ",
    "two blanks": "  ",
    "no-break space": "\u00a0",
    "code": "1-AIIDWA",
    "code in another case": "1-aiidwa",
    "code and blank": "1-AIIDWA ",
    "another code": "1-AIIDWT",
    "composed": "1-\u00e9",
    "decomposed": "1-e\u0301",
    "256 units": "a" * 256,
    "257 units": "a" * 257,
    "257 other units": "b" * 257,
    "300 units": "a" * 300,
    # 𠮷 is two UTF-16 units, and four bytes.
    "256 units, one non-BMP": "a" * 254 + "𠮷",
    "257 units, one non-BMP": "a" * 255 + "𠮷",
    "256 units, all non-BMP": "𠮷" * 128,
    "258 units, all non-BMP": "𠮷" * 129,
    "256 units of three bytes": "李" * 256,
    "257 units of three bytes": "李" * 257,
}
# In messages of which there is none at all.
NO_TRAINEE, NO_DOCTOR = "no trainee", "no doctor"
# Nearly all differ, and few are in any other alias.
RELAXED = {"gates": {"max_shrink": 1.0, "max_rejected": 1.0}}


def messages(folder):
    """A snapshot with one doctor a pair of values; returns gmc → the names of the pair."""
    pairs = list(itertools.product([*VALUES, NO_TRAINEE], [*VALUES, NO_DOCTOR]))
    pairs.remove((NO_TRAINEE, NO_DOCTOR))
    channels = {"tcs": [], "gmc": [], "connection-logs": [], "hidden-discrepancies": []}
    named = {}
    for number, (tcs, gmc) in enumerate(pairs):
        key = str(7_000_001 + number)
        named[key] = f"TCS {tcs}, GMC {gmc}"
        if tcs != NO_TRAINEE:
            channels["tcs"].append({"tcsPersonId": number + 1, "gmcReferenceNumber": key,
                                    **_field("tcsDesignatedBody", tcs)})
        if gmc != NO_DOCTOR:
            doctor = {"gmcReferenceNumber": key, "existsInGmc": True}
            channels["gmc"].append(
                {"payload": {"doctor": doctor | _field("designatedBodyCode", gmc)}})
    for channel, bodies in channels.items():
        text = "".join(json.dumps(body) + "\n" for body in [*bodies, {"syncEnd": True}])
        (folder / f"{channel}.ndjson").write_text(text, encoding="utf-8")
    return named


def _field(name, value):
    return {} if VALUES[value] is MISSING else {name: VALUES[value]}


class DiscrepanciesFilterTest(harness.EndToEnd):

    def selected(self, cluster, index, query):
        answer = cluster.call("POST", f"/{index}/_search", {
            "size": 10_000, "query": query, "_source": ["gmcReferenceNumber"]})
        self.assertEqual(answer["_shards"]["successful"], answer["_shards"]["total"])
        self.assertFalse(answer["timed_out"])
        return {hit["_source"]["gmcReferenceNumber"] for hit in answer["hits"]["hits"]}

    def compare(self, cluster):
        folder = harness.temporary(self)
        named = messages(folder)
        deployment = harness.Deployment(self, cluster.url, **RELAXED)
        outcome = deployment.sync(folder)
        self.assertEqual(outcome.report["documents"]["masterdoctorindex"], len(named))

        everything = {"match_all": {}}
        script = {"bool": {"filter": {"script": {"script": OLD_FILTER}}}}
        old = self.selected(cluster, "masterdoctorindex", script)
        new = self.selected(cluster, "discrepancies", everything)
        self.assertEqual(self.selected(cluster, "masterdoctorindex", everything), set(named))
        self.assertEqual([named[key] for key in sorted(old - new)], [], "only the script selects")
        self.assertEqual([named[key] for key in sorted(new - old)], [], "only the alias selects")
        # Both kinds are there, so that neither comparison was of nothing.
        self.assertGreater(len(old), 100)
        self.assertGreater(len(named) - len(old), 50)
        expected = harness.compare.Expected(harness.expect(folder))
        self.assertEqual(cluster.differences(expected), [])

    def test_opensearch_2_19(self):
        self.compare(self.cluster("opensearch-2.19"))

    def test_elasticsearch_7_10(self):
        self.compare(self.cluster("elasticsearch-7.10"))


if __name__ == "__main__":
    unittest.main()
