#!/usr/bin/python3
"""What readers notice of a build that is loaded, and what it costs to make way for them.

    SYNCD=build/release/app/syncd/syncd bench/readers.py [--doctors N] [--factor F] [--rounds N]

Starts an OpenSearch of its own, makes a first generation live, and searches through its aliases
from two threads: while nothing else happens, while a second generation is loaded as fast as it
goes, and while one is loaded with `[bulk] reader_latency_factor`. Prints the 99th percentile of the
searches that began while documents were loaded, against that of all idle times, and the rates of
loading. Only the ratios within one run mean anything, and those only on a machine that does nothing
else.
"""

import argparse
import http.client
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
for _folder in ("tests/data", "tests/model", "tests/servers"):
    sys.path.append(str(ROOT / _folder))

import generate       # noqa: E402
import revalidation   # noqa: E402
import servers        # noqa: E402

READERS = 2
PAUSE_S = 0.02
IDLE_S = 15
QUERY = json.dumps({"size": 20, "query": {"match_all": {}}})


class Readers:
    """Searches through all aliases, from threads; keeps (when it began, how long it took)."""

    def __init__(self, url):
        self._address = urllib.parse.urlsplit(url)
        self._stop = threading.Event()
        self._samples = []
        self._threads = [threading.Thread(target=self._read, args=(n,)) for n in range(READERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def took(self, begin, end):
        """In ms, the searches that began between two moments."""
        return [1000 * took for began, took in list(self._samples) if begin <= began < end]

    def _read(self, number):
        connection = http.client.HTTPConnection(self._address.hostname, self._address.port)
        aliases = sorted(revalidation.ALIAS_FAMILY)
        choose = random.Random(number)
        while not self._stop.wait(PAUSE_S):
            began = time.monotonic()
            connection.request("POST", f"/{choose.choice(aliases)}/_search?request_cache=false",
                               QUERY, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"a search was answered with {answer.status}")
            self._samples.append((began, time.monotonic() - began))


def sync(config, folder, work, factor):
    """Runs one sync; returns when documents were loaded, from and to, and how many, and its log."""
    steps = work / "steps"
    steps.write_text("")
    env = os.environ | {"SYNCD_TEST_STEPS": str(steps),
                        "SYNCD_BULK_READER_LATENCY_FACTOR": str(factor)}
    command = [os.environ["SYNCD"], "sync", "--config", str(config), "--json",
               "--from", str(folder)]
    seen = {}
    with open(work / "log", "w+b") as log, open(work / "out", "w+b") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=log)
        while process.poll() is None:
            told = steps.read_text()
            for step in ("load.begin", "bulk.before", "seal.before"):
                if step in told:
                    seen.setdefault(step, time.monotonic())
            time.sleep(0.02)
    text = (work / "log").read_text(errors="replace")
    if process.returncode != 0:
        raise RuntimeError(text)
    report = json.loads((work / "out").read_text().splitlines()[-1])
    return seen["bulk.before"], seen["seal.before"], sum(report["documents"].values()), text


def percentile(took, percent):
    return sorted(took)[int(len(took) * percent / 100)]


def measure(readers, config, folder, work, factor):
    """Searches of a quiet time, those of the load right after it, and the rate of the load."""
    now = time.monotonic()
    time.sleep(IDLE_S)
    idle = readers.took(now, now + IDLE_S)
    begin, end, documents, log = sync(config, folder, work, factor)
    loaded = readers.took(begin, end)
    rate = documents / (end - begin)
    print(f"  factor {factor}: p99 {percentile(idle, 99):.1f} ms idle, "
          f"{percentile(loaded, 99):.1f} ms loading ({len(loaded)} searches in "
          f"{end - begin:.0f} s); {rate:.0f} documents/s",
          flush=True)
    for line in re.findall(r"(?m)^.*searches took longer.*$", log):
        print("   ", line, flush=True)
    return idle, loaded, rate


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--doctors", type=int, default=60_000)
    parser.add_argument("--factor", type=float, default=1.5)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, servers.OpenSearch() as server:
        work = pathlib.Path(name)
        folder = work / "snapshot"
        folder.mkdir()
        generate.write(folder, options.doctors, 1)
        config = work / "syncd.toml"
        config.write_text(f'plan = "tis"\nstate = "state"\n[store]\nurl = "{server.url}"\n'
                          '[retention]\ngrace = "0s"\n')
        print("a first generation, so that there is something to read, and two more, so that the "
              "server is warm", flush=True)
        for _ in range(3):
            sync(config, folder, work, 0)
        with Readers(server.url) as readers:
            time.sleep(IDLE_S)
            seen = {0: [], options.factor: []}
            for number in range(options.rounds):
                print(f"round {number + 1}", flush=True)
                # Each goes first in every second round: a load leaves something to do behind.
                for factor in sorted(seen, reverse=number % 2 == 1):
                    seen[factor].append(measure(readers, config, folder, work, factor))
        # Of all rounds together: the 99th percentile of 15 s alone varies by two.
        idle = [took for figures in seen.values() for each in figures for took in each[0]]
        print(f"idle: p50 {percentile(idle, 50):.1f} ms, p99 {percentile(idle, 99):.1f} ms")
        rates = {}
        for factor, figures in seen.items():
            loaded = [took for each in figures for took in each[1]]
            rates[factor] = statistics.median(each[2] for each in figures)
            print(f"factor {factor}: p50 {percentile(loaded, 50) / percentile(idle, 50):.2f} x, "
                  f"p99 {percentile(loaded, 99) / percentile(idle, 99):.2f} x idle; "
                  f"{rates[factor]:.0f} documents/s, {rates[factor] / rates[0]:.2f} of the rate "
                  "without")


if __name__ == "__main__":
    main()
