"""The disk under the state folder: too small for a build, then full under a daemon."""

import contextlib
import os
import re
import subprocess
import unittest

import harness
import live

DOCTORS = 1_000
FULL = {"SYNCD_GATES_MIN_FREE_BYTES": str(1 << 50)}     # more than any disk has
DISK_MIB = 192
FLOOR = 4 << 20


class RefusedTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)

    def test_a_sync_without_room_creates_nothing(self):
        store = self.embedded()
        deployment = harness.Deployment(self, store.url)
        deployment.sync(self.FIRST.folder)
        state = deployment.folder / "state"
        before = sorted(path.name for path in state.glob("*.db"))
        outcome = deployment.sync(self.SECOND.folder, code=3, **FULL)
        self.assertEqual((outcome.report["state"], outcome.report["generation"]),
                         ("refused", None))
        self.assertEqual(outcome.failed_gates(), ["disk"])
        self.assertRegex(outcome.message(), r"\d+ bytes .* free .* needs \d+ .*--override disk")
        self.assertEqual(sorted(path.name for path in state.glob("*.db")), before)
        self.assert_only(store, 1)
        self.assert_shows(store, self.FIRST, generation=1)

        outcome = deployment.sync(self.SECOND.folder, "--override", "disk", **FULL)
        self.assertTrue(outcome.gate("disk")["overridden"])
        self.assert_shows(store, self.SECOND, generation=2)
        status = deployment.run("status", **FULL).report
        self.assertTrue([f for f in status["findings"] if "min_free_bytes" in f], status)
        self.assertGreater(status["state_folder"]["free_bytes"], 0)
        self.assertGreater(status["state_folder"]["journal_bytes"], 0)
        recorded = {entry["n"]: entry for entry in status["generations"]}
        self.assertGreater(recorded[2]["file_bytes"], 4096)
        gate = next(gate for gate in recorded[2]["gates"] if gate["gate"] == "disk")
        self.assertTrue(gate["overridden"])

    def test_prune_names_and_removes_what_no_index_belongs_to(self):
        store = self.embedded()
        deployment = harness.Deployment(self, store.url)
        deployment.sync(self.FIRST.folder)
        state = deployment.folder / "state"
        (state / "v77.db").write_bytes(b"12345")
        expected = [{"file": "v77.db", "generation": 77, "bytes": 5}]
        self.assertEqual(deployment.run("prune", "--dry-run").report["files"], expected)
        self.assertTrue((state / "v77.db").exists())
        self.assertEqual(deployment.run("prune").report["files"], expected)
        self.assertFalse((state / "v77.db").exists())
        self.assertTrue((state / "v1.db").exists())


class FullTest(harness.EndToEnd):
    FIRST = harness.Snapshot(DOCTORS)

    def small_disk(self, deployment):
        """A disk of its own under the state folder. Only root can make one."""
        state = deployment.folder / "state"
        state.mkdir(mode=0o700)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "tmpfs", str(state)],
            capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"NOT TESTED, since no small disk can be mounted: {mounted.stderr}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(state)], check=False)
        return state

    def fill(self, path):
        with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
            while file.write(bytes(1 << 20)):
                pass
        space = os.statvfs(path)
        self.assertLess(space.f_bavail * space.f_frsize, 1 << 16)

    def test_a_sync_in_the_foreground_names_the_gate(self):
        store = self.embedded()
        deployment = harness.Deployment(self, store.url, gates={"min_free_bytes": FLOOR})
        state = self.small_disk(deployment)
        deployment.sync(self.FIRST.folder)
        self.fill(state / "filler")
        # Not even the journal can be opened, and the reason is told all the same.
        outcome = deployment.sync(self.FIRST.folder, code=1)
        self.assertIn("the gate disk: ", outcome.message())
        os.truncate(state / "filler", (state / "filler").stat().st_size - (400 << 10))
        outcome = deployment.sync(self.FIRST.folder, code=3)
        self.assertEqual(outcome.failed_gates(), ["disk"])
        # Whoever wants it all the same is told what the disk says, and loses nothing.
        outcome = deployment.sync(self.FIRST.folder, "--override", "disk", code=1)
        self.assertIn("full", outcome.message())
        self.assertEqual([path.name for path in state.glob("v*.db")], ["v1.db"])
        self.assert_shows(store, self.FIRST, generation=1)
        (state / "filler").unlink()
        deployment.sync(self.FIRST.folder)
        deployment.run("prune")

    def test_events_wait_for_room_and_no_build_takes_it(self):
        bed = live.Bed(self, self.embedded(), changes=600, doctors=300,
                       gates={"max_shrink": 0.9, "min_free_bytes": FLOOR})
        state = self.small_disk(bed.deployment)
        with bed:
            bed.daemon.start()
            first = bed.sync()
            metrics = bed.daemon.ask("GET", "/metrics")
            total = re.search(r"(?m)^syncd_state_total_bytes (\S+)$", metrics)
            self.assertEqual(float(total[1]), DISK_MIB << 20)
            self.assertIn(f'syncd_generation_file_bytes{{generation="{first}"}}', metrics)

            self.fill(state / "filler")
            bed.sender.advance_to(0.5)
            bed.wait_until(lambda: any("full" in f for f in bed.daemon.status()["findings"]),
                           "the status says that the disk is full")
            status, said = bed.daemon.call("POST", "/api/sync")
            self.assertEqual((status, said["error"]["code"]), (409, "refused"), said)
            self.assertRegex(said["error"]["message"], r"the gate disk .* bytes")
            self.assertRegex(bed.deployment.run("sync", code=3).message(), "the gate disk")
            status, said = bed.daemon.call("POST", "/api/channels/tcs-updates/messages",
                                           {"tcsPersonId": 1, "gmcReferenceNumber": "7"})
            self.assertEqual((status, said["error"]["code"]), (503, "unavailable"), said)
            self.assertGreater(bed.sender.held(), 0)
            self.assertEqual(bed.daemon.status()["live"], first)

            (state / "filler").unlink()
            bed.settle()
            bed.check()


if __name__ == "__main__":
    unittest.main()
