"""Python packages that only servers and tests on AWS need, in a virtual environment in the user's cache folder."""

import hashlib
import pathlib
import subprocess
import sys

from jars import FETCH_TIMEOUT_S, Unavailable, cache_folder, make_once

# The server of the tests on signatures, and the SDK that tests compare with; both from PyPI.
AWS = ("moto[server]==5.2.5", "boto3")


def python_with(packages):
    """The path of a Python that can import `packages` (as pip names them); installed once, by pip."""
    key = hashlib.sha256(" ".join((sys.version, *packages)).encode()).hexdigest()[:12]
    folder = make_once(cache_folder() / "python" / key, lambda scratch: _install(packages, scratch))
    return folder / "bin" / "python3"


def _install(packages, scratch):
    python = pathlib.Path(scratch) / "bin" / "python3"
    # Of the system: the environment must outlive whatever Python runs us.
    _run(["/usr/bin/python3", "-m", "venv", scratch], "python3-venv is needed (scripts/setup test)")
    # By `-m`, as the scripts of the environment name the folder's first path.
    _run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages], "pip failed")


def _run(command, meaning):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{meaning}: {error}") from None
    if done.returncode != 0:
        raise Unavailable(f"{meaning}: {(done.stdout + done.stderr).strip()[:2000]}")
