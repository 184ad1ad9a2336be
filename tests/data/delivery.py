"""How changes reach their queues: late where the queue may reorder, and some of them again."""

import random
import typing

ORDERED = ("tcs-updates", "hidden-discrepancy-changes")    # RabbitMQ and SQS FIFO
ARRIVAL_COUNTS = ("tcs-updates",)                          # nothing in the body says what is newer


class Delivery(typing.NamedTuple):
    position: int        # in the history
    channel: str
    record: object
    body: bytes
    again: bool          # it was delivered before


def deliveries(history, seed=1, repeats=0.05, late=0.2, window=60):
    """All changes of a history in the order in which they are sent.

    A share of those whose queue may reorder comes up to `window` changes late. A share of all comes
    again: at any time if the body has an order, else before its record's next change.
    """
    chance = random.Random(seed)
    following = _next_changes(history.changes)
    sent = []
    for position, change in enumerate(history.changes):
        delivery = Delivery(position, change.channel, change.record, change.body, False)
        delay = 0
        if change.channel not in ORDERED and chance.random() < late:
            delay = chance.uniform(1, window)
        sent.append((position + delay, delivery))
        if chance.random() < repeats:
            end = len(history.changes)
            if change.channel in ARRIVAL_COUNTS:
                end = min(following[position], position + window)
            if end - position > 1:
                sent.append((chance.uniform(position + delay, max(position + delay, end - 0.5)),
                             delivery._replace(again=True)))
    sent.sort(key=lambda pair: pair[0])
    return [delivery for _, delivery in sent]


def _next_changes(changes):
    """Position → that of the next change of its record."""
    following, seen = [0] * len(changes), {}
    for position in range(len(changes) - 1, -1, -1):
        record = changes[position].channel, changes[position].record
        following[position] = seen.get(record, len(changes))
        seen[record] = position
    return following
