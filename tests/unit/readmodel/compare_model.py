#!/usr/bin/env python3
"""Compares what a plan's views make of a snapshot with what the independent model makes of it.

    compare_model.py --tool build/…/readmodel_project [--plan tis] [--doctors 20000] [--data DIR]

Without --data the messages are generated into a temporary folder: a snapshot such as the services
send, and then, in a folder each, messages that are odd in every way. Prints the differences and
ends with 1 if there are any.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(TESTS / "model"), str(TESTS / "data")]

from compare import compare   # noqa: E402
from expected import CHANNELS, read_model   # noqa: E402
from odd_messages import bodies   # noqa: E402


def generate(directory, doctors):
    """A snapshot with everything that makes trouble: duplicates, batches, no order."""
    subprocess.run([sys.executable, TESTS / "data" / "generate.py", "--doctors", str(doctors),
                    "--out", directory, "--batch", "900", "--duplicates", "0.02", "--shuffle"],
                   check=True)


def generate_odd(directory, seed):
    """Messages that are odd in every way."""
    directory.mkdir(parents=True)
    for channel in CHANNELS:
        lines = "\n".join(bodies(channel, seed))
        (directory / f"{channel}.ndjson").write_text(lines + "\n", encoding="utf-8")


def prepare(directory, doctors, odd=5):
    """Folders of messages below `directory`, each with the documents that the model expects."""
    folders = [directory / f"odd{seed}" for seed in range(odd)]
    for seed, folder in enumerate(folders):
        generate_odd(folder, seed)
    if doctors:
        folders.append(directory / "snapshot")
        generate(folders[-1], doctors)
    return [(folder, read_model(folder).documents()) for folder in folders]


def differences(tool, plan, directory, expected, *words):
    """Readable differences, family by family; raises CalledProcessError if the tool fails.

    `words` go to the tool: with "--hydrate" the documents have been turned back into entities.
    """
    done = subprocess.run([tool, *words, plan, directory], check=True, capture_output=True,
                          text=True)
    actual = {}
    for line in done.stdout.rstrip("\n").split("\n"):
        family, key, document = line.split("\t", 2)
        actual.setdefault(family, []).append((key, json.loads(document)))
    found = []
    for family in sorted(expected.keys() | actual.keys()):
        found += [f"{family}: {difference}" for difference in
                  compare(expected.get(family, {}), actual.get(family, []))]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True, help="the executable readmodel_project")
    parser.add_argument("--plan", default="tis", help="a plan's folder or shipped name")
    parser.add_argument("--doctors", type=int, default=20000)
    parser.add_argument("--data", help="a folder with the channels' NDJSON files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if options.data:
            cases = [(options.data, read_model(options.data).documents())]
        else:
            cases = prepare(pathlib.Path(temporary), options.doctors)
        found = [difference for case in cases for words in ((), ("--hydrate",))
                 for difference in differences(options.tool, options.plan, *case, *words)]
        documents = sum(len(family) for _, expected in cases for family in expected.values())
    print("\n".join(found) or f"no difference in {documents} documents")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
