"""What a plan, and a look at the way back, have shown is what is sent; or nothing is."""

import json
import unittest

import faults
from proxied import Proxied


class PlannedState(Proxied):
    """A plan, and a sync only if it still holds."""

    SERVER = "opensearch-2.19"

    def test_sync_if_the_state_is_the_one_that_was_planned(self):
        deployment = self.deployment()
        deployment.sync(self.FIRST.folder)
        plan = deployment.run("plan").report
        deployment.sync(self.SECOND.folder, "--if-state", plan["state"])
        self.assert_live(deployment, 2)
        refused = deployment.sync(self.SECOND.folder, "--if-state", plan["state"], code=3)
        for said in ("the aliases, the generations", plan["state"], "syncd plan"):
            self.assertIn(said, refused.message())
        self.assert_live(deployment, 2)
        # What moves no state: live documents, and other holders of the lease.
        again = deployment.run("plan").report
        deployment.run("prune")
        self.assertEqual(deployment.run("plan").report["state"], again["state"])
        index = "masterdoctorindex_v2"
        self.store.call("POST", "/_aliases", {"actions": [
            {"remove": {"index": index, "alias": "current_connections"}}]})
        moved = deployment.run("sync", "--promote", 2, "--if-state", again["state"], code=3)
        self.assertIn("(the aliases)", moved.message())

    def test_plan_is_what_is_sent(self):
        """Every request that makes the indexes, sets them up and moves the aliases."""
        deployment = self.deployment()
        deployment.sync(self.FIRST.folder)
        plan = deployment.run("plan").report
        planned, sent = plan["requests"], self.sent_by(deployment, "sync", "--from",
                                                       self.SECOND.folder)
        self.assertEqual([each["path"] for each in planned if each["method"] == "PUT"][:1],
                         [f"/{plan['indexes'][0]}"])
        self.assertEqual(len(planned), 3 * len(plan["indexes"]) + 1)
        self.assertEqual(planned[-1]["body"], plan["request"])
        for each, made in ((planned, {"<build_id>", "<created_at>"}), (sent, set())):
            found = set().union(*map(self.without_what_is_to_come, each))
            self.assertEqual(found & {"<build_id>", "<created_at>"}, made)
        self.assertEqual(sent, planned)

    def test_rollback_is_what_was_shown(self):
        deployment = self.two_generations()
        shown = deployment.run("rollback", "--dry-run").report
        self.assertEqual([shown[name] for name in ("from", "to", "live", "lost_events")],
                         [2, 1, 2, 0])
        self.assertEqual(shown["state"], deployment.run("plan").report["state"])
        self.assert_live(deployment, 2)
        refused = deployment.run("rollback", "--if-state", "seen by nobody", code=3)
        self.assertIn("the state has moved", refused.message())
        self.assert_live(deployment, 2)
        # Neither has taken a lease: the next one is still the one that was shown.
        sent = self.sent_by(deployment, "rollback", "--if-state", shown["state"])
        self.assertEqual(sent, shown["requests"])
        self.assert_live(deployment, 1)
        again = deployment.run("rollback", "--to", 2, "--if-state", shown["state"], code=3)
        # Of the generations only the second in which one went live, if it is another.
        self.assertIn("(the aliases", again.message())
        self.assert_live(deployment, 1)

    def sent_by(self, deployment, *words):
        """What a command sends that changes indexes or aliases, but for the lease."""
        rule = self.between.fail(faults.CHANGES, faults.nothing, times=None)
        deployment.run(*words)
        return [{"method": method, "path": path, "body": json.loads(body)}
                for method, path, body in rule.seen
                if not faults.TAKE_OVER.fits(method, path, body)]

    def without_what_is_to_come(self, request):
        """Takes what only the build knows out of a request; returns it."""
        meta = request["body"].get("mappings", {}).get("_meta", {}).get("indexswap", {})
        for gate in meta.get("gates", []):
            self.assertTrue(gate.pop("detail"))
        return {meta.pop(name) for name in ("build_id", "created_at") if name in meta}


if __name__ == "__main__":
    unittest.main()
