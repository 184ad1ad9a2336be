"""What the tests of live events have in common: the bed, its scenario, and the comparison."""

import contextlib
import json
import os
import random

import harness    # first: it knows the folders of the others
import compare
import daemon
import events
import expected
import history
import revalidation
import senders
import services
import sqs

EVENTS = int(os.environ.get("INDEXSWAP_TEST_EVENTS", "3000"))
# Changes a second at most; 0: as fast as they can be sent. A large backlog slows ElasticMQ down.
RATE = float(os.environ.get("INDEXSWAP_TEST_RATE", "0")) or None
SEED = int(os.environ.get("INDEXSWAP_TEST_SEED", "1"))
VISIBILITY_S = 5        # of messages handed out: so long a killed daemon's are not seen
SNAPSHOTS = ("tcs", "gmc", "connection-logs", "hidden-discrepancies")
# Shares of history are no catastrophes: whether an alias shrinks is another test's business.
GATES = {"gates": {"max_shrink": 0.9}}


def model_of(world, messages):
    """The model of a snapshot and of (channel, body)."""
    model = events.LiveModel()
    for channel in SNAPSHOTS:
        for record in world.snapshot(channel):
            model.snapshot(channel, record if channel == "tcs" else {"payload": record})
    for channel, body in messages:
        model.event(channel, body)
    return model.model()


class Bed:
    """A history, its senders and services, and a daemon, for a `with` block."""

    def __init__(self, test, store, changes=EVENTS, doctors=None, amqp=None, sqs_url=None,
                 rate=RATE, words=(), in_order=False, **sections):
        """`in_order`: nothing comes again, or late, so that what is sent is a moment of history."""
        self.test = test
        self.store = store
        self.doctors = doctors or max(300, changes // 10)
        self.history = history.History(self.doctors, changes, seed=SEED)
        self.client = sqs.Client(sqs_url or harness.server("elasticmq"))
        test.addCleanup(self.client.close)
        self.amqp = amqp or harness.server("rabbitmq")
        options = {"repeats": 0, "late": 0} if in_order else {}
        self.sender = senders.Sender(self.amqp, self.client, self.history, rate=rate, seed=SEED,
                                     visibility_s=VISIBILITY_S, **options)
        sections = GATES | {"queues": self.sender.queues(),
                            "sqs": {"endpoint": self.client.url, "region": sqs.REGION,
                                    "visibility": f"{VISIBILITY_S}s"}} | sections
        self._sections = sections
        self.deployment = self.deploy(store.url)
        self.daemon = daemon.Daemon(test, self.deployment, *words)
        self.peers = None
        self._extra, self._stack = [], contextlib.ExitStack()

    def deploy(self, store_url):
        """A configuration with a state folder and a port of its own."""
        return harness.Deployment(
            self.test, store_url, self.amqp,
            **daemon.configuration(daemon.ports(self.test), **self._sections))

    def __enter__(self):
        self._stack.enter_context(self.sender)
        self.peers = self._stack.enter_context(services.Services(self.amqp, self.feeds()))
        return self

    def __exit__(self, *_):
        self.daemon.kill()
        self._stack.close()

    def feeds(self, lead=0, seconds=2, **faults):
        """The services' answers as of `lead` changes after the moment of the start, if negative
        before it; the trainees take about so many seconds."""
        feeds = self.sender.feeds(lead, **faults)
        feeds["tcs"].rate = self.doctors / seconds if seconds else None
        return feeds

    def sync(self, lead=0, **faults):
        self.peers.feeds = self.feeds(lead, **faults)
        live = self.daemon.sync()
        self.test.assertEqual(self.peers.problems, [])
        return live

    def sentinel(self):
        """Sends a trainee of its own after all others, and waits until live shows it."""
        number = len(self._extra)
        person, gmc = 97_000_000 + number, f"97{number:05}"
        body = json.dumps({"tcsPersonId": person, "gmcReferenceNumber": gmc}).encode()
        self._extra.append(("tcs-updates", body))
        self.sender.send_trainee(body)
        key = f"{gmc}:{person}"
        self.wait_until(lambda: self.shows("masterdoctorindex", key), "the sentinel is live")

    def shows(self, name, key):
        """A document, read through an alias or from an index; None if it isn't there."""
        with contextlib.suppress(OSError, KeyError):
            return self.store.document(name, key)
        return None

    def advance(self, share):
        """Sends events up to this share, and waits until live has them."""
        self.sender.advance_to(share)
        self.sender.wait()
        self.sentinel()
        self.wait_until(lambda: self.sender.held() == 0, "the queues are empty")

    def settle(self):
        """Sends the rest, and waits until each event is in every warm generation."""
        self.advance(1)
        self.wait_until(self.drained, "each warm generation has all events")

    def wait_until(self, condition, what, deadline_s=120):
        """As harness.wait_until; a failure tells what the daemon says."""
        try:
            return harness.wait_until(condition, what, deadline_s)
        except AssertionError as error:
            status = self.daemon.status()
            told = {name: status[name] for name in ("live", "run", "findings", "events")}
            raise AssertionError(f"{error}\n{json.dumps(told)}\n{self.daemon.log()}") from None

    def drained(self):
        warm = [entry for entry in self.daemon.status()["generations"] if daemon.is_warm(entry)]
        return warm and all(entry["lag_events"] == 0 for entry in warm)

    def check_live(self):
        """Every document that readers see is the model's; returns (what is expected, live)."""
        model = model_of(self.history.world(0), self._extra + [
            (message.channel, message.body) for message in self.sender.deliveries])
        path = harness.temporary(self.test) / "expected.db"
        expected.write(model, path, revalidation.london_today())
        documents = compare.Expected(path)
        live = self.test.assert_one_generation(self.store)
        self.store.refresh()
        self.test.assertEqual(self.store.differences(documents, live), [])
        return documents, live

    def check(self, at_least=()):
        """Every document of live and of each warm generation is the model's."""
        documents, live = self.check_live()
        warm = self.daemon.warm()
        self.test.assertGreaterEqual(set(warm), {live, *at_least}, self.daemon.status())
        for number in set(warm) - {live}:
            for family in revalidation.FAMILIES:
                found = compare.compare(documents.family(family),
                                        self.store.raw().documents(f"{family}_v{number}"))
                self.test.assertEqual(found, [], f"{family}_v{number}")
        self.test.assertEqual(self.daemon.status()["dead_letters"], 0)

    def scenario(self, actions, first=0.05, before=lambda: None):
        """Each action at a random moment of the events, which go on meanwhile; then the rest."""
        chance = random.Random(SEED)
        self.sender.advance_to(first)
        self.sender.wait()      # these come before anything is live, and before the daemon
        before()
        shares = [first + (0.95 - first) * n / len(actions) for n in range(len(actions) + 1)]
        for action, begin, end in zip(actions, shares, shares[1:]):
            self.sender.advance_to(end)
            self._wait_share(chance.uniform(begin, end))
            action()
            self.sender.wait()
        self.settle()

    def _wait_share(self, share):
        harness.wait_until(lambda: self.sender.share >= share - 0.001,
                           f"{share:.0%} of the events are sent", 3600)
