"""Server processes that never outlive their owner, and loopback ports that nobody else takes.

A GuardedProcess is one server under a small guard of its own (this file, run as a script). The guard starts the server
in a session of its own, passes signals on, and kills all that is left of it, and removes its folder, as soon as the
owner's process is gone, however that came about. A parent-death signal alone wouldn't do: it follows the thread
that started the child, and doesn't reach grandchildren (the shell around RabbitMQ).
"""

import ctypes
import fcntl
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# Below the range from which the kernel takes the ports of outgoing connections.
PORTS_FIRST, PORTS_LAST = 20000, 31999


class GuardedProcess:
    """One started server. Its signals go to its whole process group."""

    def __init__(self, command, env, log_path, scratch):
        """Starts `command`; `scratch` is removed if this process dies before the server has ended."""
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", os.path.abspath(__file__), str(os.getpid()), str(log_path), str(scratch)]
            + [str(word) for word in command],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        line = self._guard.stdout.readline().split()
        if not line:
            self._close()
            raise OSError(f"cannot start {command[0]}")
        self.pid = int(line[0])

    def running(self):
        return self._guard.poll() is None

    def signal(self, number):
        """Sends a signal, unless the server has already ended."""
        try:
            self._guard.stdin.write(b"%d\n" % number)
            self._guard.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass

    def end(self, number, timeout_s=60):
        """Sends a signal that ends the server and waits; after the time-out it is killed."""
        self.signal(number)
        try:
            self._guard.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._guard.wait(timeout_s)
        self._close()

    def _close(self):
        for pipe in (self._guard.stdin, self._guard.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        self._guard.wait()


class Ports:
    """A run of consecutive free loopback ports, ours until release(): a lock file each keeps other test runs off."""

    def __init__(self, count=1):
        self._locks = []
        # The same for all runs, wherever each has its temporary files.
        folder = f"/tmp/indexswap-test-ports-{os.getuid()}"
        os.makedirs(folder, exist_ok=True)
        for _ in range(1000):
            first = random.randint(PORTS_FIRST, PORTS_LAST - count)
            if all(self._take(folder, port) for port in range(first, first + count)):
                self.first = first
                return
            self.release()
        raise OSError("no free loopback ports")

    def _take(self, folder, port):
        lock = open(os.path.join(folder, str(port)), "w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            return False
        self._locks.append(lock)
        return True

    def release(self):
        for lock in self._locks:
            lock.close()
        self._locks = []


def _prctl(option, value):
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _send(pid, number):
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass


def _kill_descendants():
    """The guard is the reaper of every orphan below it, so all of them become its children sooner or later."""
    while True:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as children:
            for pid in children.read().split():
                os.kill(int(pid), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def guard(owner_pid, log_path, scratch, command):
    """Runs one server; standard input brings the numbers of signals for it."""
    try:
        owner = os.pidfd_open(owner_pid)
    except ProcessLookupError:
        return
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    with open(log_path, "ab") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
        )
    os.write(1, b"%d\n" % server.pid)
    server_end = os.pidfd_open(server.pid)
    while True:
        ready, _, _ = select.select([0, owner, server_end], [], [])
        if server_end in ready:
            server.wait()
            _kill_descendants()
            return
        requests = b"" if owner in ready or os.getppid() != owner_pid else os.read(0, 4096)
        for number in requests.split():
            _send(server.pid, int(number))
        if not requests:
            _send(server.pid, signal.SIGKILL)
            server.wait()
            _kill_descendants()
            shutil.rmtree(scratch, ignore_errors=True)
            return


if __name__ == "__main__":
    guard(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])
