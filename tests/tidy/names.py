"""What a compiler would say of the Python files before a run: names that nothing defines, imports
nobody uses, and whatever else pyflakes knows."""

import ast

from pyflakes import checker


def defined(tree):
    """What pyflakes says of each Python file, but for lines that end in a noqa."""
    return [offence for path in tree.matching((".py",)) for offence in _said(tree.text(path), path)]


def _said(text, path):
    try:
        found = checker.Checker(ast.parse(text), path).messages
    except SyntaxError as error:
        return [f"{path}:{error.lineno}: {error.msg}"]
    lines = text.split("\n")
    return [str(message) for message in sorted(found, key=lambda message: message.lineno)
            if "# noqa" not in lines[message.lineno - 1]]
