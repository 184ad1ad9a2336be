"""A proxy in front of a search server that records what each writer did, and under which epoch.

    book = Book()
    with Proxy(url, book, "host-a") as proxy:
        …                            # a daemon whose store is proxy.url
    book.violations()                # of: at any time exactly one writer had effect
"""

import collections
import contextlib
import dataclasses
import functools
import http.client
import http.server
import json
import re
import threading
import time
import urllib.parse

_FENCED = re.compile(r"_W(\d+)(?:[/?]|$)")
_LEASE = re.compile(r"_lease_(\d+)$")
_DROPPED = {"accept-encoding", "connection", "host", "transfer-encoding", "content-length"}
UPSTREAM_S = 120


@dataclasses.dataclass
class Write:
    """One request that carries an epoch."""

    host: str
    kind: str          # `aliases`, `bulk` or `other`
    epoch: int
    sent: float        # on the monotonic clock of the proxies
    answered: float
    effects: int       # of its items, or of itself
    refused: int


@dataclasses.dataclass
class Answer:
    """What goes back to the client."""

    status: int
    headers: list
    data: bytes
    said: int | None = None    # the Content-Length, where it is a lie


class Book:
    """What all proxies have seen. Thread-safe."""

    def __init__(self):
        self._lock = threading.Lock()
        self._writes = []
        self.unknown = []      # requests of which nobody can tell whose they are

    def add(self, *writes):
        with self._lock:
            self._writes += writes

    def writes(self):
        with self._lock:
            return list(self._writes)

    def counts(self):
        """{(kind, epoch): effects}, and how many were refused in all."""
        effects = collections.Counter()
        for write in self.writes():
            effects[write.kind, write.epoch] += write.effects
        return dict(effects), sum(write.refused for write in self.writes())

    def violations(self):
        """Writes that had effect although a later epoch had been in force before they were sent,
        and epochs of two hosts. A successful alias request puts its epoch in force: it removes the
        lower leases, or shows that its own is still there."""
        found = [f"nobody's: {line}" for line in self.unknown]
        writes = sorted(self.writes(), key=lambda write: write.sent)
        in_force = sorted((write.answered, write.epoch) for write in writes
                          if write.kind == "aliases" and write.effects)
        hosts, highest, position = collections.defaultdict(set), 0, 0
        for write in writes:
            while position < len(in_force) and in_force[position][0] < write.sent:
                highest = max(highest, in_force[position][1])
                position += 1
            if write.effects:
                hosts[write.epoch].add(write.host)
                if write.epoch < highest:
                    found.append(f"epoch {write.epoch} after {highest}: {write}")
        found += [f"epoch {epoch} of {names}" for epoch, names in hosts.items() if len(names) > 1]
        return found


class Proxy:
    """Listens on loopback for one host, for a `with` block or until close()."""

    def __init__(self, url, book, host, before=lambda command, path, body: None, faults=None):
        """`before` is called with each request that is about to be forwarded; `faults`, if given,
        is asked what is to go wrong with each (see faults.py)."""
        upstream = urllib.parse.urlsplit(url)

        class Forward(Handler):
            target, writer, records = (upstream.hostname, upstream.port), host, book
            about_to_forward, plan = staticmethod(before), faults

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forward)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Handler(http.server.BaseHTTPRequestHandler):
    """Forwards requests, and records those that write."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    target = writer = records = about_to_forward = plan = None

    def setup(self):
        super().setup()
        self._upstream = http.client.HTTPConnection(*self.target, timeout=UPSTREAM_S)

    def finish(self):
        self._upstream.close()
        with contextlib.suppress(OSError):    # the client is gone
            super().finish()

    def handle(self):
        with contextlib.suppress(OSError):
            super().handle()

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.plan.take(self.command, self.path, body) if self.plan else None
        answer = fault(functools.partial(self.forward, body)) if fault else self.forward(body)
        if answer is None:
            self.close_connection = True    # as if this were the server
        else:
            self.answer(answer)

    def forward(self, body, path=None):
        """The server's answer to the request, or to it at another path; None if there is none."""
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in _DROPPED}
        self.about_to_forward(self.command, self.path, body)
        sent = time.monotonic()
        try:
            self._upstream.request(self.command, path or self.path, body or None, headers)
            answer = self._upstream.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self._upstream.close()
            return None
        self.record(body, answer.status, data, sent)
        kept = [(name, value) for name, value in answer.getheaders()
                if name.lower() not in _DROPPED]
        return Answer(answer.status, kept, data)

    def answer(self, answer):
        """Sends it on."""
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.command != "HEAD":
            said = len(answer.data) if answer.said is None else answer.said
            self.send_header("Content-Length", str(said))
            self.close_connection |= said != len(answer.data)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve

    def record(self, body, status, data, sent):
        """One request and its answer."""
        if self.command in ("GET", "HEAD"):
            return
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        done = status < 300
        if path.endswith("/_bulk"):
            found = _bulk(path, body, json.loads(data) if done else None)
            kind = "bulk"
        elif path == "/_aliases":
            found, kind = {_leader(body): (int(done), int(not done))}, "aliases"
        elif fenced := _FENCED.search(path + "/"):
            found, kind = {int(fenced[1]): (int(done), int(not done))}, "other"
        else:
            return
        if None in found:
            self.records.unknown.append(f"{self.writer}: {self.command} {path} {body[:200]}")
            found.pop(None)
        self.records.add(*(
            Write(self.writer, kind, epoch, sent, time.monotonic(), effects, refused)
            for epoch, (effects, refused) in found.items()))

    def log_message(self, *_):    # pylint: disable=arguments-differ
        pass


def _leader(body):
    """The epoch of an alias request: of the lease that it makes the leader."""
    for action in json.loads(body)["actions"]:
        add = action.get("add", {})
        match = _LEASE.search(add.get("index", ""))
        if match and add.get("alias", "").endswith("_leader"):
            return int(match[1])
    return None


def _bulk(path, body, answer):
    """{epoch: (items that had effect, others)} of a bulk request."""
    lines, actions = body.splitlines(), []
    position = 0
    while position < len(lines):
        (kind, target), = json.loads(lines[position]).items()
        actions.append(target.get("_index") or path.split("/")[1])
        position += 1 if kind == "delete" else 2
    items = answer["items"] if answer else []
    found = {}
    for number, name in enumerate(actions):
        match = _FENCED.search(name)
        epoch = int(match[1]) if match else None
        effects, refused = found.get(epoch, (0, 0))
        result = next(iter(items[number].values())) if items else {"status": 599}
        done = result["status"] < 300
        found[epoch] = (effects + done, refused + (not done))
    return found
