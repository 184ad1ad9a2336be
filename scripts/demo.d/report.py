"""The demonstration's outcome, for people and for machines."""


def table(result, aliases):
    """A short table of counts, reads and times."""
    readers, rows = result["readers"], [("documents per alias", "before", "after", "rolled back")]
    for alias in aliases:
        rows.append((alias, *(f"{result[when][alias]:,}"
                              for when in ("before", "after", "rolled_back"))))
    width = max(len(row[0]) for row in rows)
    lines = [f"{name:<{width}} {before:>12} {after:>12} {back:>12}"
             for name, before, after, back in rows]
    lines.insert(1, "-" * len(lines[0]))
    lines += ["", f"reads {readers['reads']:,} by {readers['processes']} processes,"
                  f" {readers['documents_checked']:,} documents checked"]
    figures = machine(result, aliases)
    lines += [f"failed {figures['failed']}, empty {figures['empty']}, mixed {figures['mixed']}"]
    lines += [f"build {figures['build_s']:.1f} s, swap {figures['swap_ms']:.1f} ms,"
              f" rollback {figures['rollback_ms']:.1f} ms"]
    return "\n".join(lines)


def machine(result, aliases):
    """The object that --json prints. A document that is of no build counts as a mixed read."""
    readers = result["readers"]
    return {
        "aliases": {alias: {when: result[when][alias]
                            for when in ("before", "after", "rolled_back")} for alias in aliases},
        "reads": readers["reads"],
        "failed": readers["failed"],
        "empty": readers["empty"],
        "mixed": readers["mixed"] + readers["wrong"],
        "build_s": result["sync"]["build_s"],
        "swap_ms": result["sync"]["swap_ms"],
        "rollback_ms": result["rollback"]["swap_ms"],
        "live": result["live"],
    }
