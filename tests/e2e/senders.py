"""Sends the live events of a history to their queues, and tells how far it has come.

    with Sender(amqp_url, sqs_client, history) as sender:
        sender.advance_to(0.3)              # the first 30 % are on their way, in the background
        sender.wait()                       # … and now in their queues
        feeds = sender.feeds()              # the services' snapshots, as of the moment of the start
"""

import concurrent.futures
import contextlib
import random
import threading
import time

import pika

import harness    # noqa: F401  first: it knows the folders of the others
import delivery
import services

QUEUES = {"doctor-changes": "tis-revalidation-doctor-changes",
          "recommendation-changes": "tis-revalidation-recommendation-changes",
          "connection-changes": "tis-revalidation-connection-changes",
          "hidden-discrepancy-changes": "tis-revalidation-hidden-discrepancy-changes.fifo"}
GMC_QUEUE = "tis-revalidation-sync-gmc-queue"
TRAINEE_QUEUE = "reval.queue.tcsdoctorinfo.updated.integration"
TRAINEE_KEY = "reval.tcsdoctorinfo.updated"
CHUNK = 100
GROUP = "changes"


class Sender:
    """One thread that sends, in chunks, up to where it may; each queue gets its own in order."""

    def __init__(self, amqp_url, client, history, rate=None, visibility_s=30, **options):
        """`rate` is changes a second, at most; `options` go to delivery.deliveries()."""
        self.history = history
        self.deliveries = delivery.deliveries(history, **options)
        self.client = client
        self.urls = {channel: client.create(name, visibility_s) for channel, name in QUEUES.items()}
        self._amqp = TraineeQueue(amqp_url)
        self._rate = rate
        self._limit = self._sent = self._position = 0
        self._sending = False
        self._error = None
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def queues(self):
        """The configuration's section of that name."""
        return {channel: f"sqs:{url}" for channel, url in self.urls.items()}

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._amqp.close()

    def advance_to(self, share):
        """Lets it send up to this share of all deliveries, and returns at once."""
        with self._changed:
            self._limit = max(self._limit, int(len(self.deliveries) * share))
            self._changed.notify_all()

    def wait(self, timeout_s=3600):
        """Returns when all that it may send is in the queues."""
        with self._changed:
            done = self._changed.wait_for(
                lambda: self._error or self._sent >= self._limit, timeout_s)
        if self._error or not done:
            raise AssertionError(f"sender: {self._error or 'not done'}")

    @property
    def sent(self):
        return self._sent

    @property
    def share(self):
        return self._sent / len(self.deliveries)

    @property
    def position(self):
        """How many changes of the history have been sent; a few of them only later."""
        return self._position

    def world(self, lead=0):
        """What the services hold now, or so many changes later; before, if it is negative."""
        return self.history.world(
            max(0, min(self._position + lead, len(self.history.changes))))

    def feeds(self, lead=0, batch=500, **faults):
        """{channel: services.Feed} of the services, each as of the moment at which it is asked."""
        return {channel: services.Feed(
            lambda channel=channel: _bodies(channel, self.world(lead), batch), **faults)
            for channel in services.ROUTES}

    def held(self):
        """Messages of events that are still in a queue, those handed out included."""
        return (sum(self.client.held(url) for url in self.urls.values())
                + self._amqp.waiting())

    def send_trainee(self, body):
        """One trainee out of turn, when all that it may send is sent."""
        self.wait()
        self._amqp.send(body)

    def redeclare(self):
        """Deletes the queue of trainees and makes it anew; what it held is lost."""
        self._amqp.declare(delete=True)

    @contextlib.contextmanager
    def paused(self):
        """Nothing is sent within the block, and what was on its way has been confirmed."""
        with self._changed:
            limit, self._limit = self._limit, self._sent
            self._changed.wait_for(lambda: self._error or not self._sending)
        self.wait()
        yield
        self.advance_to(limit / len(self.deliveries) + 1e-9)

    def _run(self):
        try:
            with concurrent.futures.ThreadPoolExecutor(len(QUEUES) + 1) as pool:
                while chunk := self._next_chunk():
                    self._send(pool, chunk)
                    with self._changed:
                        self._sending = False
                        self._sent += len(chunk)
                        self._position = max(self._position,
                                             max(message.position for message in chunk) + 1)
                        self._changed.notify_all()
        except Exception as error:    # pylint: disable=broad-except
            with self._changed:
                self._error = repr(error)
                self._changed.notify_all()

    def _next_chunk(self):
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._sent < self._limit)
            if self._closing:
                return None
            self._sending = True
            end = min(self._limit, self._sent + CHUNK)
            return self.deliveries[self._sent:end]

    def _send(self, pool, chunk):
        begin, by_channel = time.monotonic(), {}
        for number, message in enumerate(chunk, self._sent):
            by_channel.setdefault(message.channel, []).append((number, message))
        jobs = [pool.submit(self._send_to, channel, messages)
                for channel, messages in by_channel.items()]
        for job in jobs:
            job.result()
        if self._rate:
            time.sleep(max(0, begin + len(chunk) / self._rate - time.monotonic()))

    def _send_to(self, channel, messages):
        if channel == "tcs-updates":
            for _, message in messages:
                self._amqp.send(message.body)
            return
        fifo = self.urls[channel].endswith(".fifo")
        self.client.send(self.urls[channel], [
            (message.body, GROUP if fifo else None, str(number)) for number, message in messages])


class TraineeQueue:
    """The queue of TCS's live updates, and a publisher that waits for a broker that is away."""

    def __init__(self, amqp_url):
        self._parameters = pika.URLParameters(amqp_url)
        self._parameters.socket_timeout = 30
        self._publisher = services.Publisher(self._parameters)
        self._properties = pika.BasicProperties(
            content_type="application/json", content_encoding="UTF-8", delivery_mode=2, priority=0,
            headers={"__TypeId__": services.ROUTES["tcs"].type_id})
        self.declare()

    def declare(self, delete=False):
        """Makes the queue and its binding, anew and empty."""
        with services.channel(self._parameters) as amqp:
            amqp.exchange_declare(services.EXCHANGE, "direct", durable=True)
            if delete:
                amqp.queue_delete(TRAINEE_QUEUE)
            amqp.queue_declare(TRAINEE_QUEUE, durable=True)
            amqp.queue_bind(TRAINEE_QUEUE, services.EXCHANGE, TRAINEE_KEY)
            amqp.queue_purge(TRAINEE_QUEUE)

    def send(self, body):
        """Returns when the broker has confirmed it: so it may come twice, but before the next."""
        self._publisher.basic_publish(services.EXCHANGE, TRAINEE_KEY, body, self._properties)

    def waiting(self):
        with services.channel(self._parameters) as amqp:
            return amqp.queue_declare(TRAINEE_QUEUE, passive=True).method.message_count

    def close(self):
        self._publisher.close()


def _bodies(channel, world, batch, seed=1):
    """A snapshot's bodies in shuffled order, some records twice."""
    chance, records = random.Random(seed), world.snapshot(channel)
    records += [record for record in records if chance.random() < 0.02]
    chance.shuffle(records)
    if channel == "tcs":
        return records
    if not batch:
        return [{"payload": record, "syncEnd": False} for record in records]
    return [{"payload": records[start:start + batch], "syncEnd": False}
            for start in range(0, len(records), batch)]
