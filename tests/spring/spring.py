"""A real Spring AMQP on the other side of a queue: SpringPeer.java, with its jars in a cache."""

import contextlib
import json
import pathlib
import queue
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "servers"))

import jars    # noqa: E402

OLD, NEW = "2.4.17", "3.2.8"     # what the services have, and what they will have
DEADLINE_S = 120


def class_path(version=OLD):
    """Jars and compiled classes; raises jars.Unavailable where they can't be had."""
    java = jars.find_java()
    lib = jars.make_once(jars.cache_folder() / f"spring-rabbit-{version}" / "lib",
                         lambda scratch: _copy_dependencies(version, scratch))
    return java, f"{jars.compile_launcher(java, lib, HERE / 'SpringPeer.java')}:{lib}/*"


def _copy_dependencies(version, scratch):
    maven = shutil.which("mvn")
    if not maven:
        raise jars.Unavailable("Spring's jars aren't cached; no mvn: scripts/setup test")
    done = subprocess.run(
        [maven, "-q", "-B", "-f", HERE / "pom.xml", f"-Dspring.rabbit={version}",
         "dependency:copy-dependencies", f"-DoutputDirectory={scratch}"],
        capture_output=True, text=True, timeout=jars.FETCH_TIMEOUT_S, check=False)
    if done.returncode != 0 or not any(scratch.glob("*.jar")):
        log = (done.stdout + done.stderr)[:2000]
        raise jars.Unavailable(f"mvn couldn't fetch Spring AMQP: {log}")


def _command(version, action, amqp_url, *words):
    java, path = class_path(version)
    # To Java a slash at the end is a virtual host without a name.
    return [java, "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", path, "SpringPeer", action,
            amqp_url.rstrip("/"), *words]


class Receiver:
    """String listeners on two queues, while the `with` block lasts."""

    def __init__(self, amqp_url, annotated, adapted, version=OLD):
        self._words = version, "receive", amqp_url, annotated, adapted
        self._lines = queue.Queue()
        self._process = self._thread = None

    def __enter__(self):
        self._process = subprocess.Popen(
            _command(*self._words), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, encoding="utf-8")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        if self.line() != "READY":
            raise RuntimeError("Spring's receiver doesn't start")
        return self

    def line(self):
        """The next line that it prints; None when it has ended."""
        return self._lines.get(timeout=DEADLINE_S)

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


@contextlib.contextmanager
def sender(amqp_url, dates, version=OLD):
    """Gives `send(exchange, key, kind, body)`; all is sent when the block has ended."""
    process = subprocess.Popen(
        _command(version, "send", amqp_url, dates), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8")
    count = 0

    def send(exchange, key, kind, body):
        nonlocal count
        count += 1
        process.stdin.write(f"{exchange} {key} {kind} {json.dumps(body)}\n")

    try:
        yield send
    except BaseException:
        process.kill()
        process.communicate()
        raise
    out, log = process.communicate(timeout=DEADLINE_S)
    if out != f"SENT {count}\n":
        raise RuntimeError(f"Spring's sender said {out!r}: {log[-3000:]}")
