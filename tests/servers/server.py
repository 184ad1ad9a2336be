"""What all servers of the tests have in common."""

import atexit
import os
import pathlib
import shutil
import signal
import tempfile
import time

from jars import Unavailable
from processes import GuardedProcess, Ports

READY_TIMEOUT_S = 180


class Server:
    """A server with ports and a data folder of its own. Not for use by several threads at once."""

    def __init__(self):
        self._owner = os.getpid()
        self._process = None
        self._folder = None
        self._ports = []

    def start(self):
        """Starts the server and returns when it answers. On ports and data of the time before, if there was one."""
        self.prepare()
        if self._folder is None:
            self._folder = pathlib.Path(tempfile.mkdtemp(prefix="indexswap-test-"))
            atexit.register(self.close)
            self._configure()
        try:
            self._process = self._launch()
            self._wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def running(self):
        return self._process is not None and self._process.running()

    @property
    def pid(self):
        """The process that was started; for RabbitMQ the shell around the Erlang machine."""
        return self._process.pid

    def signal(self, number):
        """Sends a signal to all processes of the server (SIGSTOP and SIGCONT make it hang and go on)."""
        self._process.signal(number)

    def stop(self):
        """Ends the server in its own way, and keeps its data."""
        self._end(signal.SIGTERM)

    def kill(self):
        """Ends the server by SIGKILL, and keeps its data."""
        self._end(signal.SIGKILL)

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        """Ends the server, removes its data and gives its ports back. In a forked child it does nothing."""
        if os.getpid() != self._owner or self._folder is None:
            return
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None
        for ports in self._ports:
            ports.release()
        self._ports = []
        atexit.unregister(self.close)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def prepare(self):
        """Gets what start() needs, or raises Unavailable."""
        raise NotImplementedError

    def environment(self):
        """What a command that uses this server finds in its environment, beside the variable of the URL."""
        return {}

    def _configure(self):
        raise NotImplementedError

    def _launch(self):
        raise NotImplementedError

    def _answers(self):
        raise NotImplementedError

    def _take_ports(self, count=1):
        ports = Ports(count)
        self._ports.append(ports)
        return ports.first

    def _end(self, number):
        if self._process is not None:
            self._process.end(number)
            self._process = None

    def _spawn(self, command, env=None):
        return GuardedProcess(command, env, self._folder / "server.log", self._folder)

    def _wait_ready(self):
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self._answers():
            if not self.running():
                raise Unavailable(f"it ended while starting:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise Unavailable(f"not ready after {READY_TIMEOUT_S} s:\n{self.log_tail()}")
            time.sleep(0.1)

    def log_tail(self, size=4000):
        """The end of what the server printed."""
        try:
            return (self._folder / "server.log").read_text(errors="replace")[-size:]
        except OSError:
            return ""
