"""Names that must lead somewhere: sources to a build file, links to a page; and private ones."""

import posixpath
import re

from tree import CPP

# Written in halves, so that this file does not offend.
_PRIVATE = re.compile("|".join((
    r"(?<![\w./$}-])/wor" r"k/", r"(?<![\w./$}-])/roo" r"t/", r"repo1\.mav" r"en", r"pypi\.o" r"rg",
    r"deb\.deb" r"ian", r"proxy\.gol" r"ang", r"registry\.npm" r"js", r"crates\.i" r"o\b")))

_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
_MENTION = re.compile(r"(?<![\w/.-])((?:docs/(?:[\w.-]+/)*)?[\w-]+\.md)\b")


def private_names(tree):
    """Paths of one machine and hosts of registries: the first are wrong elsewhere, and which
    mirror is used is for whoever builds to say."""
    return [f"{path}:{number}: {found[0]} belongs to one machine"
            for path in tree.files
            for number, line in enumerate(tree.text(path).split("\n"), 1)
            for found in [_PRIVATE.search(line)] if found]


def unbuilt_sources(tree):
    """Sources that no CMakeLists.txt names."""
    built = set()
    for path in tree.files:
        if posixpath.basename(path) != "CMakeLists.txt":
            continue
        for name in re.findall(r"[^\s()\"]+\.cc\b", re.sub(r"#[^\n]*", "", tree.text(path))):
            name = re.sub(r"^\$\{CMAKE_CURRENT_SOURCE_DIR\}/", "", name)
            top = re.match(r"\$\{(?:PROJECT|CMAKE)_SOURCE_DIR\}/", name)
            built.add(posixpath.normpath(
                name[top.end():] if top else posixpath.join(posixpath.dirname(path), name)))
    return [f"{path}: no CMakeLists.txt names it"
            for path in tree.matching((".cc",), ("lib/", "app/", "tests/", "bench/"))
            if path not in built]


def _anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+\s+(.*?)\s*$", _FENCE.sub("", text), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        while slug in found:
            slug += "-1"
        found.add(slug)
    return found


def links(tree):
    """Links in pages that lead nowhere, and pages that are named and aren't there."""
    offences = []
    for path in tree.matching((".md",)):
        text = _FENCE.sub(lambda m: "\n" * m[0].count("\n"), tree.text(path))
        for number, line in enumerate(text.split("\n"), 1):
            for target in _LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if re.match(r"[a-z][a-z0-9+.-]*:", target):
                    continue
                page, _, anchor = target.partition("#")
                full = posixpath.normpath(posixpath.join(posixpath.dirname(path), page)) \
                    if page else path
                if not tree.exists(full):
                    offences.append(f"{path}:{number}: the link {target} leads nowhere")
                elif anchor and full.endswith(".md") and anchor not in _anchors(tree.text(full)):
                    offences.append(f"{path}:{number}: {full} has no heading #{anchor}")
    for path in tree.matching(CPP + (".md", ".py", ".toml", ".txt", ".sql")):
        if path.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            for name in _MENTION.findall(line):
                beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
                if not tree.exists(name) and not tree.exists(beside):
                    offences.append(f"{path}:{number}: there is no {name}")
    return offences
