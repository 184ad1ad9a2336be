"""Tests of the generated data: what the tests that use it rely on."""

import pathlib
import sys
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "model"))

import generate                      # noqa: E402
from revalidation import Model      # noqa: E402

SIZE = 4000
TODAY = "2025-06-15"


def built(edition, batch=0, **options):
    model = Model()
    for channel, bodies in generate.CHANNELS.items():
        sizes = {} if channel == "tcs" else {"batch": batch}
        for body in bodies(SIZE, edition, **options, **sizes):
            model.apply(channel, body)
    return model


class Editions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = built(1), built(2)
        cls.documents = [model.documents() for model in cls.models]

    def test_nothing_is_rejected_and_every_channel_ends(self):
        for model in self.models:
            self.assertEqual(set(model.rejected.values()) | set(model.empty.values()), {0})
            self.assertEqual(set(model.ended.values()), {1})

    def test_the_first_name_tells_the_edition_of_any_document(self):
        names = [{document["doctorFirstName"] for family in documents.values()
                  for document in family.values()} for documents in self.documents]
        self.assertTrue(names[0].isdisjoint(names[1]))

    def test_counts_of_aliases_change_by_less_than_five_percent(self):
        before, after = (model.alias_members(TODAY) for model in self.models)
        for alias in before:
            self.assertNotEqual(len(before[alias]), len(after[alias]), alias)
            self.assertLess(abs(len(after[alias]) / len(before[alias]) - 1), 0.05, alias)

    def test_the_oddities_are_there(self):
        master = self.documents[0]["masterdoctorindex"]
        numbers = [document["gmcReferenceNumber"] for document in master.values()]
        self.assertEqual(len(numbers) - len(set(numbers)), SIZE // 200)
        for field, low, high in (
                ("tcsPersonId", 0.9, 0.98), ("existsInGmc", 0.9, 0.98),
                ("programmeName", 0.9, 0.98), ("lastConnectionDateTime", 0.25, 0.35),
                ("hiddenDiscrepancies", 0.005, 0.015)):
            share = sum(field in document for document in master.values()) / len(master)
            self.assertTrue(low < share < high, (field, share))
        for field, part in (("programmeName", " | "), ("doctorLastName", "Ó"),
                            ("doctorLastName", "’"), ("membershipType", "VISITOR")):
            found = any(part in document.get(field, "") for document in master.values())
            self.assertTrue(found, part)

    def test_duplicates_order_and_batches_change_nothing(self):
        disturbed = built(1, batch=900, duplicates=0.05, shuffle=True)
        self.assertEqual(disturbed.documents(), self.documents[0])

    def test_dropping_leaves_out_doctors_whole(self):
        kept = built(1, drop=0.3).documents()
        share = len(kept["masterdoctorindex"]) / len(self.documents[0]["masterdoctorindex"])
        self.assertAlmostEqual(share, 0.7, delta=0.03)
        for family, documents in kept.items():
            for key, document in documents.items():
                self.assertEqual(document, self.documents[0][family][key])


if __name__ == "__main__":
    unittest.main()
