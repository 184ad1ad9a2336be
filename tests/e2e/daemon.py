"""Drives `syncd serve` from outside: starts it, asks it over HTTP, ends it in every way."""

import contextlib
import http.client
import json
import signal
import threading
import time
import urllib.parse

import harness
import sqs
from processes import Ports    # of tests/servers; harness knows where

READY_S = 60
TERM_S = 10        # in which SIGTERM ends it
CALL_S = 60
DOWN = (OSError, http.client.HTTPException)


def configuration(taken, **sections):
    """The sections of a configuration that the daemon needs beside those of a sync."""
    listen = {"listen": f"127.0.0.1:{taken.first}"}
    return sections | {"http": listen | sections.get("http", {})}


class Daemon:
    """One `syncd serve` at a time, on one configuration. Calls may come from several threads."""

    def __init__(self, test, deployment, *words):
        self._deployment = deployment
        self._words = words
        self._running = None
        self._lock = deployment.folder / "state" / "lock"
        test.addCleanup(self.kill)

    def start(self, wait=True, **env):
        """Starts it; returns when it is ready to serve, or at once."""
        self._running = self._deployment.start("serve", *self._words, **sqs.CREDENTIALS, **env)
        if wait:
            self.wait_ready()
        return self

    @property
    def pid(self):
        return self._running.pid

    def running(self):
        return self._running is not None and self._running.running()

    def wait_ready(self):
        def ready():
            if not self.running():
                raise AssertionError(f"serve has ended: {self._running.finish()}")
            with contextlib.suppress(*DOWN):
                return self.call("GET", "/readyz")[0] == 200
            return False
        harness.wait_until(ready, "the daemon is ready", READY_S)

    def address(self):
        """host:port, from the lock file of the process that runs now."""
        try:
            holder = json.loads(self._lock.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise OSError(f"no lock file: {error}") from error
        if holder.get("pid") != self.pid or not holder.get("address"):
            raise OSError(f"no address yet: {holder}")
        return holder["address"]

    def call(self, method, path, body=None, token=None, content_type="application/json",
             timeout_s=CALL_S):
        """(HTTP status, what the body says); OSError while nobody answers."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers["Content-Type"] = content_type
        address = urllib.parse.urlsplit(f"//{self.address()}")
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout_s)
        with contextlib.closing(connection):
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(text) if is_json else text

    def ask(self, method, path, body=None, expected=200):
        """The answer's body; a daemon that is being started again is waited for."""
        def answer():
            with contextlib.suppress(*DOWN):
                status, said = self.call(method, path, body)
                if status != 503:
                    return status, said
            return None
        status, said = harness.wait_until(answer, f"an answer to {method} {path}")
        if status != expected:
            raise AssertionError(f"{method} {path}: {status}, expected {expected}: {said}")
        return said

    def status(self):
        return self.ask("GET", "/api/status")

    def generation(self, number):
        """What the status says of one generation, or None."""
        return next((entry for entry in self.status()["generations"] if entry["n"] == number), None)

    def warm(self):
        """The numbers of the generations that get events."""
        return [entry["n"] for entry in self.status()["generations"] if is_warm(entry)]

    def start_sync(self):
        """The number of the run."""
        return self.ask("POST", "/api/sync", expected=202)["run"]

    def asked_again(self):
        """Asks for a sync once more, as an operator does; whether that started one."""
        with contextlib.suppress(*DOWN):
            status, said = self.call("POST", "/api/sync")
            return status == 202 and not said["already_running"]
        return False

    def sync(self, deadline_s=harness.DEADLINE_S):
        """A whole sync; returns the generation that is live then."""
        run = self.start_sync()
        self.wait_live(run, deadline_s)
        return run

    def wait_live(self, run, deadline_s=harness.DEADLINE_S):
        """Returns when the run's generation is live and the run has ended."""
        def done():
            status = self.status()
            last = status.get("last_run") or {}
            if status["run"] is None and last.get("run") == run and last["state"] != "promoted":
                raise AssertionError(f"run {run}: {json.dumps(last)}")
            return status["run"] is None and status["live"] == run
        harness.wait_until(done, f"run {run} is live", deadline_s)

    def rollback(self, **body):
        return self.ask("POST", "/api/rollback", body)

    def terminate(self):
        """SIGTERM; its Outcome. Fails if it takes longer than it may."""
        begin = time.monotonic()
        self._running.signal(signal.SIGTERM)
        outcome = self._running.finish(TERM_S + 20)
        took = time.monotonic() - begin
        if took > TERM_S:
            raise AssertionError(f"SIGTERM took {took:.1f} s")
        return outcome

    def kill(self):
        """SIGKILL, whatever it does."""
        if self._running is not None:
            self._running.end()

    def log(self):
        """The end of what it has logged so far."""
        return self._running.log()[-harness.LOG_SHOWN:]

    def finish(self, deadline_s=harness.DEADLINE_S):
        return self._running.finish(deadline_s)


def is_warm(entry):
    """Whether a generation of the status gets events."""
    complete = entry["state"] in ("live", "previous", "sealed")
    return complete and entry["cold"] is None and entry["lag_events"] is not None


class Supervisor:
    """Starts a daemon again whenever it is gone, with the next of some traps, for a `with` block.

    A trap is a step (`swap.before#2`) at which the daemon kills itself; one that isn't reached
    within `patience_s` is killed then. After the last trap it is left alone.
    """

    def __init__(self, daemon, traps, patience_s=4):
        self._daemon = daemon
        self._traps = list(traps)
        self._patience_s = patience_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sprung, self.timed_out, self.error = [], [], None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def wait(self, deadline_s=3600):
        """Returns when all traps are done with and the daemon is ready."""
        harness.wait_until(lambda: self.error or not self._thread.is_alive(), "all traps",
                           deadline_s)
        if self.error:
            raise AssertionError(self.error)

    def _run(self):
        try:
            for trap in self._traps:
                if self._stop.is_set():
                    return
                self._spring(trap)
            self._daemon.start()
        except Exception as error:    # pylint: disable=broad-except
            self.error = repr(error)

    def _spring(self, trap):
        self._daemon.start(wait=False, SYNCD_TEST_KILL_AT=trap)
        end = time.monotonic() + self._patience_s
        while self._daemon.running() and time.monotonic() < end and not self._stop.is_set():
            self._stop.wait(harness.POLL_S)
        (self.timed_out if self._daemon.running() else self.sprung).append(trap)
        self._daemon.kill()
        outcome = self._daemon.finish()
        if outcome.code != harness.KILLED:
            raise AssertionError(f"at {trap}: {outcome}")


def ports(test):
    """A loopback port that is the test's."""
    taken = Ports()
    test.addCleanup(taken.release)
    return taken
