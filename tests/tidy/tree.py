"""The files of a source tree, and what C++ says once comments and strings are taken out."""

import functools
import os
import pathlib
import re
import subprocess

CPP = (".cc", ".h")
SKIPPED_FOLDERS = {"build", "__pycache__"}

_TOKEN = re.compile(
    r'R"(?P<mark>[^(\s"]*)\(.*?\)(?P=mark)"'   # raw string
    r'|"(?:[^"\\\n]|\\.)*"'                    # string
    r"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'"    # character, not a digit separator
    r"|//[^\n]*|/\*.*?\*/", re.DOTALL)


def tracked(root):
    """Paths of the tracked files, relative to `root`; all files where there is no git."""
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z"]
    try:
        out = subprocess.run(command, capture_output=True, check=True).stdout
        names = out.decode().split("\0")
        found = [name for name in names if name and (root / name).is_file()]
        if found:
            return sorted(found)
    except (OSError, subprocess.CalledProcessError):
        pass
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS and f != ".git"]
        found += [(pathlib.Path(folder) / n).relative_to(root).as_posix() for n in names]
    return sorted(found)


def _blank(match):
    """Keeps the lines, so that numbers of lines stay true."""
    text = match.group(0)
    quote = '""' if text[0] in "R\"" else "0" if text[0] == "'" else " "
    return quote + "\n" * text.count("\n")


class Tree:
    """A source tree; `files` limits it to those paths."""

    def __init__(self, root, files=None):
        self.root = pathlib.Path(root)
        self.files = sorted(files) if files is not None else tracked(self.root)

    def matching(self, suffixes, folders=("",)):
        """Files that end and begin like one of these."""
        return [f for f in self.files
                if f.endswith(tuple(suffixes)) and f.startswith(tuple(folders))]

    def exists(self, path):
        return path in self._all

    @functools.cached_property
    def _all(self):
        names = set(self.files)
        for name in self.files:
            names.update(parent.as_posix() for parent in pathlib.PurePosixPath(name).parents)
        return names

    @functools.cache
    def text(self, path):
        return (self.root / path).read_bytes().decode("utf-8", "replace")

    @functools.cache
    def code(self, path):
        """C++ without comments, strings and characters; the lines are where they were."""
        return _TOKEN.sub(_blank, self.text(path))
