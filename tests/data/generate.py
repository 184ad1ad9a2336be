#!/usr/bin/env python3
"""Writes the messages of a whole snapshot as NDJSON, one message body a line.

    generate.py --doctors 60000 --edition 1 --out DIR [--batch 9000] [--duplicates 0.02]
                [--shuffle] [--drop 0.3] [--seed 1]

The same options always write the same bytes. As a module it yields the bodies as dictionaries, for
senders: `trainees`, `summaries`, `connection_logs`, `hidden_discrepancies`. The end marker is the
last body of each channel, whatever is shuffled. Memory doesn't grow with the number of doctors.
"""

import argparse
import json
import pathlib
import random

from population import doctors

WINDOW = 20_000
UNKNOWN_EVERY = 4001    # seldom, a record that belongs to no doctor and shows up nowhere

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def trainees(count, edition=1, seed=1, drop=0.0, duplicates=0.0, shuffle=False):
    """Bodies of the channel `tcs`."""
    records = _trainee_records(doctors(count, edition, seed, drop))
    yield from _disturb(records, duplicates, shuffle, seed)
    yield {"syncEnd": True}


def summaries(count, edition=1, seed=1, drop=0.0, duplicates=0.0, shuffle=False, batch=0):
    """Bodies of the channel `gmc`: one summary each, or `batch` of them."""
    records = _summary_records(doctors(count, edition, seed, drop))
    yield from _bodies(_disturb(records, duplicates, shuffle, seed), batch)


def connection_logs(count, edition=1, seed=1, drop=0.0, duplicates=0.0, shuffle=False, batch=0):
    """Bodies of the channel `connection-logs`."""
    records = _log_records(doctors(count, edition, seed, drop))
    yield from _bodies(_disturb(records, duplicates, shuffle, seed), batch)


def hidden_discrepancies(count, edition=1, seed=1, drop=0.0, duplicates=0.0, shuffle=False,
                         batch=0):
    """Bodies of the channel `hidden-discrepancies`."""
    records = _hidden_records(doctors(count, edition, seed, drop))
    yield from _bodies(_disturb(records, duplicates, shuffle, seed), batch)


CHANNELS = {"tcs": trainees, "gmc": summaries, "connection-logs": connection_logs,
            "hidden-discrepancies": hidden_discrepancies}


def _trainee_records(population):
    for doctor in population:
        for person in doctor.persons():
            yield doctor.trainee(person)
        if doctor.index % UNKNOWN_EVERY == 17:
            yield {"tcsPersonId": 90_000_000 + doctor.index, "gmcReferenceNumber": None,
                   "doctorFirstName": doctor.first_name(), "doctorLastName": "Without Number"}


def _summary_records(population):
    for doctor in population:
        if doctor.known_to_gmc():
            yield doctor.summary()


def _log_records(population):
    for doctor in population:
        yield from doctor.connection_logs()
        if doctor.index % UNKNOWN_EVERY == 18:
            yield {"gmcId": f"x{doctor.gmc}", "updatedBy": "nobody", "eventDateTime": None}


def _hidden_records(population):
    for doctor in population:
        yield from doctor.hidden_discrepancies()
        if doctor.index % UNKNOWN_EVERY == 19:
            yield {"id": f"x{doctor.gmc}", "gmcId": f"x{doctor.gmc}"}


def _disturb(records, duplicates, shuffle, seed):
    """Repeats some records and shuffles within windows; a repeated one never differs."""
    chance = random.Random(seed + 1)
    if duplicates:
        records = _repeat(records, duplicates, chance)
    return _shuffle(records, chance) if shuffle else records


def _repeat(records, share, chance):
    for record in records:
        yield record
        if chance.random() < share:
            yield record


def _shuffle(records, chance):
    for window in _chunks(records, WINDOW):
        chance.shuffle(window)
        yield from window


def _chunks(records, size):
    chunk = []
    for record in records:
        chunk.append(record)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _bodies(records, batch):
    for payload in _chunks(records, batch) if batch else records:
        yield {"payload": payload, "syncEnd": False}
    yield {"payload": [] if batch else None, "syncEnd": True}


def write(directory, count, edition=1, batch=0, **options):
    """Writes the four files."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for channel, bodies in CHANNELS.items():
        sizes = {} if channel == "tcs" else {"batch": batch}
        with open(directory / f"{channel}.ndjson", "w", encoding="utf-8", newline="\n",
                  buffering=1 << 20) as file:
            for body in bodies(count, edition, **options, **sizes):
                file.write(_encode(body) + "\n")


def main():
    parser = argparse.ArgumentParser(description="Writes a snapshot's messages as NDJSON.")
    parser.add_argument("--doctors", type=int, required=True)
    parser.add_argument("--edition", type=int, choices=(1, 2), default=1)
    parser.add_argument("--out", required=True, help="folder for the four files")
    parser.add_argument("--batch", type=int, default=0, help="records a message; 0: single ones")
    parser.add_argument("--duplicates", type=float, default=0.0, help="share of repeated records")
    parser.add_argument("--shuffle", action="store_true", help="within windows of 20,000")
    parser.add_argument("--drop", type=float, default=0.0, help="share of doctors left out")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    write(options.out, options.doctors, options.edition, options.batch, seed=options.seed,
          drop=options.drop, duplicates=options.duplicates, shuffle=options.shuffle)


if __name__ == "__main__":
    main()
