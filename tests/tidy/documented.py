#!/usr/bin/python3
"""Tables in the documents that must follow the code.

    documented.py      prints the table of keys for docs/configuration.md
"""

import pathlib
import re
import sys

from tree import CPP, Tree

KEYS = "app/syncd/config/keys.cc"
CONFIGURATION = "docs/configuration.md"
OUTPUT = "app/syncd/report/report.cc"
DOCTOR = "app/syncd/doctor/doctor.cc"
CHECKS = "docs/doctor.md"
COMMAND_LINE = "docs/command-line.md"
TESTING = "docs/testing.md"
SERVERS = "tests/servers/servers.py"
COMPATIBILITY = "docs/compatibility.md"
PEER_BUGS = "tests/peer_bugs.md"
WHAT_IF = "docs/what-if.md"

HEAD = ["| section | key | type | default | meaning |", "|---|---|---|---|---|"]
_CALL = re.compile(r"\b(Text|Choice|Integer|Part|Factor|Flag|Duration)(?:<[\w:]+>)?\(\s*(?=\")")
_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def _arguments(text, start):
    """The arguments of the call whose "(" ends before `start`, split at its own commas."""
    arguments, depth, begin, at = [], 0, start, start
    while at < len(text):
        literal = _LITERAL.match(text, at)
        if literal:
            at = literal.end()
            continue
        c = text[at]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            if depth == 0:
                return arguments + [text[begin:at]]
            depth -= 1
        elif c == "," and depth == 0:
            arguments.append(text[begin:at])
            begin = at + 1
        at += 1
    raise ValueError(f"{KEYS}: a call without end")


def _literal(argument):
    return "".join(_LITERAL.findall(argument)).replace('\\"', '"')


def _bound(argument):
    product = 1
    for factor in argument.replace("'", "").replace("kMiB", "1048576").split("*"):
        product *= int(factor)
    return product


def _integer(least, most):
    if most.strip() == "kMany":
        return f"integer from {_bound(least)}"
    return f"integer {_bound(least)}–{_bound(most)}"


def keys(source):
    """(section, key, type, default, meaning) of each key in the text of keys.cc, in its order."""
    found = []
    for call in _CALL.finditer(source):
        kind, arguments = call[1], _arguments(source, call.end())
        section, key = _literal(arguments[0]), _literal(arguments[1])
        rest = arguments[2:]
        if kind == "Text":
            type_ = "path" if "ValueType::kPath" in rest[-1] else "text"
        elif kind == "Choice":
            choices = _LITERAL.findall(rest[0])
            type_ = " or ".join(f"`\"{c}\"`" for c in choices)
            rest[0] = f'"{choices[0]}"'
        elif kind == "Integer":
            type_ = _integer(*rest[:2])
            rest = rest[2:]
        else:
            type_ = {"Part": "number 0–1", "Factor": "number 0, or above 1 to 1000",
                     "Flag": "`true` or `false`", "Duration": "duration"}[kind]
        default = _literal(rest[0])
        if default and (kind in ("Text", "Choice", "Duration")):
            default = f'"{default}"'
        found.append((section, key, type_, default, _literal(rest[1])))
    return found


def rows(source):
    """The rows of the table for the text of keys.cc."""
    made = []
    for section, key, type_, default, meaning in keys(source):
        cells = (f"`[{section}]`" if section else "–", f"`{key}`", type_,
                 f"`{default}`" if default else "none", meaning)
        made.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return made


def configuration(tree):
    """Keys that the table lacks or tells wrongly, and rows without a key."""
    wanted = rows(tree.text(KEYS))
    written = [line for line in tree.text(CONFIGURATION).split("\n")
               if re.match(r"\| (`\[\w+\]`|–) \| `", line)]
    hint = "; `tests/tidy/documented.py` prints the table"
    return ([f"{CONFIGURATION}: lacks the row {row}{hint}"
             for row in wanted if row not in written] +
            [f"{CONFIGURATION}: {KEYS} says otherwise: {row}{hint}"
             for row in written if row not in wanted] +
            ([] if wanted else [f"{KEYS}: no key found; has its form changed?"]))


def fields(tree):
    """Fields that --json prints and the page on the command line doesn't know."""
    source = tree.text(OUTPUT) + (tree.text(DOCTOR) if tree.exists(DOCTOR) else "")
    printed = set(re.findall(r'\{\s*"(\w+)",', source)) | set(re.findall(r'\w\["(\w+)"\]', source))
    page = set(re.findall(r'[`"](\w+)[`"]', tree.text(COMMAND_LINE)))
    return ([f"{COMMAND_LINE}: lacks the field {name} of {OUTPUT}"
             for name in sorted(printed - page)] +
            ([] if printed else [f"{OUTPUT}: no field found; has its form changed?"]))


def checks(tree):
    """Checks of the doctor that its page lacks, and the other way round."""
    made = set()
    for path in tree.matching(CPP, ("app/syncd/doctor/",)):
        made.update(re.findall(
            r'"((?:config|http|state|store|lease|names|aliases|broker|queue|sqs)\.[a-z]+)"',
            tree.text(path)))
    listed = set(re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", tree.text(CHECKS), re.MULTILINE))
    return ([f"{CHECKS}: lacks the check {name}" for name in sorted(made - listed)] +
            [f"{CHECKS}: there is no check {name}" for name in sorted(listed - made)])


def steps(tree):
    """Named steps of the code that the page on testing lacks, and the other way round."""
    named = set()
    for path in tree.matching(CPP, ("lib/", "app/")):
        if path.startswith("lib/indexswap/testing/"):
            continue
        named.update(re.findall(r'\b(?:OnStep|Reached|step)\(\s*"([^"]+)"', tree.text(path)))
    written = set(re.findall(r"^\| `(\w+(?:\.\w+)+)` \|", tree.text(TESTING), re.MULTILINE))
    return ([f"{TESTING}: lacks the step {name}" for name in sorted(named - written)] +
            [f"{TESTING}: there is no step {name}" for name in sorted(written - named)])


def servers(tree):
    """Search servers of the tests without a row of results, and rows without a server."""
    started = re.findall(r'^    "(\w+search-[\d.-]+)":', tree.text(SERVERS), re.MULTILINE)
    written = re.findall(r"^\| `(\w+search-[\d.-]+)` \| ", tree.text(COMPATIBILITY), re.MULTILINE)
    hint = "; tests/contract/results.py writes the table"
    return ([f"{COMPATIBILITY}: lacks the server {name}{hint}"
             for name in started if name not in written] +
            [f"{COMPATIBILITY}: no server {name} in {SERVERS}{hint}"
             for name in written if name not in started] +
            ([] if started else [f"{SERVERS}: no server found; has its form changed?"]))


def _tests(tree):
    """The names of all tests."""
    there = set()
    for path in tree.matching((".cc", ".py"), ("tests/", "lib/indexswap/testing/")):
        text = tree.text(path)
        there.update(re.findall(r"^ *def (test_\w+)\(", text, re.MULTILINE))
        there.update(".".join(found) for found in re.findall(
            r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", text, re.MULTILINE))
    return there


def _named(tree, path, cells):
    """Tests named in the cells of a document that aren't there."""
    there = _tests(tree)
    named = re.findall(r"`(\w+\.\w+|test_\w+)`", "\n".join(cells))
    return ([f"{path}: no test {name}" for name in named
             if name not in there and not (name.startswith("test_")
                                           and name.split(".")[-1] in there)] +
            ([] if named else [f"{path}: no test is named; has its form changed?"]))


def peer_bugs(tree):
    """Tests named in the table of others' bugs that aren't there."""
    return _named(tree, PEER_BUGS, [tree.text(PEER_BUGS)])


def what_if(tree):
    """Rows of what may happen without a test, and tests that aren't there."""
    rows_ = [line for line in tree.text(WHAT_IF).split("\n") if line.startswith("| ")]
    cells = [row.rstrip(" |").split(" | ")[-1] for row in rows_]
    return (_named(tree, WHAT_IF, cells) +
            [f"{WHAT_IF}: no test in the row {row}" for row, cell in zip(rows_, cells)
             if "`" not in cell and cell != "test"])


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parents[2]
    sys.stdout.write("\n".join(HEAD + rows(Tree(here, [KEYS]).text(KEYS))) + "\n")
