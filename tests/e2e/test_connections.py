"""How the store is reached: TLS with an authority of one's own, a password, gzip."""

import unittest

import front
import harness

DOCTORS = 300


class ConnectionsTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)

    def setUp(self):
        self.store = self.cluster()
        self.folder = harness.temporary(self)

    def deployment(self, url, **store):
        return harness.Deployment(self, url, store=store)

    def test_tls_and_password(self):
        authority = front.certificates(self.folder, "localhost")
        with front.Front(self.store.url, self.folder, "syncd", "s3cret") as door:
            url = f"https://localhost:{door.port}"
            trusts = {"ca_file": str(authority)}
            knows = {"auth": "basic", "user": "syncd", "password": "s3cret"}

            outcome = self.deployment(url, **knows).sync(self.FIRST.folder, code=1)
            self.assertIn("certificate", outcome.message())
            outcome = self.deployment(f"https://127.0.0.1:{door.port}", **trusts, **knows).sync(
                self.FIRST.folder, code=1)
            self.assertIn("127.0.0.1", outcome.message())
            self.assertIn("certificate", outcome.message())
            for wrong in ({}, knows | {"password": "guessed"}):
                outcome = self.deployment(url, **trusts, **wrong).sync(self.FIRST.folder, code=2)
                self.assertIn("401", outcome.message())
                self.assertIn("check the user and password", outcome.message())
                self.assertNotIn("guessed", outcome.message())
            self.assertEqual(self.store.indexes(), [])

            deployment = self.deployment(url, **trusts, **knows)
            outcome = deployment.sync(self.FIRST.folder)
            self.assertNotIn("s3cret", outcome.message())
            self.assert_shows(self.store, self.FIRST)
            self.assertEqual(deployment.run("status").report["live"], 1)
            self.assertEqual(door.compressed, {"requests": 0, "answers": 0})

    def compressed(self, store):
        with front.Front(store.url) as door:
            deployment = self.deployment(f"http://127.0.0.1:{door.port}", compress=True)
            deployment.sync(self.FIRST.folder)
            self.assertGreater(door.compressed["requests"], 5)
            self.assertGreater(door.compressed["answers"], 5)
        self.assert_shows(store, self.FIRST)

    def test_gzip_opensearch_2_19(self):
        self.compressed(self.store)

    def test_gzip_elasticsearch_7_10(self):
        self.compressed(self.cluster("elasticsearch-7.10"))


if __name__ == "__main__":
    unittest.main()
