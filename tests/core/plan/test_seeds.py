"""Two plans of real projects, exactly as they stand, against their labels."""

import json
from typing import Any

import pytest

from bot.core.model import Plan, Severity
from bot.core.plan.graph import waves
from bot.core.plan.lint import LintReport, lint
from tests.core.plan.build import needs, plans_folder


def read(name: str) -> tuple[LintReport, dict[str, Any]]:
    folder = plans_folder()
    label: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return lint((folder / f"{name}.md").read_text(encoding="utf-8")), label


@pytest.mark.parametrize("name", ["seed_000", "seed_002"])
def test_reading_equals_the_label(name: str) -> None:
    report, label = read(name)
    found: dict[str, Any] = report.to_json()
    assert found["base_branch"] == label["base_branch"]
    assert found["merge_order"] == label["merge_order"]
    assert len(found["workstreams"]) == len(label["workstreams"])
    for stream, wanted in zip(found["workstreams"], label["workstreams"], strict=True):
        for field in ("key", "title", "branch", "files", "acceptance", "validation"):
            assert stream[field] == wanted[field], (wanted["key"], field)
        stated = set(stream["depends_on"])
        assert stated <= set(wanted["depends_on"])
        assert stated >= set(wanted["depends_on"]) - set(wanted.get("order_edges", []))


@pytest.mark.parametrize("name", ["seed_000", "seed_002"])
def test_nothing_blocks_a_start(name: str) -> None:
    report, _ = read(name)
    assert report.exit_code == 0
    assert report.plan.blocking == ()


def shared(plan: Plan, severity: Severity) -> list[tuple[int, str]]:
    return [
        (each.line, each.message)
        for each in plan.problems
        if each.code == "overlapping-files" and each.severity is severity
    ]


def test_letters_wait_for_the_contract() -> None:
    plan = read("seed_000")[0].plan
    assert waves(plan) == (("Agent A",), ("Agent B", "Agent C", "Agent D"), ("Agent E",))
    assert needs(plan) == {
        "Agent A": (),
        "Agent B": ("Agent A",),
        "Agent C": ("Agent A",),
        "Agent D": ("Agent A",),
        "Agent E": ("Agent A",),
    }


def test_a_file_with_two_owners_is_doubtful_where_ownership_is_said_not_to_overlap() -> None:
    plan = read("seed_000")[0].plan
    ((line, message),) = shared(plan, Severity.WARNING)
    assert line == 69
    assert "imports.py" in message
    assert "(line 51)" in message
    assert "line 128" in message


def test_strict_merge_section_gives_the_order() -> None:
    plan = read("seed_002")[0].plan
    assert waves(plan) == (("W1",), ("W4",), ("W3",), ("W2",))
    assert needs(plan)["W2"] == ("W1",)
    assert len(shared(plan, Severity.NOTE)) == 3
