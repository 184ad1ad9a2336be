"""The state folder is lost, or is of another time: the live index is read back, and serves on."""

import json
import os
import shutil
import unittest

import harness    # first: it knows the folders of the others
import compare
import events
import expected
import live
import revalidation
import test_upgrades

# A field of a document, and the one of its record.
TRAINEE = {"membershipType": "programmeMembershipType",
           "membershipStartDate": "programmeMembershipStartDate",
           "membershipEndDate": "programmeMembershipEndDate"} | {name: name for name in (
               "tcsPersonId", "gmcReferenceNumber", "doctorFirstName", "doctorLastName",
               "programmeName", "curriculumEndDate", "tcsDesignatedBody", "programmeOwner",
               "placementGrade")}
OF_DOCTOR = {"tisStatus": "doctorStatus", "designatedBody": "designatedBodyCode",
             "submissionDate": "submissionDate", "underNotice": "underNotice",
             "lastUpdatedDate": "lastUpdatedDate", "existsInGmc": "existsInGmc"}
NAMES = ("doctorFirstName", "doctorLastName")
LOG = {"updatedBy": "updatedBy", "lastConnectionDateTime": "eventDateTime"}
LOST = "its file was lost with the state folder"


def read_back(documents):
    """A LiveModel of the records that documents tell of; see docs/plan.md ("Hydration")."""
    model, numbers = revalidation.Model(), {}
    reasons = {key: document.get("exceptionReason")
               for key, document in documents["exceptionindex"].items()}
    for key, document in documents["masterdoctorindex"].items():
        numbers.setdefault(document["gmcReferenceNumber"], []).append(document)
        if "tcsPersonId" in document:
            trainee = _renamed(document, TRAINEE)
            if reasons.get(key) is not None:
                trainee["exceptionReason"] = reasons[key]
            model.trainees[document["tcsPersonId"]] = trainee
    for gmc, shown in numbers.items():
        one = shown[0]
        doctor = _renamed(one, OF_DOCTOR)
        if doctor or "tcsPersonId" not in one:
            for name in NAMES:
                if name in one and all(other.get(name) == one[name] for other in shown):
                    doctor[name] = one[name]
            model.doctors[gmc] = doctor | {"gmcReferenceNumber": gmc}
        if "admin" in one:
            model.admins[gmc] = one["admin"]
        if "gmcStatus" in one:
            model.outcomes[gmc] = one["gmcStatus"]
        if log := _renamed(one, LOG):
            model.logs[gmc] = log | {"gmcId": gmc}
        for hidden in one.get("hiddenDiscrepancies", ()):
            model.hidden[hidden["id"]] = dict(hidden)
    result = events.LiveModel()
    result._snapshot = model    # pylint: disable=protected-access
    return result


def _renamed(document, names):
    return {record: document[field] for field, record in names.items() if field in document}


class StateLostTest(harness.EndToEnd):

    def setUp(self):
        super().setUp()
        # Orders of records are lost with the folder: nothing may come again, or late, across that.
        self.bed = live.Bed(self, self.make_store(), changes=400, doctors=300, in_order=True)
        self.state = self.bed.deployment.folder / "state"
        self.taken = 0
        self.extra = 0

    def make_store(self):
        return self.embedded()

    def advance(self, share):
        """Sends events, and waits until live has them; those that came since the last time."""
        bed = self.bed
        bed.advance(share)
        # pylint: disable=protected-access
        came = [(message.channel, message.body)
                for message in bed.sender.deliveries[self.taken:bed.sender.sent]]
        came += bed._extra[self.extra:]
        self.taken, self.extra = bed.sender.sent, len(bed._extra)
        return came

    def check(self, model):
        """Live shows the documents of `model`, all and no more."""
        path = harness.temporary(self) / "expected.db"
        expected.write(model, path, revalidation.london_today())
        self.bed.store.refresh()
        found = self.bed.store.differences(compare.Expected(path),
                                           self.assert_one_generation(self.bed.store))
        self.assertEqual(found, [])

    def check_hydrated(self, number):
        status = self.bed.daemon.status()
        self.assertEqual(status["live"], number)
        self.assertEqual([entry["n"] for entry in status["generations"] if entry["hydrated"]],
                         [number])
        for entry in status["generations"]:
            if entry["state"] == "previous":
                self.assertEqual(entry["cold"], LOST)

    def serve_on(self, number, model):
        """All that a hydrated daemon has to show, and what the next sync brings."""
        self.check_hydrated(number)
        documents = model.documents()
        self.check(model)
        model = read_back(documents)
        self.check(model.model())
        for channel, body in self.advance(0.8):
            model.event(channel, body)
        self.check(model.model())
        # The senders know nothing of the sentinels, and the journal nothing of those before the loss
        # unless they came again: so all of them go.
        # pylint: disable=protected-access
        extra = self.bed._extra
        for _, body in tuple(extra):
            gone = json.dumps(json.loads(body) | {"gmcReferenceNumber": None}).encode()
            self.bed.sender.send_trainee(gone)
            extra.append(("tcs-updates", gone))
        self.bed.sync()
        self.bed.settle()
        self.check(live.model_of(self.bed.history.world(0), extra + [
            (message.channel, message.body) for message in self.bed.sender.deliveries]))
        self.assertFalse(self.bed.daemon.generation(self.bed.daemon.status()["live"])["hydrated"])

    def begin(self, syncs=1):
        """A daemon that has served for a while: the live generation, and the model."""
        self.bed.daemon.start()
        for _ in range(syncs):
            number = self.bed.sync()
        came = self.advance(0.4)
        return number, came

    def model(self, came):
        return live.model_of(self.bed.history.world(0), came)

    def test_deleted_while_it_is_down(self):
        with self.bed:
            number, came = self.begin(syncs=2)
            self.bed.daemon.kill()
            shutil.rmtree(self.state)
            # Killed at any moment before it is complete, it begins anew.
            for step in ("hydrate.page.before", "hydrate.finish.before"):
                self.bed.daemon.start(wait=False, SYNCD_TEST_KILL_AT=step)
                self.assertEqual(self.bed.daemon.finish().code, harness.KILLED)
            self.bed.daemon.start()
            self.serve_on(number, self.model(came))

    def test_deleted_while_it_runs(self):
        with self.bed:
            number, came = self.begin()
            shutil.rmtree(self.state)
            outcome = self.bed.daemon.finish()
            self.assertEqual(outcome.code, 1)
            self.assertIn("nothing is acknowledged any more", outcome.message())
            self.bed.daemon.start()
            self.serve_on(number, self.model(came))

    def test_restored_from_an_earlier_copy(self):
        with self.bed:
            number, came = self.begin(syncs=2)
            self.bed.daemon.kill()
            copy = harness.temporary(self) / "copy"
            shutil.copytree(self.state, copy)
            self.bed.daemon.start()
            came += self.advance(0.6)
            self.bed.daemon.kill()
            shutil.rmtree(self.state)
            os.rename(copy, self.state)
            self.bed.daemon.start()
            self.assertIn("is not of the last writer", self.bed.daemon.log())
            self.serve_on(number, self.model(came))

    def test_a_plan_may_ask_for_a_sync_then(self):
        asked = "get_starts_sync = true\n"
        self.bed.deployment.use_plan(test_upgrades.plan_folder(
            self, ("plan.toml", asked, asked + "hydrated_starts_sync = true\n")))
        with self.bed:
            number, _ = self.begin()
            self.bed.daemon.kill()
            shutil.rmtree(self.state)
            self.bed.peers.feeds = self.bed.feeds()
            self.bed.daemon.start()
            self.bed.daemon.wait_live(number + 1)
            status = self.bed.daemon.status()
            self.assertEqual([entry["n"] for entry in status["generations"] if entry["hydrated"]],
                             [number])

    def test_rollback_says_that_it_does_not_know_the_loss(self):
        with self.bed:
            self.begin(syncs=2)
            self.bed.daemon.kill()
            shutil.rmtree(self.state)
            refused = self.bed.deployment.run("rollback", code=3)
            self.assertIn("every event since it was last up to date", refused.message())
            target = self.bed.deployment.run("rollback", "--accept-loss").report["live"]
            self.bed.daemon.start()
            self.check_hydrated(target)
            self.advance(0.6)

    def test_live_is_never_cold(self):
        """A daemon that goes back to a cold generation reads it back, and readiness says so."""
        with self.bed:
            number, _ = self.begin(syncs=2)
            self.bed.daemon.kill()
            shutil.rmtree(self.state)
            self.bed.daemon.start()
            serve, target = self.bed.daemon, self.bed.daemon.status()["previous"]
            self.assertEqual(serve.call("POST", "/api/rollback", {"to": target})[0], 409)
            serve.rollback(to=target, accept_loss=True)
            self.advance(0.6)
            entry = serve.generation(target)
            self.assertEqual((entry["state"], entry["cold"], entry["hydrated"]),
                             ("live", None, True))
            self.assertEqual(serve.call("GET", "/readyz")[0], 200)
            serve.rollback(to=number)
            self.advance(0.7)
            self.assertEqual(serve.call("GET", "/readyz")[0], 200)
            self.assertEqual(serve.call("POST", "/api/rollback", {"to": 99})[0], 404)


class StateLostOnOpenSearchTest(StateLostTest):

    def make_store(self):
        return self.cluster()

    test_deleted_while_it_runs = None
    test_restored_from_an_earlier_copy = None
    test_a_plan_may_ask_for_a_sync_then = None
    test_live_is_never_cold = None
    test_rollback_says_that_it_does_not_know_the_loss = None


if __name__ == "__main__":
    unittest.main()
