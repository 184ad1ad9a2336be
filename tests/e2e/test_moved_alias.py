"""Somebody moves an alias between a plan and its swap: noticed, not overruled, exit code 3."""

import contextlib
import unittest
import urllib.error

import harness
import recorder

DOCTORS = 300
THEIRS = "somebodys_index"
ALIAS = "current_connections"
FAMILY = "masterdoctorindex"


class MovedAliasTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)

    def with_theirs(self, name):
        store = self.cluster(name)
        self.addCleanup(self.remove_theirs, store)
        self.remove_theirs(store)
        store.call("PUT", f"/{THEIRS}")
        return store

    def remove_theirs(self, store):
        with contextlib.suppress(urllib.error.HTTPError):
            store.call("DELETE", f"/{THEIRS}")

    def move(self, store, source, target):
        store.call("POST", "/_aliases", {"actions": [
            {"remove": {"index": source, "alias": ALIAS}},
            {"add": {"index": target, "alias": ALIAS}}]})

    def moved_in_between(self, name, *said):
        store = self.with_theirs(name)
        harness.Deployment(self, store.url).sync(self.FIRST.folder)
        before = store.aliases()
        moves = []

        def somebody(command, path, body):
            swap = f'"{FAMILY}_v2","alias":"{ALIAS}"'.encode()
            if command == "POST" and path == "/_aliases" and swap in body and not moves:
                moves.append(path)
                self.move(store, f"{FAMILY}_v1", THEIRS)

        book = recorder.Book()
        with recorder.Proxy(store.url, book, "host", somebody) as proxy:
            deployment = harness.Deployment(self, proxy.url)
            outcome = deployment.sync(self.SECOND.folder, code=3)
            self.assertEqual(moves, ["/_aliases"])
            for text in (ALIAS, *said):
                self.assertIn(text, outcome.message())
            # Theirs is as they set it, everything else as it was before.
            self.assertEqual(store.aliases(), before | {ALIAS: THEIRS})

            # Put back, the build that is sealed goes live.
            self.move(store, THEIRS, f"{FAMILY}_v1")
            self.assertEqual(store.aliases(), before)
            deployment.run("sync", "--promote", "2")
        self.assert_shows(store, self.SECOND, 2)
        self.assertEqual(book.violations(), [])

    def test_with_must_exist_the_swap_is_refused(self):
        self.moved_in_between("opensearch-2.19", "No alias has moved")

    def test_without_must_exist_the_swap_is_taken_back(self):
        self.moved_in_between("elasticsearch-7.10", THEIRS, "The whole swap was taken back")


if __name__ == "__main__":
    unittest.main()
