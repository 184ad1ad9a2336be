"""The jars of OpenSearch and Elasticsearch, fetched once with Maven and kept in the user's cache folder."""

import contextlib
import fcntl
import glob
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
JAVA_MIN = 17
FETCH_TIMEOUT_S = 900


class Unavailable(Exception):
    """This server can't be had on this machine; the message says why."""


def find_java(minimum=JAVA_MIN):
    """The path of a Java of that version or a later one: of JAVA_HOME, or else on PATH; a later one
    than all tests need also where Debian keeps those that are installed beside it."""
    home = os.environ.get("JAVA_HOME")
    found = [os.path.join(home, "bin", "java") if home else shutil.which("java")]
    if minimum > JAVA_MIN:
        found += sorted(glob.glob("/usr/lib/jvm/*/bin/java"))
    for java in found:
        if java and os.path.exists(java) and _java_version(java) >= minimum:
            return java
    remedy = " (scripts/setup test)" if minimum == JAVA_MIN else ""
    raise Unavailable(f"no java; a JDK {minimum} or newer is needed{remedy}")


def _java_version(java):
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', said.stderr + said.stdout)
    return int(version[1]) if version else 0


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "indexswap-tests"


def fetch(name, version, coordinates):
    """The folder with the jars of `coordinates` (group:artifact:version). Complete, or it doesn't exist."""
    lib = cache_folder() / f"{name}-{version}" / "lib"
    return make_once(lib, lambda scratch: _copy_dependencies(coordinates, "jar", scratch))


def fetch_archive(name, version, coordinates):
    """The folder that the zip file of `coordinates` holds, unpacked. Complete, or it doesn't exist."""
    unpacked = cache_folder() / f"{name}-{version}" / "unpacked"

    def unpack(scratch):
        _copy_dependencies(coordinates, "zip", scratch)
        (archive,) = scratch.glob("*.zip")
        with zipfile.ZipFile(archive) as file:
            for entry in file.infolist():
                mode = entry.external_attr >> 16
                os.chmod(file.extract(entry, scratch), mode | 0o600)  # extract() forgets it
        archive.unlink()

    (folder,) = make_once(unpacked, unpack).iterdir()
    return folder


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


def _copy_dependencies(coordinates, kind, scratch):
    maven = shutil.which("mvn")
    if not maven:
        raise Unavailable("its jars aren't cached, and there is no mvn to fetch them (scripts/setup test)")
    group, artifact, version = coordinates.split(":")
    command = [
        maven, "-q", "-B", "-f", str(HERE / "pom.xml"),
        f"-Dserver.groupId={group}", f"-Dserver.artifactId={artifact}", f"-Dserver.version={version}",
        f"-Dserver.type={kind}",
        "dependency:copy-dependencies", f"-DoutputDirectory={scratch}",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"mvn didn't fetch {coordinates} within {FETCH_TIMEOUT_S} s") from None
    if done.returncode != 0 or not any(scratch.glob(f"*.{kind}")):
        raise Unavailable(f"mvn couldn't fetch {coordinates}: {(done.stdout + done.stderr).strip()[:2000]}")
