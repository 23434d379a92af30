"""What is made of a plan: waves, revision, ticks, the lint report."""

import json
from itertools import pairwise

import pytest

from bot.__main__ import main
from bot.core.model import Key
from bot.core.plan.graph import ancestors, dependants, find_cycle, waves
from bot.core.plan.lint import lint
from bot.core.plan.reader import read_plan
from bot.core.plan.revision import revision_of
from bot.core.plan.tick import tick, untick
from tests.core.plan.build import EXAMPLE

BOXES = "# Plan\n\n- [ ] **W1: One**\n  - [ ] nested\n- [ ] W2: Two (needs W1)\n* [x] W3: Three\n"
HEADINGS = (
    "# Plan\r\n\r\n### W1: One\r\nBranch: `a`\r\nAcceptance:\r\n- [ ] fine\r\n### [ ] W2: Two ##\r\nBranch: `b`\r\n"
    "### W3: Three ##\r\nBranch: `c`"
)


def example() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


def test_dependants_are_transitive() -> None:
    plan = read_plan(example())
    assert dependants(plan, Key("W2")) == ("W4", "W5")
    assert dependants(plan, Key("W1")) == ("W2", "W3", "W4", "W5")
    assert dependants(plan, Key("W9")) == ()
    assert ancestors(plan)[Key("W4")] == {"W1", "W2", "W3"}


def test_a_cycle_is_found_and_kept_out_of_the_waves() -> None:
    plan = read_plan(
        "### W1: a\nBranch: `a`\n### W2: b\nDepends on: W3\n### W3: c\nDepends on: W2\n### W4: d\nDepends on: W3\n"
    )
    assert waves(plan) == (("W1",),)
    cycle = find_cycle(plan)
    assert cycle is not None
    assert cycle[0] == cycle[-1]
    for waiting, need in pairwise(cycle):
        assert need in plan.prerequisites(waiting)
    assert dependants(plan, Key("W2")) == ("W3", "W4")


def test_revision_folds_line_ends_only() -> None:
    assert revision_of("a\r\nb") == revision_of("a\nb")
    assert revision_of("a\nb") != revision_of("a\nb ")
    assert len(revision_of("\ud800")) == 64


def test_tick_of_boxes() -> None:
    assert tick(BOXES, {Key("W1")}) == BOXES.replace("- [ ] **W1", "- [x] **W1")
    assert tick(BOXES, {Key("W2"), Key("W3")}) == BOXES.replace("- [ ] W2", "- [x] W2")


def test_tick_of_headings() -> None:
    ticked = tick(HEADINGS, {Key("W1"), Key("W2"), Key("W3")})
    assert ticked == HEADINGS.replace("One\r\n", "One ✅\r\n").replace("### [ ] W2", "### [x] W2").replace(
        "Three ##", "Three ✅ ##"
    )


@pytest.mark.parametrize("body", [BOXES, HEADINGS, example()])
def test_tick_is_idempotent_and_changes_nothing_else(body: str) -> None:
    keys = [each.key for each in read_plan(body).workstreams]
    once = tick(body, keys)
    assert tick(once, keys) == once
    assert [each.key for each in read_plan(once).workstreams] == keys
    assert [each.title for each in read_plan(once).workstreams] == [each.title for each in read_plan(body).workstreams]
    assert all(each.ticked for each in read_plan(once).workstreams)
    assert tick(body, []) == body
    assert tick(body, [Key("W99")]) == body
    assert once.replace(" ✅", "").replace("[x]", "[ ]") == body.replace("[x]", "[ ]")


def test_untick_of_boxes() -> None:
    ticked = tick(BOXES, {Key("W1"), Key("W2")})
    assert untick(ticked, {Key("W1"), Key("W2")}) == BOXES
    assert untick(BOXES, {Key("W3")}) == BOXES.replace("* [x] W3", "* [ ] W3")
    assert untick(BOXES.replace("[x]", "[X]"), {Key("W3")}) == BOXES.replace("* [x] W3", "* [ ] W3")


def test_untick_leaves_nested_boxes_and_those_of_others() -> None:
    body = BOXES.replace("[ ]", "[x]")
    assert untick(body, {Key("W1")}) == body.replace("- [x] **W1", "- [ ] **W1")


def test_untick_of_headings_takes_the_mark_or_the_box_back_and_keeps_line_ends() -> None:
    ticked = tick(HEADINGS, {Key("W1"), Key("W2"), Key("W3")})
    assert untick(ticked, {Key("W1"), Key("W2"), Key("W3")}) == HEADINGS
    assert untick(ticked, {Key("W2")}) == ticked.replace("### [x] W2", "### [ ] W2")
    assert untick(ticked, {Key("W1")}) == ticked.replace("One ✅\r\n", "One\r\n")


@pytest.mark.parametrize("body", [BOXES, HEADINGS, example()])
def test_untick_undoes_what_tick_did_and_nothing_else(body: str) -> None:
    plan = read_plan(body).workstreams
    keys = [each.key for each in plan if not each.ticked]
    assert untick(tick(body, keys), keys) == body
    assert untick(body, keys) == body
    assert untick(body, []) == body
    assert untick(tick(body, keys), [Key("W99")]) == tick(body, keys)
    assert not any(each.ticked for each in read_plan(untick(tick(body, keys), keys)).workstreams if each.key in keys)


def test_lint_report() -> None:
    report = lint(example(), name="plan.md")
    assert report.exit_code == 0
    found = json.loads(json.dumps(report.to_json()))
    assert found["base_branch"] == "main"
    assert found["merge_order"] == [["W1"], ["W2", "W3"], ["W4"], ["W5"]]
    assert found["workstreams"][3]["depends_on"] == ["W2", "W3"]
    assert found["workstreams"][3]["acceptance"] == 2
    assert found["workstreams"][3]["acceptance_items"][0] == "An order takes its pieces from the shelf"
    assert found["problems"] == []
    assert "Waves: W1 | W2, W3 | W4 | W5" in report.to_text()
    assert "    n1 --> n3" in report.to_mermaid()


def test_lint_exit_codes_and_problem_lines() -> None:
    blocked = lint("### W1: a\nBranch: `x y`\n### W2: b\nBranch: `y`\n", name="p.md")
    assert blocked.exit_code == 1
    assert "p.md:2 error invalid-branch: " in blocked.to_text()
    nothing = lint("Hello", name="p.md")
    assert nothing.exit_code == 2
    assert "p.md error no-workstreams: " in nothing.to_text()


def test_a_text_without_workstreams_draws_nothing() -> None:
    report = lint("Hello")
    assert report.to_mermaid() == "%% No workstreams were found in this text.\n"
    assert report.to_text().startswith("Untitled plan: 0 workstreams, base: the default branch\n")


def test_mermaid_labels_keep_parentheses() -> None:
    graph = lint("### W1: Types (shared)\nBranch: `x`\n### W2: b\nBranch: `y`\n").to_mermaid()
    assert '    n0["W1: Types (shared)"]' in graph


def test_mermaid_labels_hold_no_markup() -> None:
    graph = lint('### W1: a"] --> x <b>&\nBranch: `x`\n### W2: b\nBranch: `y`\n').to_mermaid()
    assert '"W1: a' in graph
    assert "<b>" not in graph
    assert graph.count('"') == 4


def test_lint_says_from_which_line_and_how_plainly() -> None:
    text = "## Wave 1\n### W1: a\nBranch: `a`\n## Wave 2\n### W2: b\nFiles: `b.py`\nDepends on: W1\n"
    report = lint(text)
    shown = report.to_text().splitlines()
    assert shown[shown.index("Understood from:") + 1 :][:5] == [
        "  W1 is on branch a: line 3",
        "  W2 owns b.py: line 6",
        "  W2 needs W1: line 7",
        "  W1 is step 1 of the merge order: line 2, derived",
        "  W2 is step 2 of the merge order: line 2, derived",
    ]
    found = json.loads(json.dumps(report.to_json()))["origins"]
    assert {"kind": "need", "workstream": "W2", "what": "W1", "line": 7, "sure": "stated"} in found


def test_lint_says_what_is_a_guess() -> None:
    shown = lint("## Tasks\n- [ ] Paint the door\n- [ ] Oil the hinge\n- [ ] Buy paint\n").to_text()
    assert "  item-2 is a workstream: line 3, guessed\n" in shown


def test_lint_writes_the_canonical_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(EXAMPLE), "--format", "markdown"]) == 0
    written = capsys.readouterr().out
    assert written == lint(example()).to_markdown()
    assert read_plan(written).workstreams[3].needs == ("W2", "W3")
    assert "Depends on: W2, W3" in written.splitlines()
