"""Runs syncd against real stores and looks at the outcome from outside.

The environment variable SYNCD names the binary. A server is taken from its variable (see
tests/servers/servers.py) or started once for the whole process.
"""

import atexit
import dataclasses
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
for _folder in ("data", "model", "servers", "readers"):
    sys.path.append(str(HERE.parent / _folder))

import compare       # noqa: E402
import expected      # noqa: E402
import generate      # noqa: E402
import revalidation  # noqa: E402
import servers       # noqa: E402
from targets import Cluster, Embedded, generations, reading  # noqa: E402

SYNCD = os.environ["SYNCD"]
DEADLINE_S = 300
POLL_S = 0.02
LOG_SHOWN = 3000
KILLED = -signal.SIGKILL
_QUICK = {
    "sync": {"start_timeout": "30s", "stall_timeout": "60s", "quiet": "300ms",
             "owed_timeout": "3s"},
    "lease": {"beat": "200ms", "timeout": "1s"},
    "retention": {"generations": 2, "grace": "0s"},
}


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Polls until `condition()` is true and returns its value; fails, naming `what`."""
    end = time.monotonic() + deadline_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline_s} s in vain: {what}")
        time.sleep(POLL_S)
    return value


@functools.cache
def _scratch():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="syncd-e2e-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def temporary(test):
    """A folder that goes with the test."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=_scratch()))
    test.addCleanup(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _server(name):
    url = os.environ.get(servers.variable(name))
    if url:
        return url
    server = servers.SERVERS[name]()
    try:
        server.start()
    except servers.Unavailable as error:
        return error
    atexit.register(server.close)
    return server.url


def server(name):
    """The address of a real server. Where it can't be had the test is skipped; in CI it fails."""
    url = _server(name)
    if isinstance(url, str):
        return url
    if os.environ.get("CI") == "true":
        raise AssertionError(f"{name}: {url}")
    raise unittest.SkipTest(f"NOT TESTED: {name}: {url}")


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The data of all services at one moment, and what must come out of it."""

    doctors: int
    edition: int = 1
    drop: float = 0.0

    @functools.cached_property
    def folder(self):
        """Its four NDJSON files."""
        return _snapshot_folder(self)

    @property
    def name(self):
        return f"edition{self.edition}"

    @functools.cached_property
    def path(self):
        """The file of expected.py for it."""
        return expect(self.folder, self.name)

    @property
    def documents(self):
        """What the model expects; anew each time, since a connection belongs to one thread."""
        return compare.Expected(self.path)

    def size(self, kind, name):
        """How many documents a `family` or an `alias` has."""
        with reading(self.path) as db:
            return db.execute("SELECT count FROM counts WHERE kind = ? AND name = ?",
                              (kind, name)).fetchone()[0]

    def records(self, channel, **options):
        """The bodies that a channel's sender sends."""
        return generate.CHANNELS[channel](self.doctors, self.edition, drop=self.drop, **options)


@functools.cache
def _snapshot_folder(snapshot):
    folder = pathlib.Path(tempfile.mkdtemp(dir=_scratch()))
    generate.write(folder, snapshot.doctors, snapshot.edition, drop=snapshot.drop)
    return folder


def expect(folder, name="expected"):
    """Writes what the model makes of a folder of NDJSON files; returns the path."""
    path = pathlib.Path(folder) / f"{name}.db"
    expected.write(expected.read_model(folder), path, revalidation.london_today())
    return path


@dataclasses.dataclass
class Outcome:
    """How a command ended."""

    code: int
    report: dict | None    # the JSON object on the last line of stdout
    log: str               # stderr

    def __str__(self):
        report = json.dumps(self.report, ensure_ascii=False)
        return f"exit code {self.code}\n{report[:LOG_SHOWN]}\n{self.log[-LOG_SHOWN:]}"

    def gate(self, name):
        return next(gate for gate in self.report["gates"] if gate["gate"] == name)

    def failed_gates(self):
        return [gate["gate"] for gate in self.report["gates"] if not gate["passed"]]

    def message(self):
        """All that it says to people."""
        return f"{(self.report or {}).get('error', '')}\n{self.log}"


# Kills what it was told of when its input ends: when this process has, in whatever way.
_REAPER = """
import os, signal, sys
held = []
for line in sys.stdin:
    try:
        held.append(os.pidfd_open(int(line)))
    except ProcessLookupError:
        pass
for fd in held:
    try:
        signal.pidfd_send_signal(fd, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


@functools.cache
def _reaper():
    return subprocess.Popen([sys.executable, "-I", "-S", "-c", _REAPER], stdin=subprocess.PIPE,
                            text=True, bufsize=1, start_new_session=True)


class Running:
    """A command under way; its output goes to files, so that no pipe can fill up.

    It never outlives this process.
    """

    def __init__(self, command, env, folder):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=folder))
        with (open(self._folder / "out", "wb") as out, open(self._folder / "log", "wb") as log):
            self._process = subprocess.Popen(command, stdout=out, stderr=log, env=env)
        self.pid = self._process.pid
        _reaper().stdin.write(f"{self.pid}\n")

    def signal(self, number):
        self._process.send_signal(number)

    def stopped(self):
        """Whether it has stopped itself (SIGSTOP); fails if it has ended instead."""
        if not self.running():
            raise AssertionError(f"it ended rather than stopped: {self.finish()}")
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        return stat.rpartition(")")[2].split()[0] == "T"

    def running(self):
        return self._process.poll() is None

    def finish(self, deadline_s=DEADLINE_S):
        """Waits for its end."""
        try:
            code = self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError(f"not ended after {deadline_s} s: {self._read('log')}") from None
        lines = self._read("out").splitlines()
        report = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None
        return Outcome(code, report, self._read("log"))

    def log(self):
        """What it has written to stderr so far."""
        return self._read("log")

    def end(self):
        """Kills what still runs."""
        if self.running():
            self._process.kill()
            self._process.wait()

    def _read(self, name):
        return (self._folder / name).read_text(encoding="utf-8", errors="replace")


class Deployment:
    """One configuration with a state folder of its own, in `folder`."""

    def __init__(self, test, store_url, amqp_url=None, folder=None, **sections):
        self._test = test
        self.folder = folder or temporary(test)
        self.folder.mkdir(exist_ok=True)
        config = {"store": {"url": store_url}}
        if amqp_url:
            config["amqp"] = {"url": amqp_url}
        for extra in (_QUICK, sections):
            for name, keys in extra.items():
                config[name] = config.get(name, {}) | keys
        lines = ['plan = "tis"', 'state = "state"']
        for name, keys in config.items():
            lines += [f"[{name}]"] + [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        self.config = self.folder / "syncd.toml"
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def use_plan(self, folder):
        """From the next command on."""
        lines = self.config.read_text(encoding="utf-8").splitlines(keepends=True)
        lines[0] = f"plan = {json.dumps(str(folder))}\n"
        self.config.write_text("".join(lines), encoding="utf-8")

    def start(self, *words, **env):
        """Starts a command; it is killed with the test, if it still runs then."""
        command = [SYNCD, *words[:1], "--config", self.config, "--json", *words[1:]]
        if words[0] == "dead-letters":
            command = [SYNCD, *words, "--config", self.config, "--json"]
        running = Running([str(word) for word in command], os.environ | env, self.folder)
        self._test.addCleanup(running.end)
        return running

    def run(self, *words, code=0, **env):
        """Runs a command to its end, and fails if its exit code is not `code`."""
        outcome = self.start(*words, **env).finish()
        if outcome.code != code:
            told = " ".join(map(str, words))
            self._test.fail(f"syncd {told}: expected exit code {code}: {outcome}")
        return outcome

    def text(self, *words):
        """What a command that succeeds prints for people."""
        command = [SYNCD, *words[:1], "--config", self.config, *words[1:]]
        return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              timeout=DEADLINE_S, check=True).stdout

    def sync(self, folder, *words, code=0, **env):
        return self.run("sync", "--from", folder, *words, code=code, **env)

    def dead_letters(self):
        return self.run("dead-letters", "list").report["dead_letters"]


class EndToEnd(unittest.TestCase):
    """What all tests here check alike."""

    maxDiff = None

    def embedded(self):
        return Embedded(temporary(self) / "store.db")

    def cluster(self, name="opensearch-2.19"):
        cluster = Cluster(server(name))
        cluster.wipe()
        self.addCleanup(cluster.wipe)
        return cluster

    def assert_shows(self, store, snapshot, generation=None):
        """The whole store equals the model, every document of every alias."""
        self.assertEqual(store.differences(snapshot.documents, generation), [])

    def assert_one_generation(self, store):
        """The aliases agree, whatever happened; returns the generation, or None without any."""
        shown = generations(store)
        self.assertLessEqual(len(shown), 1, store.aliases())
        return next(iter(shown), None)

    def assert_only(self, store, *numbers):
        """No index is left but those of these generations."""
        wanted = sorted(f"{family}_v{n}" for family in revalidation.FAMILIES for n in numbers)
        self.assertEqual(store.indexes(), wanted)
