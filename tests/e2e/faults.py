"""What can go wrong between syncd and a real server: a proxy in front of one, and faults by rule.

    with faults.Between(store.url) as between:
        between.fail(faults.SWAP, faults.answer_lost)       # the next alias request of a swap
        held = between.hold(faults.SWAP)                    # until held.release()
        …                                                   # a process whose store is between.url

A fault is a function: it gets `forward`, which hands the request to the server (at another `path`,
if asked to) and returns its answer (None: there was none), and returns what the client is to get
(None: the connection is closed without an answer).
"""

import dataclasses
import json
import re
import threading

import recorder

HTML = b"<html><body><h1>Bad Gateway</h1></body></html>"
JSON = [("Content-Type", "application/json")]


@dataclasses.dataclass(frozen=True)
class Which:
    """Requests: by method, path, and what the body has in it."""

    method: str
    path: str
    body: str = ""

    def fits(self, method, path, body):
        return (re.fullmatch(self.method, method) and re.search(self.path, path)
                and re.search(self.body.encode(), body) is not None)


ANY = Which(".*", "")
# Each alias request has the lease in it; these have what only they do.
SWAP = Which("POST", "^/_aliases$", '"alias":"current_connections"')
PRUNE = Which("POST", "^/_aliases$", r'"remove_index":\{"index":"masterdoctorindex')
TAKE_OVER = Which("POST", "^/_aliases$", r'"remove_index":\{"index":"tis_lease_')
PRIVATE_ALIAS = Which("POST", "^/_aliases$", r'"alias":"\w*masterdoctorindex_v\d+_W')
CREATE_LEASE = Which("PUT", r"/tis_lease_\d+$")
LEASE_RECORD = Which("PUT", r"tis_lease_\d+_W\d+/_doc/")
CREATE_INDEX = Which("PUT", r"/masterdoctorindex_v\d+$")
META = Which("PUT", r"masterdoctorindex_v\d+_W\d+/_mapping")
SETTINGS = Which("PUT", r"masterdoctorindex_v\d+_W\d+/_settings")
BULK = Which("POST", "^/_bulk")
# All that changes indexes or aliases, but for leases, documents and the `_meta` of what is there.
CHANGES = Which("PUT|POST|DELETE", r"^/(?!_bulk|_mget|_search|tis_lease_)"
                r"(?!.*/_(refresh|count|search|mapping|mget|pit)\b)")


def nothing(forward):
    """Only looked at."""
    return forward()


def request_lost(_forward):
    """Closed before the server has heard of it."""


def answer_lost(forward):
    """Carried out, and closed without an answer."""
    forward()


def gateway(status, carried_out):
    """A proxy's own answer."""
    def meet(forward):
        if carried_out:
            forward()
        return recorder.Answer(status, [("Content-Type", "text/html")], HTML)
    meet.__name__ = f"http_{status}_{'after' if carried_out else 'before'}_it_was_carried_out"
    return meet


def cut_off(forward):
    """Half of the answer, and a Content-Length of the whole."""
    answer = forward()
    return dataclasses.replace(answer, data=answer.data[:len(answer.data) // 2],
                               said=len(answer.data))


def truncated(forward):
    """Half of the answer, as if it were the whole."""
    answer = forward()
    return dataclasses.replace(answer, data=answer.data[:len(answer.data) // 2])


def not_acknowledged(forward):
    """What a server says of a change that not every node has confirmed in time."""
    return rewritten(forward, acknowledged=False)


def with_errors(forward):
    """What Elasticsearch 8 says of a request of which an action had nothing to do."""
    missing = {"type": "remove", "indices": ["gone"], "aliases": ["gone"]}
    return rewritten(forward, acknowledged=True, errors=True, action_results=[
        {"action": missing, "status": 404, "error": {"type": "aliases_not_found_exception"}}])


def rewritten(forward, **members):
    answer = forward()
    return dataclasses.replace(answer,
                               data=json.dumps(json.loads(answer.data) | members).encode())


def refused(status, type_="", reason=""):
    """An answer of the server's own kind, without effect. Without a type: no body."""
    def meet(_forward):
        error = {"error": {"type": type_, "reason": reason}, "status": status}
        return recorder.Answer(status, JSON, json.dumps(error).encode() if type_ else b"")
    meet.__name__ = f"http_{status}_{type_}"
    return meet


def items_say(status, type_, first_only=False, key=None):
    """The items of a bulk answer, or its first, or those of a document, say that they failed."""
    def meet(forward):
        answer = forward(path="/_bulk")    # which tells of every item
        body = json.loads(answer.data)
        for item in body["items"][:1 if first_only else None]:
            (kind, result), = item.items()
            if key not in (None, result["_id"]):
                continue
            item[kind] = {"_index": result["_index"], "_id": result["_id"], "status": status,
                          "error": {"type": type_, "reason": "said by the test"}}
        return dataclasses.replace(answer, data=json.dumps(body | {"errors": True}).encode())
    meet.__name__ = f"items_{status}_{type_}"
    return meet


class Held:
    """A request, or an answer, that is kept until release()."""

    def __init__(self, before):
        self._before = before
        self._arrived, self._released = threading.Event(), threading.Event()
        self._answered = threading.Event()
        self.answer = None    # the server's, once wait_for_answer() has returned

    def __call__(self, forward):
        if not self._before:
            self._answer(forward)
        self._arrived.set()
        self._released.wait()
        if self._before:
            self._answer(forward)
        return self.answer

    def _answer(self, forward):
        self.answer = forward()
        self._answered.set()

    def wait(self):
        """Until a client has sent it."""
        if not self._arrived.wait(60):
            raise AssertionError("the request that was to be held has not come")

    def release(self):
        self._released.set()

    def wait_for_answer(self):
        """Until the server has answered it; returns the status."""
        if not self._answered.wait(60):
            raise AssertionError("the server has not answered what was held")
        return self.answer and self.answer.status


@dataclasses.dataclass
class _Rule:
    which: Which
    fault: object
    skip: int
    times: int | None    # None: for ever
    met: int = 0
    seen: list = dataclasses.field(default_factory=list)    # (method, path, body) of what met it


class Plan:
    """The rules of one proxy. Thread-safe."""

    def __init__(self):
        self._lock = threading.Lock()
        self._rules = []

    def add(self, rule):
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self):
        with self._lock:
            self._rules.clear()

    def take(self, method, path, body):
        """What a request is to meet; None: nothing."""
        with self._lock:
            for rule in self._rules:
                if rule.times == 0 or not rule.which.fits(method, path, body):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                if rule.times is not None:
                    rule.times -= 1
                rule.met += 1
                rule.seen.append((method, path, body))
                return rule.fault
        return None


class Between:
    """A proxy in front of `url` until its `with` block ends."""

    def __init__(self, url):
        self._plan, self._held = Plan(), []
        self.book = recorder.Book()
        self._proxy = recorder.Proxy(url, self.book, "host", faults=self._plan)
        self.url = self._proxy.url

    def fail(self, which, fault, skip=0, times=1):
        """The requests of `which`, behind the first `skip`, meet `fault`; times=None: for ever."""
        return self._plan.add(_Rule(which, fault, skip, times))

    def hold(self, which, before=True):
        """Keeps the next such request, or (before=False) its answer, until it is released."""
        held = Held(before)
        self._held.append(held)
        self.fail(which, held)
        return held

    def vanish(self):
        """From now on nothing gets through."""
        self.fail(ANY, request_lost, times=None)

    def heal(self):
        """From now on everything does."""
        self._plan.clear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for held in self._held:
            held.release()
        self._proxy.close()
