"""Each request that moves aliases or makes and removes indexes, and each way in which its outcome
can stay open: afterwards the aliases are all old or all new, and syncd says which.

The requests and the faults go through a proxy in front of a real server (faults.py).
"""

import contextlib
import unittest

import daemon
import faults
import harness
import pika
import services

DOCTORS = 150
# What leaves the outcome open: the request may have been carried out, or not.
OPEN = (faults.request_lost, faults.answer_lost,
        faults.gateway(502, carried_out=False), faults.gateway(502, carried_out=True),
        faults.gateway(504, carried_out=False), faults.gateway(504, carried_out=True),
        faults.cut_off, faults.truncated, faults.not_acknowledged, faults.with_errors)
# A server that says of itself that nothing was done, or does not know.
SAID = (faults.refused(503, "cluster_manager_not_discovered_exception"),
        faults.refused(503, "process_cluster_event_timeout_exception"))
# So long a client waits for an answer that is held back; every other one comes long before.
PATIENCE = {"store": {"request_timeout": "3s"}}
# So long it tries to find out.
IMPATIENT = {"store": {"outcome_timeout": "1s"}}


class Outcomes(harness.EndToEnd):
    """Two generations that have both been live, a deployment, and faults between."""

    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)
    SNAPSHOTS = {1: FIRST, 2: SECOND}
    SERVER = None

    def setUp(self):
        if self.SERVER is None:
            raise unittest.SkipTest("the common part")
        self.store = self.cluster(self.SERVER)
        self.between = self.enterContext(faults.Between(self.store.url))

    def deployment(self, **sections):
        keep = {"retention": {"generations": 20}}
        return harness.Deployment(self, self.between.url, **(keep | sections))

    def two_generations(self, **sections):
        deployment = self.deployment(**sections)
        deployment.sync(self.FIRST.folder)
        deployment.sync(self.SECOND.folder)
        return deployment

    def assert_live(self, deployment, generation):
        """Every alias shows it, and status says so and finds nothing else worth saying."""
        self.assertEqual(self.assert_one_generation(self.store), generation)
        status = deployment.run("status").report
        self.assertEqual((status["live"], status["findings"]), (generation, []))

    def assert_sound(self, generation):
        """At the end of a test: the documents, and that nobody wrote under a lease that was over."""
        self.assert_shows(self.store, self.SNAPSHOTS[generation], generation)
        self.assertEqual(self.between.book.violations(), [])

    def meets(self, deployment, which, fault, *words, code=0, times=1):
        """Runs a command, one request of which meets a fault."""
        rule = self.between.fail(which, fault, times=times)
        outcome = deployment.run(*words, code=code)
        self.assertEqual(rule.met, times, f"not met: {outcome}")
        self.between.heal()
        return outcome

    def each_of_a_rollback(self, which, *found):
        """Meets every fault in a request of a rollback, which comes through all the same."""
        deployment, live = self.two_generations(), 2
        for fault in found:
            with self.subTest(fault.__name__):
                self.meets(deployment, which, fault, "rollback", "--to", 3 - live)
                live = 3 - live
                self.assert_live(deployment, live)
        self.assert_sound(live)


class Common:
    """On each server."""

    def test_rollback_comes_through(self):
        self.each_of_a_rollback(faults.SWAP, *OPEN, *SAID)

    def test_lease_comes_through(self):
        self.each_of_a_rollback(faults.CREATE_LEASE, faults.request_lost, faults.answer_lost,
                                faults.gateway(502, carried_out=True), faults.not_acknowledged)

    def test_takeover_comes_through(self):
        self.each_of_a_rollback(faults.TAKE_OVER, faults.request_lost, faults.answer_lost,
                                faults.gateway(504, carried_out=False), faults.cut_off,
                                faults.not_acknowledged)

    def test_swap_comes_through(self):
        deployment, live = self.two_generations(), 2
        for fault in (faults.request_lost, faults.answer_lost, faults.not_acknowledged):
            with self.subTest(fault.__name__):
                self.meets(deployment, faults.SWAP, fault, "sync", "--promote", 3 - live)
                live = 3 - live
                self.assert_live(deployment, live)
        self.assert_sound(live)

    def test_whole_sync_comes_through(self):
        """Every kind of request of one sync meets a fault once."""
        deployment = self.deployment()
        deployment.sync(self.FIRST.folder)
        rules = [self.between.fail(which, fault) for which, fault in (
            (faults.CREATE_LEASE, faults.answer_lost),
            (faults.LEASE_RECORD, faults.answer_lost),
            (faults.CREATE_INDEX, faults.answer_lost),
            (faults.PRIVATE_ALIAS, faults.request_lost),
            (faults.SETTINGS, faults.gateway(502, carried_out=True)),
            (faults.META, faults.request_lost),
            (faults.META, faults.not_acknowledged),
            (faults.SWAP, faults.answer_lost))]
        outcome = deployment.sync(self.SECOND.folder)
        self.assertEqual([rule.met for rule in rules], [1] * len(rules))
        live = outcome.report["generation"]
        self.assert_live(deployment, live)
        self.assert_shows(self.store, self.SECOND, live)
        # What the lost answers have left is no harm, and goes.
        deployment.sync(self.FIRST.folder)
        narrow = harness.Deployment(self, self.between.url, folder=deployment.folder)
        narrow.run("prune")
        self.assert_only(self.store, live, live + 1)
        self.assert_shows(self.store, self.FIRST, live + 1)
        self.assertEqual(self.between.book.violations(), [])

    def test_prune_comes_through(self):
        deployment = self.two_generations()
        for _ in range(3):
            deployment.sync(self.SECOND.folder)
        rules = [self.between.fail(faults.PRUNE, fault) for fault in (
            faults.request_lost, faults.gateway(502, carried_out=False), faults.answer_lost,
            faults.not_acknowledged, faults.gateway(504, carried_out=True))]
        narrow = harness.Deployment(self, self.between.url, folder=deployment.folder)
        outcome = narrow.run("prune")
        self.assertEqual([rule.met for rule in rules], [1] * len(rules))
        deleted = {f"{family}_v{n}" for n in (1, 2, 3)
                   for family in harness.revalidation.FAMILIES}
        self.assertEqual(set(outcome.report["deleted"]), deleted)
        self.assert_only(self.store, 4, 5)
        self.assert_live(narrow, 5)
        self.assert_shows(self.store, self.SECOND, 5)

    def test_request_that_arrives_late_changes_nothing(self):
        deployment = self.two_generations(**PATIENCE)
        held = self.between.hold(faults.SWAP)
        deployment.run("rollback")    # gives up waiting, sees to it, and sends another
        held.wait()
        self.assert_live(deployment, 1)
        deployment.run("rollback", "--to", 2)    # what the held one would undo
        before = self.store.aliases()
        held.release()
        self.assertEqual(held.wait_for_answer(), 404)
        self.assertEqual(self.store.aliases(), before)
        self.assert_live(deployment, 2)
        self.assert_sound(2)

    def test_answer_that_arrives_late_is_found_out(self):
        deployment = self.two_generations(**PATIENCE)
        held = self.between.hold(faults.SWAP, before=False)
        deployment.run("rollback")
        self.assertEqual(held.wait_for_answer(), 200)
        self.assert_live(deployment, 1)
        self.assert_sound(1)

    def test_prune_that_arrives_late_deletes_nothing(self):
        deployment = self.two_generations(**PATIENCE)
        deployment.sync(self.SECOND.folder)
        narrow = harness.Deployment(self, self.between.url, folder=deployment.folder, **PATIENCE)
        held = self.between.hold(faults.PRUNE)
        narrow.run("prune")
        self.assert_only(self.store, 2, 3)
        held.release()
        self.assertEqual(held.wait_for_answer(), 404)
        self.assert_only(self.store, 2, 3)
        self.assert_live(narrow, 3)

    def cut_off_in(self, deployment, carried_out, *words):
        """A command whose swap is the last that gets through, or the first that does not."""
        def last(forward):
            self.between.vanish()
            if carried_out:
                forward()
        self.between.fail(faults.SWAP, last)
        outcome = deployment.run(*words, code=4)
        self.assertIn("whether the aliases have moved is not known", outcome.log)
        self.assertIn("run the same command again", outcome.log)
        self.assertEqual(outcome.report["error"]["code"], "unknown_outcome")
        # What to do is said while nothing can be reached, and after.
        away = deployment.run("status", code=1)
        self.assertIn("run the same command again", away.log)
        self.between.heal()
        status = deployment.run("status").report
        self.assertIn("run the same command again", " ".join(status["findings"]))
        return status["live"]

    def test_rollback_of_which_nobody_knows_the_outcome(self):
        deployment = self.two_generations(**IMPATIENT)
        for carried_out, shown in ((True, 1), (False, 2)):
            with self.subTest(carried_out=carried_out):
                live = self.cut_off_in(deployment, carried_out, "rollback", "--to", 1)
                self.assertEqual(live, shown)
                deployment.run("rollback", "--to", 1)
                self.assert_live(deployment, 1)
                deployment.run("rollback", "--to", 2)
        self.assert_sound(2)

    def test_sync_of_which_nobody_knows_the_outcome(self):
        deployment = self.deployment(**IMPATIENT)
        deployment.sync(self.FIRST.folder)
        for carried_out, shown in ((True, 2), (False, 2)):
            with self.subTest(carried_out=carried_out):
                live = self.cut_off_in(deployment, carried_out, "sync", "--from",
                                       self.SECOND.folder)
                self.assertEqual(live, shown)
                if carried_out:
                    continue
                again = deployment.sync(self.SECOND.folder).report["generation"]
                self.assert_live(deployment, again)
                self.assert_shows(self.store, self.SECOND, again)
        self.assertEqual(self.between.book.violations(), [])


class OpenSearchOutcomes(Common, Outcomes):
    SERVER = "opensearch-2.19"

    def test_daemon_settles_what_a_command_left_open(self):
        amqp = harness.server("rabbitmq")
        services.declare(pika.URLParameters(amqp))
        listen = daemon.configuration(daemon.ports(self), **IMPATIENT)
        deployment = self.two_generations(amqp={"url": amqp}, **listen)
        self.cut_off_in(deployment, True, "rollback", "--to", 1)
        serve = daemon.Daemon(self, deployment).start(wait=False)
        harness.wait_until(lambda: self.answers(serve) == [], "nothing is open any more")
        self.assertEqual(self.assert_one_generation(self.store), 1)

    def answers(self, serve):
        with contextlib.suppress(*daemon.DOWN):
            code, status = serve.call("GET", "/api/status")
            if code == 200 and status["role"] == "active":
                return [text for text in status["findings"] if "open outcome" in text]
        return None


class ElasticsearchOutcomes(Common, Outcomes):
    """Which has no must_exist: what is to be removed is looked at first."""

    SERVER = "elasticsearch-7.10"


if __name__ == "__main__":
    unittest.main()
