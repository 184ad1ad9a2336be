"""The demonstration, with few doctors: it ends well, and prints what it promises."""

import json
import subprocess
import sys
import unittest

import harness
from revalidation import ALIAS_FAMILY

DEMO = harness.HERE.parents[1] / "scripts" / "demo.d" / "demo.py"
DOCTORS = 2_000


class DemoTest(unittest.TestCase):

    def run_demo(self, *options):
        return subprocess.run([sys.executable, "-B", DEMO, "--syncd", harness.SYNCD, *options],
                              stdout=subprocess.PIPE, text=True, timeout=harness.DEADLINE_S,
                              check=False)

    def test_table_and_object(self):
        done = self.run_demo("--doctors", str(DOCTORS), "--json")
        *table, last = done.stdout.rstrip("\n").split("\n")
        self.assertEqual(done.returncode, 0, done.stdout)
        told = json.loads(last)
        self.assertEqual(set(told), {"aliases", "reads", "failed", "empty", "mixed", "build_s",
                                     "swap_ms", "rollback_ms", "live"})
        self.assertEqual((told["failed"], told["empty"], told["mixed"]), (0, 0, 0))
        self.assertEqual(told["live"], 1)
        self.assertGreater(told["reads"], 0)
        self.assertGreater(min(told["build_s"], told["swap_ms"], told["rollback_ms"]), 0)
        self.assertEqual(set(told["aliases"]), set(ALIAS_FAMILY))
        for alias, counts in told["aliases"].items():
            self.assertEqual(set(counts), {"before", "after", "rolled_back"})
            self.assertEqual(counts["rolled_back"], counts["before"], alias)
            self.assertGreater(counts["before"], 0, alias)
            row = f"{counts['before']:,} {counts['after']:,} {counts['rolled_back']:,}".split()
            self.assertIn([alias, *row], [line.split() for line in table])
        self.assertTrue(any(counts["before"] != counts["after"]
                            for counts in told["aliases"].values()))

    def test_too_few_doctors(self):
        done = self.run_demo("--doctors", "10")
        self.assertEqual((done.returncode, done.stdout), (2, ""))


if __name__ == "__main__":
    unittest.main()
