"""Two hosts with one store: each has a state folder, a daemon and a recording proxy of its own."""

import contextlib
import signal

import harness    # first: it knows the folders of the others
import daemon
import live
import recorder

TAKEOVER_S = 30       # in which a dead one's work is taken over
ASK_S = 5
# Long against a beat, on two busy cores; a broker that notices soon that a consumer sleeps.
LEASE = {"beat": "500ms", "timeout": "10s"}
AMQP = {"heartbeat": "2s"}


class Host(daemon.Daemon):
    """One host's daemon, which may be put to sleep."""

    def __init__(self, test, deployment, name):
        super().__init__(test, deployment)
        self.deployment, self.name, self.asleep = deployment, name, False

    def start(self, wait=False, **env):
        self.asleep = False
        return super().start(wait, **env)

    def call(self, *words, **options):
        if self.asleep or not self.running():
            raise OSError(f"{self.name} can't answer")
        return super().call(*words, **options)

    def role(self):
        """`active` or `standby`; None while it can't say."""
        with contextlib.suppress(*daemon.DOWN):
            status, said = self.call("GET", "/api/status", timeout_s=ASK_S)
            return said["role"] if status == 200 else None
        return None

    def wait_role(self, role):
        try:
            harness.wait_until(lambda: self.role() == role, f"{self.name} is {role}", TAKEOVER_S)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def sleep(self):
        self.asleep = True
        self._running.signal(signal.SIGSTOP)

    def wake(self):
        self._running.signal(signal.SIGCONT)
        self.asleep = False


class Active(daemon.Daemon):
    """Whichever of the hosts is active; OSError while none is."""

    def __init__(self, hosts):    # pylint: disable=super-init-not-called
        self._hosts = hosts

    def host(self):
        """The one; None while there is none."""
        return next((host for host in self._hosts if host.role() == "active"), None)

    def call(self, *words, **options):
        host = self.host()
        if host is None:
            raise OSError("nobody is active")
        return host.call(*words, **{"timeout_s": 2 * ASK_S} | options)

    def kill(self):
        for host in self._hosts:
            host.kill()

    def log(self):
        return "\n".join(f"--- {host.name}\n{host.log()}" for host in self._hosts)


class Pair(live.Bed):
    """A bed with two hosts; its `daemon` is whichever is active."""

    def __init__(self, test, store, **options):
        # Orders of records stay behind with the folder: nothing may come again, or late, then.
        super().__init__(test, store, lease=LEASE, in_order=True, **options)
        self._sections["amqp"] = AMQP
        self.book = recorder.Book()
        self.proxies, self.hosts = [], []
        for name in ("first", "second"):
            proxy = recorder.Proxy(store.url, self.book, name)
            test.addCleanup(proxy.close)
            self.proxies.append(proxy)
            self.hosts.append(Host(test, self.deploy(proxy.url), name))
        self.daemon = Active(self.hosts)

    def other(self, host):
        return next(other for other in self.hosts if other is not host)

    def check_one_writer(self):
        """Every alias request and bulk answer of both hosts is accounted for."""
        self.test.assertEqual(self.book.violations(), [])
        effects, refused = self.book.counts()
        hosts = {write.host for write in self.book.writes() if write.effects}
        self.test.assertGreater(len(effects), 0)
        return (f"epochs {sorted({epoch for _, epoch in effects})} of {len(hosts)} hosts, "
                f"{sum(effects.values())} writes had effect, {refused} had none")
