"""Calls syncd as an operator would, with one configuration."""

import json
import subprocess

_CONFIG = """\
plan = "tis"
state = "state"

[store]
url = "sqlite:store.db"
"""
_LOG_TAIL = 30


class SyncdFailed(Exception):
    """A step ended otherwise than it must; the text is for people."""


class Syncd:
    """syncd with its configuration, state and store in one folder."""

    def __init__(self, program, folder):
        self._program = program
        self._folder = folder
        self._config = folder / "syncd.toml"
        self._config.write_text(_CONFIG, encoding="utf-8")

    def call(self, command, *arguments):
        """The JSON answer of a command, which must end with 0. Its log is kept as <command>.log."""
        log = self._folder / f"{command}.log"
        line = [self._program, command, "--config", self._config, "--json", *arguments]
        with open(log, "ab") as stderr:
            done = subprocess.run([str(part) for part in line], stdout=subprocess.PIPE,
                                  stderr=stderr, encoding="utf-8", check=False)
        lines = done.stdout.strip().splitlines()
        if done.returncode == 0 and lines:
            return json.loads(lines[-1])
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL:]
        raise SyncdFailed("\n".join(
            [f"syncd {command} ended with {done.returncode}", *tail, *lines[-1:]]))
