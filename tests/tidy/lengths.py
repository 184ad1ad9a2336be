"""Lengths of lines, files and functions."""

import re

from tree import CPP

LINE_MAX = 100
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

# Folder → longest line there, and why.
LINE_MAX_IN = {
    "tests/servers/": (124, "written to 120 columns; to be wrapped with its next change"),
    "tests/e2e/": (110, "written before this check; to be wrapped with its next change"),
}
# Path, or "path: function" → why it may be longer.
ALLOWED = {
    "lib/indexswap/testing/store_contract_alias.cc: TEST_P":
        "one story of two writers; cut up, its order would be lost",
}

# clang-format breaks neither a raw string nor a word: such a line may stay.
_UNBREAKABLE = re.compile(r'R"\w*\(|^\s*\S+$|https?://')
_PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_SCOPE = re.compile(r"\b(?:namespace|class|struct|enum|union|extern)\b[^()]*$")
_INITIALISER = re.compile(r"\)\s*(?:noexcept\s*)?:[^{}]*[\w>]\s*$", re.DOTALL)
_NAME = re.compile(r"([~\w:]+|operator\s*[^\s\w(]+)\s*\(")


def lines(tree, allowed=None):
    """Lines of C++ and Python that are too long."""
    allowed = LINE_MAX_IN if allowed is None else allowed
    offences = []
    for path in tree.matching(CPP + (".py",)):
        most = next((n for folder, (n, _) in allowed.items() if path.startswith(folder)), LINE_MAX)
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            if len(line) > most and not (path.endswith(CPP) and _UNBREAKABLE.search(line)):
                offences.append(f"{path}:{number}: {len(line)} characters; at most {most}")
    return offences


def functions(code):
    """(name, first line, number of lines) of each function in C++ without strings and comments.

    A heuristic by braces: good for code that clang-format has laid out.
    """
    code = _PREPROCESSOR.sub(lambda m: "\n" * m[0].count("\n"), code)
    found, stack, head, begin, inside = [], [], 0, 0, 0
    for brace in re.finditer("[{};]", code):
        at, c = brace.start(), brace[0]
        if c == "{":
            text = code[head:at]
            kind = "block"
            if not inside and ")" in text:
                if _INITIALISER.search(text):
                    kind = "initialiser"  # of a member: the body is yet to come
                elif not _SCOPE.search(text):
                    kind = "function"
                    inside += 1
                    begin = at - len(text.lstrip())
            stack.append((kind, text))
            if kind != "initialiser":
                head = at + 1
        elif c == "}":
            kind, text = stack.pop() if stack else ("block", "")
            if kind == "function":
                inside -= 1
                name = _NAME.search(text)
                found.append((name[1] if name else "?", code.count("\n", 0, begin) + 1,
                              code.count("\n", begin, at) + 1))
            if kind != "initialiser":
                head = at + 1
        elif not stack or stack[-1][0] != "initialiser":
            head = at + 1
    return found


def sizes(tree, allowed=None):
    """C++ files and functions that are too long, and allowances for files that are gone."""
    allowed = ALLOWED if allowed is None else allowed
    long = {}
    for path in tree.matching(CPP):
        count = tree.text(path).count("\n")
        if count > FILE_LINES_MAX:
            long[path] = f"{path}: {count} lines; at most {FILE_LINES_MAX}"
        for name, start, length in functions(tree.code(path)):
            if length > FUNCTION_LINES_MAX:
                long[f"{path}: {name}"] = (f"{path}:{start}: {name} has {length} lines; "
                                           f"at most {FUNCTION_LINES_MAX}")
    return ([text for key, text in long.items() if key not in allowed] +
            [f"tests/tidy/lengths.py: allows {key}, whose file is gone"
             for key in allowed if not tree.exists(key.split(":")[0])])
