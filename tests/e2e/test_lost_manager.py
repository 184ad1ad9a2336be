"""A cluster of three nodes loses its elected manager in the middle of a swap, with and without the
answer: afterwards the aliases are all where syncd says."""

import threading
import unittest
import urllib.parse
import urllib.request

import faults
from proxied import Proxied


class LostManagerTest(Proxied):
    """A cluster that loses its elected manager while it carries a swap out."""

    SERVER = "opensearch-2.19-3"
    EXCLUSIONS = "/_cluster/voting_config_exclusions"

    def manager(self):
        return self.store.call("GET", "/_cat/cluster_manager?format=json")[0]["node"]

    def exclude(self, method, query):
        """The answer has no body."""
        request = urllib.request.Request(f"{self.store.url}{self.EXCLUSIONS}?{query}",
                                         method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()

    def while_the_manager_goes(self, fault):
        """Meets a fault, and at the same moment what makes the manager step down."""
        def meet(forward):
            query = f"node_names={urllib.parse.quote(self.manager())}"
            thread = threading.Thread(target=self.exclude, args=("POST", query))
            thread.start()
            answer = fault(forward)
            thread.join()
            return answer
        return meet

    def test_manager_is_lost_in_mid_request(self):
        deployment, live = self.two_generations(), 2
        self.addCleanup(self.exclude, "DELETE", "wait_for_removal=false")
        for fault in (faults.nothing, faults.answer_lost, faults.request_lost, faults.nothing):
            with self.subTest(fault.__name__):
                before = self.manager()
                self.meets(deployment, faults.SWAP, self.while_the_manager_goes(fault),
                           "rollback", "--to", 3 - live)
                live = 3 - live
                self.assert_live(deployment, live)
                self.assertNotEqual(self.manager(), before)
                self.exclude("DELETE", "wait_for_removal=false")
        self.assert_sound(live)


if __name__ == "__main__":
    unittest.main()
