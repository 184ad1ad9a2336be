"""Each request that moves aliases or makes and removes indexes, and each way in which its outcome
can stay open: afterwards the aliases are all old or all new, and syncd says which.

The requests and the faults go through a proxy in front of a real server (faults.py).
"""

import contextlib
import itertools
import unittest

import daemon
import faults
import harness
import pika
import services
from proxied import Proxied

# What leaves the outcome open: the request may have been carried out, or not.
OPEN = (faults.request_lost, faults.answer_lost,
        faults.gateway(502, carried_out=False), faults.gateway(504, carried_out=True),
        faults.cut_off, faults.truncated, faults.not_acknowledged, faults.with_errors)
# A server that says of itself that nothing was done, or does not know.
SAID = (faults.refused(503, "cluster_manager_not_discovered_exception"),
        faults.refused(503, "process_cluster_event_timeout_exception"))
# So long a client waits for an answer that is held back; every other one comes long before.
PATIENCE = {"store": {"request_timeout": "3s"}}
# So long it tries to find out.
IMPATIENT = {"store": {"outcome_timeout": "1s"}}


class Common:
    """On each server."""

    def test_each_request_comes_through(self):
        """A rollback, a swap, and what comes before them, under every fault."""
        deployment, live = self.two_generations(), 2
        lost = (faults.request_lost, faults.answer_lost, faults.not_acknowledged)
        for name, which, found in (
                ("rollback", faults.SWAP, OPEN + SAID),
                ("sync", faults.SWAP, lost),
                ("rollback", faults.CREATE_LEASE, (*lost, faults.gateway(502, carried_out=True))),
                ("rollback", faults.TAKE_OVER, (*lost, faults.gateway(504, carried_out=False)))):
            for fault in found:
                with self.subTest(f"{name} {which} {fault.__name__}"):
                    option = "--promote" if name == "sync" else "--to"
                    self.meets(deployment, which, fault, name, option, 3 - live)
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

    def test_what_arrives_late_changes_nothing(self):
        deployment = self.two_generations(**PATIENCE)
        # The answer, behind what has been found out without it.
        held = self.between.hold(faults.SWAP, before=False)
        deployment.run("rollback")
        self.assertEqual(held.wait_for_answer(), 200)
        self.assert_live(deployment, 1)
        deployment.run("rollback", "--to", 2)
        # The request, behind another that did what it was to do, and one that undid it.
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


class OpenSearchOutcomes(Common, Proxied):
    SERVER = "opensearch-2.19"

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

    def test_rollback_that_is_repeated_goes_no_further_back(self):
        """Without a number it might, since it has been carried out."""
        deployment = self.two_generations(**IMPATIENT)
        deployment.sync(self.SECOND.folder)
        self.between.fail(faults.SWAP, self.last)
        outcome = deployment.run("rollback", code=4)
        self.assertIn("`rollback --to 2`", outcome.message())
        self.between.heal()
        self.assertIn("name the generation with --to",
                      deployment.run("rollback", code=3).message())
        self.assert_live(deployment, 2)

    def last(self, forward):
        """Carried out, and nothing gets through any more."""
        self.between.vanish()
        forward()

    def test_daemon_settles_its_own_rollback(self):
        """By itself, once the cluster is back; until then nobody knows what is live."""
        amqp = harness.server("rabbitmq")
        services.declare(pika.URLParameters(amqp))
        listen = daemon.configuration(daemon.ports(self), **IMPATIENT)
        deployment = self.two_generations(amqp={"url": amqp}, **listen)
        serve = daemon.Daemon(self, deployment).start()
        self.between.fail(faults.SWAP, self.last)
        code, said = serve.call("POST", "/api/rollback", {"accept_loss": True})
        self.assertEqual((code, said["error"]["code"]), (504, "unknown_outcome"))
        self.assertIn("`rollback --to 1`", said["error"]["message"])
        self.assertIn("which generation is live is not known",
                      str(serve.call("GET", "/readyz")[1]))
        code, said = serve.call("POST", "/api/rollback", {"accept_loss": True})
        self.assertEqual((code, said["error"]["code"]), (409, "refused"))
        self.between.heal()
        harness.wait_until(lambda: self.answers(serve) == [], "nothing is open any more")
        self.assertEqual(self.assert_one_generation(self.store), 1)
        harness.wait_until(lambda: serve.call("GET", "/readyz")[0] == 200, "it is ready")

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

    def test_daemon_settles_what_a_command_left_open(self):
        amqp = harness.server("rabbitmq")
        services.declare(pika.URLParameters(amqp))
        listen = daemon.configuration(daemon.ports(self), **IMPATIENT)
        deployment = self.two_generations(amqp={"url": amqp}, **listen)
        self.cut_off_in(deployment, True, "rollback", "--to", 1)
        serve = daemon.Daemon(self, deployment).start(wait=False)
        harness.wait_until(lambda: self.answers(serve) == [], "nothing is open any more")
        self.assertEqual(self.assert_one_generation(self.store), 1)
        # It begins nothing on another state either, whoever asks it.
        code, said = serve.call("POST", "/api/sync", {"if_state": "seen by nobody"})
        self.assertEqual((code, said["error"]["code"]), (409, "refused"))
        outcome = deployment.run("sync", "--if-state", "seen by nobody", code=3)
        self.assertIn("the state has moved", outcome.message())
        self.rolls_back_only_from_what_was_shown(deployment, serve)

    def rolls_back_only_from_what_was_shown(self, deployment, serve):
        code, shown = serve.call("POST", "/api/rollback", {"to": 2, "dry_run": True})
        self.assertEqual((code, shown["live"], shown["to"]), (200, 1, 2))
        self.assertEqual(deployment.run("rollback", "--to", 2, "--dry-run").report, shown)
        code, said = serve.call("POST", "/api/rollback", {"to": 2, "if_state": "seen by nobody"})
        self.assertEqual((code, said["error"]["code"]), (409, "refused"))
        deployment.run("rollback", "--to", 2, "--if-state", "seen by nobody", code=3)
        self.assertEqual(self.assert_one_generation(self.store), 1)
        deployment.run("rollback", "--to", 2, "--if-state", shown["state"])
        self.assertEqual(self.assert_one_generation(self.store), 2)

    def answers(self, serve):
        with contextlib.suppress(*daemon.DOWN):
            code, status = serve.call("GET", "/api/status")
            if code == 200 and status["role"] == "active":
                return [text for text in status["findings"] if "open outcome" in text]
        return None


class ElasticsearchOutcomes(Common, Proxied):
    """Which has no must_exist: what is to be removed is looked at first."""

    SERVER = "elasticsearch-7.10"


class BulkOutcomes(Proxied):
    """What can become of a request with documents."""

    SERVER = "opensearch-2.19"
    SMALL = {"bulk": {"documents": 50, "in_flight": 2}}

    def live(self):
        deployment = self.deployment(**self.SMALL)
        deployment.sync(self.FIRST.folder)
        return deployment

    def test_what_may_be_sent_again_is(self):
        """All of it in one sync, a request each; versions make it harmless."""
        deployment = self.live()
        rules = {fault.__name__: self.between.fail(faults.BULK, fault) for fault in (
            faults.request_lost, faults.answer_lost, faults.cut_off, faults.truncated,
            faults.gateway(502, carried_out=True), faults.gateway(503, carried_out=False),
            faults.gateway(504, carried_out=True), faults.refused(413),
            faults.refused(429, "es_rejected_execution_exception"),
            faults.items_say(429, "es_rejected_execution_exception"),
            faults.items_say(503, "unavailable_shards_exception"))}
        outcome = deployment.sync(self.SECOND.folder)
        self.assertEqual({name: rule.met for name, rule in rules.items()},
                         dict.fromkeys(rules, 1))
        self.assertEqual(outcome.report["dead_letters"], 0)
        self.assert_live(deployment, 2)
        self.assert_sound(2)

    def refused_by(self, which, fault, times):
        """A sync that a refused document stops; returns its dead letters."""
        deployment = self.live()
        self.between.fail(which, fault, times=times)
        outcome = deployment.sync(self.SECOND.folder, code=3)
        self.assertIn("refused", outcome.failed_gates())
        letters = [letter for letter in deployment.dead_letters() if letter["kind"] == "refused"]
        self.assertEqual(outcome.report["dead_letters"], len(letters))
        self.assert_live(deployment, 1)
        self.assert_sound(1)
        return [deployment.run("dead-letters", "show", letter["id"]).report for letter in letters]

    def test_document_that_is_too_large_alone_is_a_dead_letter(self):
        """Whatever request has it in it is refused, down to the one that has nothing else."""
        found = sorted(self.SECOND.documents.family("masterdoctorindex"))
        key = found[len(found) // 2]
        which = faults.Which("POST", "^/_bulk", rf'masterdoctorindex_v2_W[^\n]*"_id":"{key}"')
        letter, = self.refused_by(which, faults.refused(413), times=None)
        self.assertEqual((letter["family"], letter["document_id"]), ("masterdoctorindex", key))
        self.assertIn("too large for the store, even alone", letter["reason"])

    def test_item_that_is_refused_is_a_dead_letter_with_its_document(self):
        letter, = self.refused_by(faults.BULK, faults.items_say(
            400, "mapper_parsing_exception", first_only=True), times=1)
        self.assertIn("said by the test", letter["reason"])
        self.assertIn(letter["document_id"].split(":")[0], str(letter["body"]))

    def test_items_that_say_that_the_private_alias_is_gone_end_the_build(self):
        deployment = self.live()
        self.between.fail(faults.BULK, faults.items_say(404, "index_not_found_exception"))
        outcome = deployment.sync(self.SECOND.folder, code=1)
        self.assertIn("somebody has removed its private write alias", outcome.message())
        self.assert_live(deployment, 1)
        deployment.sync(self.SECOND.folder)
        self.assert_shows(self.store, self.SECOND, 3)


class LiveOutcomes(Proxied):
    """What can become of live events."""

    SERVER = "opensearch-2.19"
    KEY = "981:1"

    def test_document_that_the_server_fails_with_holds_up_no_live_event(self):
        amqp = harness.server("rabbitmq")
        services.declare(pika.URLParameters(amqp))
        listen = daemon.configuration(daemon.ports(self), bulk={"give_up": "500ms"})
        deployment = self.deployment(amqp={"url": amqp}, **listen)
        deployment.sync(self.FIRST.folder)
        serve = daemon.Daemon(self, deployment).start()
        self.between.fail(faults.Which("POST", "^/_bulk", f'"_id":"{self.KEY}"'),
                          faults.items_say(500, "null_pointer_exception", key=self.KEY), times=None)
        self.tell(serve, 1)
        others = itertools.count(2)

        def put_aside():
            self.tell(serve, next(others))
            return letters(serve) and self.trouble(serve) is None    # each family that has it

        def letters(asked):
            return asked.ask("GET", "/api/dead-letters")["dead_letters"]

        harness.wait_until(put_aside, "the document is a dead letter")
        for letter in letters(serve):
            self.assertEqual((letter["document_id"], letter["kind"]), (self.KEY, "refused"))
            self.assertIn("said by the test", letter["reason"])
        last = next(others)
        self.tell(serve, last)
        harness.wait_until(lambda: self.gets_on(serve), "live events go on")
        self.store.refresh()
        self.assertIsNotNone(self.store.document("masterdoctorindex_v1", f"98{last}:{last}"))
        self.between.heal()
        for letter in letters(serve):
            deployment.run("dead-letters", "retry", letter["id"])
        harness.wait_until(lambda: self.gets_on(serve) and letters(serve) == [], "nothing is left")

    def tell(self, serve, number):
        status, said = serve.call("POST", "/api/channels/tcs-updates/messages",
                                  {"tcsPersonId": number, "gmcReferenceNumber": f"98{number}"})
        self.assertEqual(status, 202, said)

    def trouble(self, serve):
        live, = serve.status()["generations"]
        return live["trouble"]

    def gets_on(self, serve):
        live, = serve.status()["generations"]
        return live["lag_events"] == 0 and live["trouble"] is None


if __name__ == "__main__":
    unittest.main()
