"""The peak of resident memory doesn't grow with the number of doctors.

INDEXSWAP_TEST_LARGE_DOCTORS sets the size of the large sync.
"""

import json
import os
import shutil
import subprocess
import sys
import unittest

import harness

PEAK_MAX_MIB = 96
SMALL_DOCTORS = 10_000
LARGE_DOCTORS = int(os.environ.get("INDEXSWAP_TEST_LARGE_DOCTORS", "1000000"))
BATCH = 9_000
DEADLINE_S = 900
GENERATE = harness.HERE.parent / "data" / "generate.py"
# A process of its own, and a small one: a child's peak begins with what its parent had at the fork.
MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"code": done.returncode, "peak_kib": peak,
                  "report": json.loads(done.stdout.splitlines()[-1])}))
"""


class MemoryTest(harness.EndToEnd):

    def peak_mib(self, doctors, batch):
        """Of one sync of so many doctors; also checks that it went live."""
        data = harness.temporary(self)
        subprocess.run([sys.executable, GENERATE, "--doctors", str(doctors), "--batch", str(batch),
                        "--out", data], check=True)
        store = self.embedded()
        deployment = harness.Deployment(self, store.url)
        done = subprocess.run(
            [sys.executable, "-S", "-c", MEASURE, harness.SYNCD, "sync", "--config",
             str(deployment.config), "--json", "--from", str(data)],
            stdout=subprocess.PIPE, timeout=DEADLINE_S, check=True, cwd=deployment.folder)
        shutil.rmtree(data)
        measured = json.loads(done.stdout)
        self.assertEqual((measured["code"], measured["report"]["state"]), (0, "promoted"), measured)
        self.assertGreater(measured["report"]["documents"]["masterdoctorindex"], doctors * 0.99)
        peak = measured["peak_kib"] / 1024
        seconds = {name: measured["report"][name] for name in ("receive_s", "load_s", "build_s")}
        print(f"\n{doctors} doctors in batches of {batch}: peak {peak:.1f} MiB, {seconds}",
              file=sys.stderr)
        return peak

    def test_single_messages(self):
        self.assertLessEqual(self.peak_mib(SMALL_DOCTORS, 0), PEAK_MAX_MIB)

    def test_batches(self):
        self.assertLessEqual(self.peak_mib(SMALL_DOCTORS, BATCH), PEAK_MAX_MIB)

    def test_many_doctors(self):
        self.assertLessEqual(self.peak_mib(LARGE_DOCTORS, BATCH), PEAK_MAX_MIB)


if __name__ == "__main__":
    unittest.main()
