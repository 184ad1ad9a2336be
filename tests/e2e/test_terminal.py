"""What a person sees on a terminal: one line drawn again in place; elsewhere plain lines."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unittest

import harness

DOCTORS = 6_000
COLUMNS = 80
DRAWN = re.compile(r"\r\x1b\[K([^\r\n\x1b]*)")


def on_a_terminal(command, columns):
    """Runs a command with a terminal of so many columns as its stderr; returns code and output."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown = b""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:    # the other side is closed
            pass
        code = process.wait(harness.DEADLINE_S)
    os.close(ours)
    return code, shown.decode()


class TerminalTest(harness.EndToEnd):
    SNAPSHOT = harness.Snapshot(DOCTORS)

    def setUp(self):
        # Many small requests, and little room for what waits, so that there is something to draw.
        self.deployment = harness.Deployment(
            self, self.embedded().url,
            bulk={"documents": 2, "in_flight": 1, "bytes": 65_536,
                  "buffered_bytes": 1_048_576})

    def test_a_bar_with_rate_and_eta_that_never_takes_a_second_line(self):
        code, shown = on_a_terminal(
            [harness.SYNCD, "sync", "--config", self.deployment.config, "--from",
             self.SNAPSHOT.folder], COLUMNS)
        self.assertEqual(code, 0, shown)
        drawn = DRAWN.findall(shown)
        self.assertRegex("\n".join(drawn),
                         r"loading \[[#.]{12}\] \d+ of \d+ documents, \d+/s, ETA \d+s")
        self.assertIn("receiving", {line.split(" ")[0] for line in drawn})
        self.assertEqual([line for line in drawn if len(line) >= COLUMNS], [])
        # The line is taken away before anything else is said, and at the end.
        for before in re.findall(r"(.*)\d{4}-\d\d-\d\dT[\d:.]+Z (?:info|warning) ", shown):
            self.assertRegex(before, r"^(.*\r\x1b\[K)?$")
        self.assertEqual(drawn[-1], "")

    def test_plain_lines_elsewhere(self):
        outcome = self.deployment.sync(self.SNAPSHOT.folder)
        self.assertNotIn("\r", outcome.log)
        self.assertNotIn("\x1b", outcome.log)
        self.assertRegex(outcome.log, r"(?m)^\d{4}-\d\d-\d\dT[\d:.]+Z info .*\breceiving\b")


if __name__ == "__main__":
    unittest.main()
