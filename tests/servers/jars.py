"""The jars of OpenSearch and Elasticsearch, fetched once with Maven and kept in the user's cache folder."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
JAVA_MIN = 17
FETCH_TIMEOUT_S = 900


class Unavailable(Exception):
    """This server can't be had on this machine; the message says why."""


def find_java():
    """The path of a Java that runs the launchers."""
    home = os.environ.get("JAVA_HOME")
    java = os.path.join(home, "bin", "java") if home else shutil.which("java")
    if not java or not os.path.exists(java):
        raise Unavailable(f"no java; a JDK {JAVA_MIN} or newer is needed (scripts/setup test)")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', said.stderr + said.stdout)
    if not version or int(version[1]) < JAVA_MIN:
        raise Unavailable(f"{java} is older than {JAVA_MIN} (scripts/setup test)")
    return java


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "indexswap-tests"


def fetch(name, version, coordinates):
    """The folder with the jars of `coordinates` (group:artifact:version). Complete, or it doesn't exist."""
    lib = cache_folder() / f"{name}-{version}" / "lib"
    return make_once(lib, lambda scratch: _copy_dependencies(coordinates, scratch))


def compile_launcher(java, lib, source):
    """The folder with the classes of a launcher: `java SOURCE` would compile it anew, 3 s, at each start."""
    javac = os.path.join(os.path.dirname(os.path.realpath(java)), "javac")
    if not os.path.exists(javac):
        raise Unavailable(f"{java} has no javac beside it: not a JDK (scripts/setup test)")
    key = hashlib.sha256(source.read_bytes() + os.path.realpath(java).encode()).hexdigest()[:12]

    def compile_it(scratch):
        command = [javac, "-cp", f"{lib}/*", "-d", str(scratch), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"javac {source.name}: {done.stdout}{done.stderr}")

    return make_once(lib.parent / f"launcher-{key}", compile_it)


def make_once(folder, make):
    """Has `make` fill a folder beside `folder`, which then gets its name; one process at a time."""
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            scratch = pathlib.Path(tempfile.mkdtemp(prefix="partial-", dir=folder.parent))
            with contextlib.ExitStack() as cleanup:
                cleanup.callback(shutil.rmtree, scratch, ignore_errors=True)
                make(scratch)
                scratch.rename(folder)
    return folder


def _copy_dependencies(coordinates, scratch):
    maven = shutil.which("mvn")
    if not maven:
        raise Unavailable("its jars aren't cached, and there is no mvn to fetch them (scripts/setup test)")
    group, artifact, version = coordinates.split(":")
    command = [
        maven, "-q", "-B", "-f", str(HERE / "pom.xml"),
        f"-Dserver.groupId={group}", f"-Dserver.artifactId={artifact}", f"-Dserver.version={version}",
        "dependency:copy-dependencies", f"-DoutputDirectory={scratch}",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"mvn didn't fetch {coordinates} within {FETCH_TIMEOUT_S} s") from None
    if done.returncode != 0 or not any(scratch.glob("*.jar")):
        raise Unavailable(f"mvn couldn't fetch {coordinates}: {(done.stdout + done.stderr).strip()[:2000]}")
