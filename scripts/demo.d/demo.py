"""The demonstration behind scripts/demo: run that one, it builds syncd first.

Progress goes to stderr, the table and with --json the object to stdout.
"""

import argparse
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.extend(str(ROOT / "tests" / folder) for folder in ("model", "readers"))

from revalidation import ALIAS_FAMILY, london_today   # noqa: E402
from readers import Readers                           # noqa: E402
from store import alias_counts, expected_counts       # noqa: E402
from syncd import Syncd, SyncdFailed                  # noqa: E402
import report                                         # noqa: E402

READERS = 8
# The readers leave the rebuild at least half of a small machine, as readers elsewhere would.
READERS_NICE = 5
SEE_TIMEOUT_S = 120
# The same data in the shapes that the services send: single records, and batches.
SHAPES = {1: [], 2: ["--batch", "900"]}


def say(text):
    print(f"[{time.monotonic() - STARTED:5.1f} s] {text}", file=sys.stderr, flush=True)


STARTED = time.monotonic()


class Demo:
    """Runs the steps in one work folder; `problems` says what is not as it must be."""

    def __init__(self, options, folder):
        self._doctors = options.doctors
        self._folder = folder
        self._store = folder / "store.db"
        self._syncd = Syncd(options.syncd, folder)
        self._expected = {1: folder / "before.db", 2: folder / "after.db"}
        self.problems = []

    def run(self):
        self._make_data()
        counts = {edition: expected_counts(path) for edition, path in self._expected.items()}
        say("first sync")
        self._sync(1, counts[1])
        result = {"before": self._counts("after the first sync", counts[1])}
        with Readers(self._expected.values(), sqlite=self._store, processes=READERS,
                     nice=READERS_NICE) as readers:
            say(f"second sync, with changed data, while {READERS} processes read every alias")
            result["sync"] = self._sync(2, counts[2])
            readers.wait_until_all_see("after", SEE_TIMEOUT_S)
            result["after"] = self._counts("after the second sync", counts[2])
            say("rollback, under the same readers")
            result["rollback"] = self._syncd.call("rollback")
            readers.wait_until_all_see("before", SEE_TIMEOUT_S)
            result["rolled_back"] = self._counts("after the rollback", counts[1])
            result["readers"] = readers.stop()
        result["live"] = self._syncd.call("status")["live"]
        self._judge(result)
        return result

    def _make_data(self):
        say(f"making {self._doctors} doctors, twice, and what must come out of them")
        data, snapshot = ROOT / "tests" / "data", self._snapshot
        self._run_all(
            [data / "generate.py", "--doctors", self._doctors, "--edition", edition, "--out",
             snapshot(edition), "--shuffle", "--duplicates", "0.02", *SHAPES[edition]]
            for edition in self._expected)
        today = london_today()
        self._run_all([data / "expected.py", snapshot(edition), expected, "--today", today]
                      for edition, expected in self._expected.items())

    @staticmethod
    def _run_all(commands):
        """Runs Python programs side by side."""
        processes = [subprocess.Popen([sys.executable, *map(str, command)],
                                      stdout=subprocess.DEVNULL) for command in commands]
        try:
            if any([process.wait() for process in processes]):
                raise SyncdFailed("the data could not be made; see above")
        finally:
            for process in processes:
                process.kill()

    def _snapshot(self, edition):
        return self._folder / f"snapshot{edition}"

    def _sync(self, edition, counts):
        answer = self._syncd.call("sync", "--from", self._snapshot(edition))
        say(f"generation {answer['live']} is live: built in {answer['build_s']:.1f} s, swapped in "
            f"{answer['swap_ms']:.1f} ms")
        if answer["aliases"] != counts:
            self.problems.append(f"sync reports {answer['aliases']}, expected {counts}")
        return answer

    def _counts(self, when, expected):
        counts = alias_counts(self._store)
        if counts != expected:
            self.problems.append(f"{when} the aliases show {counts}, expected {expected}")
        return counts

    def _judge(self, result):
        readers, to = result["readers"], result["rollback"]["to"]
        for kind in ("failed", "empty", "mixed", "wrong"):
            if readers[kind]:
                self.problems.append(f"{readers[kind]} {kind} reads")
        self.problems += readers["first_problems"]
        # There and back, and never to and fro in between.
        if readers["switches_max"] != 2:
            self.problems.append(f"a reader saw the data change {readers['switches_max']} times")
        if result["live"] != to or to != result["sync"]["previous"]:
            self.problems.append(f"generation {result['live']} is live after a rollback to {to} "
                                 f"from {result['sync']['live']}")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="scripts/demo", description="See scripts/demo --help.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--doctors", type=int, default=60_000)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--syncd", help=argparse.SUPPRESS)
    parser.add_argument("--check-options", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.doctors < 1000:
        # With fewer, some aliases have so few documents that a gate would rightly stop the swap.
        parser.error("--doctors: 1000 or more")
    return options


def _end(signum, _):
    sys.exit(128 + signum)


def main():
    options = parse(sys.argv[1:])
    if options.check_options:
        return 0
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _end)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="syncd-demo-"))
    try:
        demo = Demo(options, folder)
        result = demo.run()
    except (SyncdFailed, TimeoutError) as error:
        print(f"scripts/demo: {error}", file=sys.stderr)
        return 1
    finally:
        if options.keep:
            say(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    say("done")
    print(report.table(result, ALIAS_FAMILY))
    for problem in demo.problems:
        print(f"scripts/demo: {problem}", file=sys.stderr)
    if options.json:
        print(json.dumps(report.machine(result, ALIAS_FAMILY)))
    return 1 if demo.problems else 0


if __name__ == "__main__":
    sys.exit(main())
