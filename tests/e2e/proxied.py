"""Deployments whose way to a real server leads through a proxy that fails by rule (faults.py)."""

import unittest

import faults
import harness

DOCTORS = 100


class Proxied(harness.EndToEnd):
    """Two generations that have both been live, a deployment, and faults between."""

    FIRST = harness.Snapshot(DOCTORS)
    SECOND = harness.Snapshot(DOCTORS, edition=2)
    SNAPSHOTS = {1: FIRST, 2: SECOND}
    SERVER = None

    def setUp(self):
        if self.SERVER is None:
            raise unittest.SkipTest("the common part")
        self.store = self.cluster(self.SERVER)
        self.between = self.enterContext(faults.Between(self.store.url))

    def deployment(self, **sections):
        keep = {"retention": {"generations": 20}}
        return harness.Deployment(self, self.between.url, **(keep | sections))

    def two_generations(self, **sections):
        deployment = self.deployment(**sections)
        deployment.sync(self.FIRST.folder)
        deployment.sync(self.SECOND.folder)
        return deployment

    def assert_live(self, deployment, generation):
        """Every alias shows it, and status says so and finds nothing else worth saying."""
        self.assertEqual(self.assert_one_generation(self.store), generation)
        status = deployment.run("status").report
        self.assertEqual((status["live"], status["findings"]), (generation, []))

    def assert_sound(self, generation):
        """At the end of a test: the documents, and that nobody wrote under a lease that was over."""
        self.assert_shows(self.store, self.SNAPSHOTS[generation], generation)
        self.assertEqual(self.between.book.violations(), [])

    def meets(self, deployment, which, fault, *words, code=0, times=1):
        """Runs a command, one request of which meets a fault."""
        rule = self.between.fail(which, fault, times=times)
        outcome = deployment.run(*words, code=code)
        self.assertEqual(rule.met, times, f"not met: {outcome}")
        self.between.heal()
        return outcome
