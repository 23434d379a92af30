"""The reader on the folder of labelled plans, held at what it reaches."""

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from tests.core.plan.build import ROOT, plans_folder

#: What the reader reached, rounded down; docs/plan-format.md states the figures. Micro F1, the order as macro F1.
FLOORS = {"ws": 0.98, "deps": 0.97, "files": 0.93, "branches": 0.98}
ORDER = 0.87
SEEDS = {"ws": 1.0, "deps": 0.90, "files": 0.90, "branches": 1.0}


@cache
def scores() -> dict[str, Any]:
    plans_folder()
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "plans.py", "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_scores_stay_above_their_floors() -> None:
    found = scores()
    micro = {name: found["micro"][name]["f1"] for name in FLOORS}
    assert {name: value for name, value in micro.items() if value < FLOORS[name]} == {}
    assert found["macro_f1"]["order"] >= ORDER
    assert found["false_starts"] == []


def test_the_seeds_are_read_as_they_are_labelled() -> None:
    seeds = {name: found for name, found in scores()["documents"].items() if name.startswith("seed_")}
    assert len(seeds) == 5
    low = {
        (name, kind): found[kind]["f1"]
        for name, found in seeds.items()
        for kind, floor in SEEDS.items()
        if found[kind] is not None and found[kind]["tp"] + found[kind]["fn"] and found[kind]["f1"] < floor
    }
    assert low == {}


def test_an_absent_folder_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALBOX_PLANS", str(ROOT / "nowhere"))
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "plans.py"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.startswith("No labelled plans found")
