"""Stand-ins for TCS, Recommendation and Connection on a real RabbitMQ.

They listen to their start queues and answer each start as the real services do: Spring AMQP's
message properties, a `__TypeId__` header, bodies compact or indented, nulls present or absent, an
end marker in one of its shapes. A start that comes while a sender runs is ignored. Faults come on
demand, by the fields of a Feed.
"""

import contextlib
import dataclasses
import itertools
import json
import random
import threading
import time
import typing

import pika

EXCHANGE = "reval.exchange"
GET_MASTER_KEY = "reval.indexrebuildgetmastercommand.requested"
GET_MASTER_QUEUES = tuple(f"reval.queue.indexrebuildgetmastercommand.requested.{service}"
                          for service in ("recommendation", "connection"))
POLL_S = 0.05
JOIN_S = 30
AWAY_S = 180
INDENT_EVERY = 4      # bodies: one of so many is indented
# A lost connection. Debian's pika trips over itself when that happens while it writes.
BROKEN = (pika.exceptions.AMQPError, OSError, AssertionError, IndexError)
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_escaped = json.JSONEncoder(separators=(",", ":")).encode
_indented = json.JSONEncoder(ensure_ascii=False, indent=2, separators=(",", " : ")).encode


class Route(typing.NamedTuple):
    """The queues of one phase. Data keys are the senders' own business: only the queues matter."""

    start_queue: str
    start_key: str
    start_body: bytes
    data_queue: str
    data_key: str
    type_id: str


ROUTES = {
    "tcs": Route(
        "reval.queue.connection.syncstart", "reval.connection.syncstart", b'"syncStart"',
        "reval.queue.connection.syncdata", "reval.connection.syncdata",
        "com.transformuk.hee.tis.tcs.api.dto.ConnectionInfoDto"),
    "gmc": Route(
        "reval.queue.recommendation.syncstart", "reval.recommendation.syncstart",
        b'"gmcSyncStart"', "reval.queue.revalidationsummary.essync.integration",
        "reval.routingkey.revalidationsummary.essyncdata",
        "uk.nhs.hee.tis.revalidation.messages.RevalidationSummaryMessage"),
    "connection-logs": Route(
        "reval.queue.connectionlog.essyncstart.connection",
        "reval.routingkey.connectionlog.essyncstart", b'"connectionLogSyncStart"',
        "reval.queue.connectionlog.essyncdata.integration",
        "reval.routingkey.connectionlog.essyncdata",
        "uk.nhs.hee.tis.revalidation.connection.message.payloads.IndexSyncMessage"),
    "hidden-discrepancies": Route(
        "reval.queue.hiddendiscrepancy.essyncstart.connection",
        "reval.routingkey.hiddendiscrepancy.essyncstart", b'"hiddenDiscrepancySyncStart"',
        "reval.queue.hiddendiscrepancy.essyncdata.integration",
        "reval.routingkey.hiddendiscrepancy.essyncdata",
        "uk.nhs.hee.tis.revalidation.connection.message.payloads.IndexSyncMessage"),
}
_TRAINEE_FIELDS = (
    "tcsPersonId", "gmcReferenceNumber", "doctorFirstName", "doctorLastName", "submissionDate",
    "programmeName", "programmeMembershipType", "designatedBody", "tcsDesignatedBody",
    "programmeOwner", "placementGrade", "programmeMembershipStartDate",
    "programmeMembershipEndDate", "curriculumEndDate", "dataSource")
# The shapes in which an end marker comes.
MARKERS = {
    "tcs": ({"syncEnd": True}, dict.fromkeys(_TRAINEE_FIELDS) | {"syncEnd": True}),
    None: ({"payload": [], "syncEnd": True}, {"payload": None, "syncEnd": True}, {"syncEnd": True}),
}


@dataclasses.dataclass
class Feed:
    """What one service sends in answer to a start, and what goes wrong with it."""

    bodies: typing.Callable[[], typing.Iterable]    # new at each start: dicts, or bytes as they are
    dies_after: int | None = None       # messages, of which the last is no end marker
    marker_after: int | None = None     # the end marker overtakes what comes after so many messages
    extra: tuple = ()                   # (position, body): put in before the body of this position
    ignores: int = 0                    # starts that are not answered
    answers_twice: bool = False         # all of it, the end marker included, a second time
    marker: int = 0                     # which of MARKERS
    sqs: tuple | None = None            # (sqs.Client, address of a queue): answers there instead
    rate: float | None = None           # messages a second, at most
    confirmed: bool = False             # each, and sent again after the broker was away


class Services:
    """All senders of one broker, while the `with` block lasts."""

    def __init__(self, amqp_url, feeds):
        """`feeds` is {channel: Feed}; a channel without one hears its start and stays silent."""
        self._parameters = pika.URLParameters(amqp_url)
        self._parameters.socket_timeout = 30
        self.feeds = dict(feeds)
        self.starts = {channel: [] for channel in ROUTES}    # "answered" or "ignored", as they came
        self.sent = dict.fromkeys(ROUTES, 0)
        self.get_master = []      # the bodies that came, of both queues
        self.problems = []        # what was wrong with messages that came, and what broke in here
        self._stop = threading.Event()
        self._threads = []
        self._sending = set()     # channels; one is in it before its start is told of
        self._ready = threading.Event()

    def __enter__(self):
        declare(self._parameters)
        self._threads = [threading.Thread(target=self._guarded, args=(self._listen,), daemon=True)]
        self._threads[0].start()
        if not self._ready.wait(JOIN_S):
            raise RuntimeError(f"services: no consumers: {self.problems}")
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(JOIN_S)

    def publish(self, name, *bodies):
        """Sends bodies out of turn, such as left-overs of an earlier sync."""
        with channel(self._parameters) as amqp:
            for body in bodies:
                _publish(amqp, ROUTES[name], _encode(body, 0))

    def waiting(self, name):
        """Messages ready in a channel's data queue."""
        with channel(self._parameters) as amqp:
            return amqp.queue_declare(ROUTES[name].data_queue, passive=True).method.message_count

    def busy(self):
        """Whether any sender still sends."""
        return bool(self._sending)

    def _guarded(self, work, *values):
        try:
            work(*values)
        except Exception as error:   # pylint: disable=broad-except
            if not self._stop.is_set():
                self.problems.append(f"{work.__name__}{values}: {error!r}")

    def _listen(self):
        while not self._stop.is_set():
            try:
                self._listen_once()
            except BROKEN:
                if not self._ready.is_set():
                    raise
                self._stop.wait(POLL_S)    # the broker is away

    def _listen_once(self):
        with channel(self._parameters) as amqp:
            for name, route in ROUTES.items():
                amqp.basic_consume(
                    route.start_queue, auto_ack=True, on_message_callback=(
                        lambda _, method, properties, body, name=name:
                        self._started(name, method, properties, body)))
            for queue in GET_MASTER_QUEUES:
                amqp.basic_consume(queue, auto_ack=True, on_message_callback=self._commanded)
            self._ready.set()
            while not self._stop.is_set():
                amqp.connection.process_data_events(POLL_S)

    def _commanded(self, _, method, properties, body):
        self._check(method, properties, body, GET_MASTER_KEY, b'"getMaster"')
        self.get_master.append(body)

    def _started(self, channel, method, properties, body):
        route = ROUTES[channel]
        self._check(method, properties, body, route.start_key, route.start_body)
        feed = self.feeds.get(channel)
        ignores = feed is None or len(self.starts[channel]) < feed.ignores
        if ignores or channel in self._sending:
            self.starts[channel].append("ignored")
            return
        self._sending.add(channel)
        self.starts[channel].append("answered")
        self._threads.append(
            threading.Thread(target=self._answer, args=(channel, feed), daemon=True))
        self._threads[-1].start()

    def _answer(self, channel, feed):
        self._guarded(self._send, channel, feed)
        self._sending.discard(channel)

    def _check(self, method, properties, body, key, expected):
        """What a Spring listener needs, no more."""
        type_id = (properties.headers or {}).get("__TypeId__")
        for what, is_right in (
                (f"body {body!r}, expected {expected!r}", body == expected),
                (f"exchange {method.exchange!r}", method.exchange == EXCHANGE),
                (f"routing key {method.routing_key!r}, expected {key!r}",
                 method.routing_key == key),
                (f"content type {properties.content_type!r}",
                 properties.content_type == "application/json"),
                (f"content encoding {properties.content_encoding!r}",
                 properties.content_encoding == "UTF-8"),
                (f"delivery mode {properties.delivery_mode!r}", properties.delivery_mode == 2),
                (f"__TypeId__ {type_id!r}", type_id in (None, "java.lang.String"))):
            if not is_right:
                self.problems.append(f"message to {method.routing_key}: {what}")

    def _send(self, name, feed):
        with (Publisher if feed.confirmed else channel)(self._parameters) as amqp:
            begin = time.monotonic()
            for number, body in enumerate(_script(name, feed)):
                if self._stop.is_set():
                    return
                body = _encode(body, number)
                if feed.sqs:
                    feed.sqs[0].send(feed.sqs[1], [(body, None, None)])
                else:
                    _publish(amqp, ROUTES[name], body)
                self.sent[name] += 1
                if feed.rate:
                    self._stop.wait(max(0, begin + number / feed.rate - time.monotonic()))


def _script(channel, feed):
    """The bodies of one answer, faults included. A generator's own end marker is replaced."""
    bodies = (body for body in feed.bodies() if not _is_marker(body))
    extra = sorted(feed.extra, key=lambda pair: pair[0])
    for position, body in extra:
        bodies = _put_in(bodies, position, body)
    if feed.dies_after is not None:
        return itertools.islice(bodies, feed.dies_after)
    shapes = MARKERS.get(channel, MARKERS[None])
    marker = shapes[feed.marker % len(shapes)]
    script = (_put_in(bodies, feed.marker_after, marker) if feed.marker_after is not None
              else itertools.chain(bodies, [marker]))
    if feed.answers_twice:
        again = dataclasses.replace(feed, answers_twice=False)
        return itertools.chain(script, _script(channel, again))
    return script


def _put_in(bodies, position, body):
    bodies = iter(bodies)
    return itertools.chain(itertools.islice(bodies, position), [body], bodies)


def _is_marker(body):
    return isinstance(body, dict) and body.get("syncEnd") is True


def _encode(body, number):
    """A body as one of the services' mappers writes it; which, its number decides."""
    if isinstance(body, bytes):
        return body
    draw = random.Random(number)
    if draw.random() < 0.5:
        body = _without_nulls(body)
    shape = draw.randrange(INDENT_EVERY)
    encode = _indented if shape == 0 else _escaped if shape == 1 else _compact
    return encode(body).encode()


def _without_nulls(value):
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def declare(parameters):
    """Makes exchange, queues and bindings as the infrastructure has them; empties the queues."""
    with channel(parameters) as amqp:
        amqp.exchange_declare(EXCHANGE, "direct", durable=True)
        queues = [(queue, key) for route in ROUTES.values()
                  for queue, key in ((route.start_queue, route.start_key),
                                     (route.data_queue, route.data_key))]
        for queue, key in queues + [(queue, GET_MASTER_KEY) for queue in GET_MASTER_QUEUES]:
            amqp.queue_declare(queue, durable=True)
            amqp.queue_bind(queue, EXCHANGE, key)
            amqp.queue_purge(queue)


class channel:
    """A connection with one channel, for a `with` block."""

    def __init__(self, parameters):
        self._connection = pika.BlockingConnection(parameters)

    def __enter__(self):
        return self._connection.channel()

    def __exit__(self, *_):
        with contextlib.suppress(*BROKEN):
            self._connection.close()


class Publisher:
    """Sends with the broker's confirmation, and waits for one that is away: so a message may come
    twice, but never after the one that follows it. Not thread-safe."""

    def __init__(self, parameters):
        self._parameters = parameters
        self._connection = self._amqp = None

    def basic_publish(self, exchange, key, body, properties):
        end = time.monotonic() + AWAY_S
        while True:
            try:
                if self._amqp is None:
                    self._connection = pika.BlockingConnection(self._parameters)
                    self._amqp = self._connection.channel()
                    self._amqp.confirm_delivery()
                self._amqp.basic_publish(exchange, key, body, properties, mandatory=True)
                return
            except BROKEN:
                self.close()
                if time.monotonic() > end:
                    raise
                time.sleep(POLL_S)

    def close(self):
        connection, self._connection, self._amqp = self._connection, None, None
        with contextlib.suppress(*BROKEN):
            if connection is not None and connection.is_open:
                connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _publish(amqp, route, body):
    amqp.basic_publish(EXCHANGE, route.data_key, body, pika.BasicProperties(
        content_type="application/json", content_encoding="UTF-8", delivery_mode=2, priority=0,
        headers={"__TypeId__": route.type_id}))


class consumer(channel):
    """Somebody else who reads a queue, for a `with` block."""

    def __init__(self, amqp_url, queue):
        super().__init__(pika.URLParameters(amqp_url))
        self._queue = queue

    def __enter__(self):
        amqp = super().__enter__()
        amqp.basic_consume(self._queue, lambda *_: None)
        return amqp
