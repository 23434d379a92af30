"""The reader on the folder of labelled plans, held at what it reaches."""

import json
import os
import subprocess
import sys

import pytest

from tests.core.plan.build import ROOT, plans_folder

FLOORS = {"ws": 0.90, "files": 0.90, "branches": 0.95}  # micro F1


def test_scores_stay_above_their_floors() -> None:
    plans_folder()
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "plans.py", "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    micro = json.loads(done.stdout)["micro"]
    assert {name: micro[name]["f1"] for name in FLOORS if micro[name]["f1"] < FLOORS[name]} == {}


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
