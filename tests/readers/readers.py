#!/usr/bin/env python3
"""Processes that query every alias without pause and check every document that they read.

    readers.py --expected A.db [--expected B.db …] (--sqlite STORE.db | --url http://127.0.0.1:9200)
               [--processes 8] [--ready FILE] [--report FILE] [--stop FILE] [--seconds N]

Run it beside a rebuild. Each read must be explained by exactly one of the expected data sets (files
of tests/data/expected.py). A read is

    failed   an error, or not all shards answered
    empty    nothing, where every data set has something
    wrong    with a document that no data set has
    mixed    explained by no single data set: of two builds, or not all of one

Writes --ready once every process has read every alias; the report is written anew each second and
at the end, which is SIGTERM, SIGINT, the file --stop, or --seconds. Exit code 1 if any read was not
good. As a module:

    with Readers([a, b], sqlite=path) as readers:   # returns when they are ready
        readers.wait_until_all_see("B", 60)
        report = readers.stop()
"""

import argparse
import ctypes
import json
import multiprocessing
import os
import pathlib
import random
import signal
import sys
import time

import reading
import stores

PROBLEMS_A_READER = 3
ALL_ALIASES_EVERY = 250     # reads; it counts all of every alias, which takes long
_FIELDS = ("ready", "current", "switches", "documents", "longest_us", "good", *reading.PROBLEMS)


class Readers:
    """Some reader processes over one store. Used by one thread; the processes end with this one."""

    def __init__(self, expected, sqlite=None, url=None, processes=8, nice=0):
        if (sqlite is None) == (url is None):
            raise ValueError("one of sqlite and url is needed")
        self._expected = [str(path) for path in expected]
        self._names = [pathlib.Path(path).stem for path in expected]
        if len(set(self._names)) != len(self._names):
            raise ValueError(f"the expected files need different names, not {self._names}")
        self._open_store = lambda: (stores.EmbeddedReader(sqlite) if sqlite
                                    else stores.ClusterReader(url))
        self._nice = nice
        self._context = multiprocessing.get_context("fork")
        self._stopping = self._context.RawValue("b", 0)
        self._figures = [self._context.RawArray("Q", len(_FIELDS) + len(self._names))
                         for _ in range(processes)]
        self._processes, self._pipes, self._problems = [], [], []

    def start(self, timeout_s=120):
        """Starts the processes; returns when each has read every alias once."""
        for number, figures in enumerate(self._figures):
            ours, theirs = self._context.Pipe(duplex=False)
            process = self._context.Process(
                target=self._run, args=(number, figures, theirs, os.getpid()), daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._pipes.append(ours)
        self._wait(lambda: all(self._field("ready")), timeout_s, "the readers are not ready")
        return self

    def wait_until_all_see(self, name, timeout_s=60):
        """Returns when the last read of every reader was of that data set."""
        wanted = self._names.index(name) + 1
        self._wait(lambda: all(current == wanted for current in self._field("current")),
                   timeout_s, f"not every reader sees {name}")

    def progress(self):
        """The report so far; see stop()."""
        self._collect_problems()
        totals = {name: sum(self._field(name)) for name in ("good", *reading.PROBLEMS)}
        # A process that died has read nothing that counts, and must not pass for silence.
        dead = [process.exitcode for process in self._processes if process.exitcode]
        problems = [f"a reader ended with code {code}" for code in dead] + self._problems
        totals["failed"] += len(dead)
        seen = {name: sum(figures[len(_FIELDS) + i] for figures in self._figures)
                for i, name in enumerate(self._names)}
        return {
            "processes": len(self._figures),
            "reads": sum(totals.values()),
            **{name: totals[name] for name in reading.PROBLEMS},
            "documents_checked": sum(self._field("documents")),
            "seen": seen,
            "switches_max": max(self._field("switches")),
            "longest_read_ms": round(max(self._field("longest_us")) / 1000, 1),
            "first_problems": problems,
        }

    def stop(self, timeout_s=60):
        """Ends the processes and returns the report.

        `seen` counts good reads by data set; `switches_max` is how often one reader at most saw the
        data set change.
        """
        self._stopping.value = 1
        for process in self._processes:
            process.join(timeout_s)
            if process.is_alive():
                process.kill()
                process.join()
        return self.progress()

    def alive(self):
        return all(process.is_alive() for process in self._processes)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for process in self._processes:
            process.kill()
            process.join()

    def _wait(self, condition, timeout_s, complaint):
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end or not self.alive():
                raise TimeoutError(f"{complaint}: {json.dumps(self.progress())}")
            time.sleep(0.01)

    def _field(self, name):
        return [figures[_FIELDS.index(name)] for figures in self._figures]

    def _collect_problems(self):
        for pipe in self._pipes:
            try:
                while pipe.poll():
                    self._problems.append(pipe.recv())
            except (EOFError, OSError):
                continue

    def _run(self, number, figures, pipe, parent):
        """A reader's process."""
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, signal.SIG_IGN)   # the parent says when to end
        _end_with_parent(parent)
        os.nice(self._nice)
        data_sets = [reading.DataSet(path) for path in self._expected]
        reader = Reader(self._open_store(), data_sets, random.Random(number), figures, pipe.send)
        reader.run(lambda: self._stopping.value)


class Reader:
    """One reader's loop; its figures are shared with the parent."""

    def __init__(self, store, data_sets, chance, figures, report):
        self._store = store
        self._data_sets = data_sets
        self._chance = chance
        self._figures = figures
        self._report = report
        self._current = None
        self._problems = 0

    def run(self, stopping):
        reads = 0
        while not stopping():
            alias = reading.ALIASES[reads % len(reading.ALIASES)]
            source = self._chance.choice(self._data_sets)
            if reads % ALL_ALIASES_EVERY == ALL_ALIASES_EVERY - 1:
                self._request([self._store.all_aliases(source, self._chance)])
            else:
                self._request(self._store.reads(alias, source, self._chance))
            reads += 1
            if reads == len(reading.ALIASES):
                self._add("ready")
        self._store.close()

    def _request(self, together):
        """One request, of one read or several; each counts alone."""
        begin = time.monotonic_ns()
        answers_of_each = self._store.read_each(together)
        longest = _FIELDS.index("longest_us")
        self._figures[longest] = max(self._figures[longest], (time.monotonic_ns() - begin) // 1000)
        for questions, answers in zip(together, answers_of_each):
            verdict = self._judge(questions, answers)
            self._count(verdict)
            # Those of one request come in any order, so that they tell of no change.
            if len(together) == 1 and verdict.data_set is not None:
                self._follow(verdict.data_set)

    def _judge(self, questions, answers):
        if isinstance(answers, stores.ReadFailed):
            return reading.Verdict(reading.FAILED, None, str(answers))
        self._add("documents", reading.documents(answers))
        return reading.judge(questions, answers, self._data_sets, self._current)

    def _count(self, verdict):
        self._add(verdict.kind)
        if verdict.problem and self._problems < PROBLEMS_A_READER:
            self._problems += 1
            self._report(f"{verdict.kind}: {verdict.problem[:2000]}")
        if verdict.data_set is not None:
            index = self._data_sets.index(verdict.data_set)
            self._figures[len(_FIELDS) + index] += 1

    def _follow(self, data_set):
        if self._current not in (None, data_set):
            self._add("switches")
        self._current = data_set
        self._figures[_FIELDS.index("current")] = self._data_sets.index(data_set) + 1

    def _add(self, name, n=1):
        self._figures[_FIELDS.index(name)] += n


def _end_with_parent(parent):
    """Linux kills this process when its parent ends, however it ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)   # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


def clean(report):
    """Whether every read was good."""
    return report["reads"] > 0 and not any(report[name] for name in reading.PROBLEMS)


def _write(path, text):
    """A reader of the file meets either the one before or the whole of this one."""
    if path:
        unfinished = pathlib.Path(f"{path}.tmp")
        unfinished.write_text(text + "\n", encoding="utf-8")
        unfinished.replace(path)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--expected", action="append", required=True)
    store = parser.add_mutually_exclusive_group(required=True)
    store.add_argument("--sqlite", help="file of an embedded store")
    store.add_argument("--url", help="address of an OpenSearch or Elasticsearch")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--nice", type=int, default=0, help="how much to yield to others")
    parser.add_argument("--ready")
    parser.add_argument("--report")
    parser.add_argument("--stop")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    options = parser.parse_args()
    ended = []
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: ended.append(True))
    readers = Readers(options.expected, options.sqlite, options.url, options.processes,
                      options.nice)
    with readers:
        _write(options.ready, "ready")
        end = time.monotonic() + options.seconds
        while not ended and time.monotonic() < end and readers.alive():
            if options.stop and os.path.exists(options.stop):
                break
            _write(options.report, json.dumps(readers.progress()))
            time.sleep(min(1, max(0, end - time.monotonic())))
        report = readers.stop()
    _write(options.report, json.dumps(report))
    print(json.dumps(report))
    return 0 if clean(report) else 1


if __name__ == "__main__":
    sys.exit(main())
