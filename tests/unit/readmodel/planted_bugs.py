#!/usr/bin/env python3
"""Shows that the comparison with the independent model finds mistakes in the views.

    planted_bugs.py --tool build/…/readmodel_project --plan app/syncd/plans/tis [--doctors 1000]

The plan as it is must show no difference; each bug of planted_bugs/bugs.json, planted into a copy
of it, must show some. Ends with 1 otherwise.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from compare_model import differences, prepare

HYDRATE = "hydrate.sql"
BUGS = pathlib.Path(__file__).with_name("planted_bugs") / "bugs.json"


def plant(bug, plan):
    """Replaces the bug's text, which must stand there, in the plan's copy."""
    path = plan / bug["file"]
    text = path.read_text(encoding="utf-8")
    if bug["replace"] not in text:
        raise SystemExit(f"{bug['bug']}: {bug['file']} has no longer: {bug['replace']}")
    path.write_text(text.replace(bug["replace"], bug["with"]), encoding="utf-8")


def all_differences(tool, plan, cases, file=""):
    words = ("--hydrate",) if file == HYDRATE else ()
    return [difference for case in cases for difference in differences(tool, plan, *case, *words)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True, help="the executable readmodel_project")
    parser.add_argument("--plan", required=True, help="the folder of the plan")
    parser.add_argument("--doctors", type=int, default=1000)
    options = parser.parse_args()
    unseen = []
    with tempfile.TemporaryDirectory() as temporary:
        cases = prepare(pathlib.Path(temporary) / "data", options.doctors)
        if found := all_differences(options.tool, options.plan, cases):
            print("\n".join(["the plan as it is differs from the model:", *found]))
            return 1
        for number, bug in enumerate(json.loads(BUGS.read_text(encoding="utf-8"))):
            plan = pathlib.Path(temporary) / f"plan{number}"
            shutil.copytree(options.plan, plan)
            plant(bug, plan)
            try:
                found = all_differences(options.tool, plan, cases, bug["file"])
            except subprocess.CalledProcessError as error:
                if bug["file"] != HYDRATE:
                    raise
                found = [error.stderr.splitlines()[-1]]    # it compares by itself
            print(f"{bug['bug']}: {found[0] if found else 'NOT FOUND'}")
            if not found:
                unseen.append(bug["bug"])
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
