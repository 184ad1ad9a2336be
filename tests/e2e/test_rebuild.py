"""A whole sync out of RabbitMQ, twice, and a rollback, under readers: all equals the model."""

import unittest

import harness
import services
from readers import Readers

READERS = 2
DUPLICATES = 0.02


def feeds(snapshot, batch, **faults):
    """All senders of a snapshot, with duplicates, in shuffled order."""
    options = {"duplicates": DUPLICATES, "shuffle": True}
    sizes = {channel: {} if channel == "tcs" else {"batch": batch} for channel in services.ROUTES}
    return {
        channel: services.Feed(
            lambda channel=channel: snapshot.records(channel, **options, **sizes[channel]),
            marker=marker + (batch > 0), **faults)
        for marker, channel in enumerate(services.ROUTES)}


class RebuildTest(harness.EndToEnd):

    def rebuild(self, store, doctors, where):
        """Edition 1 in single messages, edition 2 in batches under readers, then back."""
        amqp = harness.server("rabbitmq")
        first, second = harness.Snapshot(doctors), harness.Snapshot(doctors, edition=2)
        deployment = harness.Deployment(self, store.url, amqp)
        outcome = self.sync(deployment, amqp, feeds(first, batch=0))
        self.assertEqual((outcome.report["generation"], outcome.report["live"]), (1, 1))
        self.assert_shows(store, first)

        paths = [first.path, second.path]    # before the readers fork
        with Readers(paths, processes=READERS, nice=5, **where) as readers:
            outcome = self.sync(deployment, amqp, feeds(second, batch=9000))
            self.assertEqual((outcome.report["live"], outcome.report["previous"]), (2, 1))
            readers.wait_until_all_see(second.name)
            self.assert_shows(store, second, generation=2)
            self.assert_reported(outcome.report, second)
            rolled_back = deployment.run("rollback").report
            self.assertEqual([rolled_back[name] for name in ("from", "to", "live")], [2, 1, 1])
            readers.wait_until_all_see(first.name)    # which check every document that they read
            self.assertEqual(self.assert_one_generation(store), 1)
            report = readers.stop()
        problems = {name: report[name] for name in ("failed", "empty", "wrong", "mixed")}
        self.assertEqual(set(problems.values()), {0}, report["first_problems"])
        self.assertEqual(report["switches_max"], 2, report)
        self.assertTrue(all(report["seen"].values()), report)

    def sync(self, deployment, amqp, feeding):
        with services.Services(amqp, feeding) as senders:
            outcome = deployment.run("sync")
            self.assertEqual(senders.problems, [])
            self.assertEqual(set(map(tuple, senders.starts.values())), {("answered",)})
            for channel in services.ROUTES:
                self.assertEqual(senders.waiting(channel), 0, channel)
                self.assertEqual(outcome.report["channels"][channel]["messages"],
                                 senders.sent[channel])
        self.assertEqual(outcome.report["state"], "promoted")
        self.assertEqual(outcome.report["dead_letters"], 0)
        return outcome

    def assert_reported(self, report, snapshot):
        """The figures that it prints are those of the model."""
        for family, count in report["documents"].items():
            self.assertEqual(count, snapshot.size("family", family), family)
        for alias, count in report["aliases"].items():
            self.assertEqual(count, snapshot.size("alias", alias), alias)
        self.assertEqual([gate for gate in report["gates"] if not gate["passed"]], [])
        for channel, figures in report["channels"].items():
            self.assertTrue(figures["ended"], channel)
            self.assertEqual((figures["markers"], figures["rejected"]), (1, 0), channel)

    def test_opensearch_2_19(self):
        store = self.cluster("opensearch-2.19")
        self.rebuild(store, 21_000, {"url": store.url})

    def test_elasticsearch_7_10(self):
        store = self.cluster("elasticsearch-7.10")
        self.rebuild(store, 2_000, {"url": store.url})

    def test_embedded(self):
        store = self.embedded()
        self.rebuild(store, 3_000, {"sqlite": store.path})


if __name__ == "__main__":
    unittest.main()
