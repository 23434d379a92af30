"""Texts and folders that the tests of the plan reader share."""

import os
from pathlib import Path

import pytest

from bot.core.model import Key, Plan

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "plan.md"


def plans_folder() -> Path:
    """Return the folder of labelled plans; skip the test where there is none, as it is no part of the project."""
    named = os.environ.get("SIGNALBOX_PLANS")
    folder = Path(named) if named else ROOT.parent / "shared" / "plans"
    if not (folder / "score.py").is_file():
        pytest.skip("no labelled plans beside the checkout and none named by SIGNALBOX_PLANS")
    return folder


def codes(plan: Plan) -> list[str]:
    return [each.code for each in plan.problems]


def needs(plan: Plan) -> dict[str, tuple[Key, ...]]:
    return {str(each.key): each.needs for each in plan.workstreams}
