"""Any text is read without an exception and its lines stay right."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.texts import NASTY as KNOWN
from bench.texts import SPARSE
from bot.core.plan.lint import lint
from bot.core.plan.tick import tick
from tests.core.plan.build import EXAMPLE
from tests.draws import LONG, drawn

NASTY = {**KNOWN, **SPARSE}

SHORT = 16 * 1024  # characters of a body that is read in `make test`; `make soak` and `make bench` read the longest
PIECES = [
    "# ", "## W1: ", "### Agent A: x\n", "- [ ] ", "- [x] **W2**: ", "1. ", "| a | b |\n|---|---|\n",
    "| W1 | x |\n", "```\n", "~~~sh\n", "git merge a/b\n", "**Files:** ", "Depends on: W1, W2-W9\n",
    "Branch: `x`\n", "<details>", "</details>\n", "<!--", "-->", "`", "``", "[", "](", ")", "**", "__", "~~", "(",
    "\u2192", " after ", " and ", "W1", "W2", "#12", "\t", "  ", "\n", "\n\n", "\r\n", "> ", "\u251c\u2500\u2500 ",
    "*", "\\", "&", "\u0000", "\ue000", "## Merge order\n", "Acceptance:\n", "Base: main\n", "\ud83d\udea7",
    "\u00c4", "\u202e",
]  # fmt: skip


@settings(max_examples=drawn(40), deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=80).map("".join))
def test_any_text_is_read(text: str) -> None:
    report = lint(text)
    report.to_json()
    report.to_mermaid()
    lines = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert all(0 <= each.line <= lines for each in report.plan.problems)
    assert all(1 <= each.line <= lines for each in report.plan.workstreams)
    assert "Untitled" in report.to_text() or report.plan.title
    keys = [each.key for each in report.plan.workstreams]
    assert len(set(keys)) == len(keys)
    once = tick(text, keys)
    assert tick(once, keys) == once


@settings(max_examples=drawn(25), deadline=None)
@given(st.data())
def test_a_damaged_plan_is_read(data: st.DataObject) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    damaged = text[:start] + data.draw(st.sampled_from(PIECES)) + text[end:]
    plan = lint(damaged).plan
    keys = [each.key for each in plan.workstreams]
    assert len(set(keys)) == len(keys)
    assert all(need in keys for each in plan.workstreams for need in each.needs)
    assert plan.workstreams or [each.code for each in plan.problems] == ["no-workstreams"]


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.timeout(60)  # stops a hang; how fast it is, `make bench` shows
def test_a_long_body_is_read(name: str) -> None:
    text = NASTY[name] if LONG else NASTY[name][:SHORT]
    lines = text.count("\n") + 1
    report = lint(text)
    assert all(0 <= each.line <= lines for each in report.plan.problems)
    assert report.to_text()


@pytest.mark.parametrize("name", ["headings of a letter", "lettered headings", "underlined headings", "sparse tables",
                                  "small sparse tables", "tables in HTML", "blank lines", "blanks"])  # fmt: skip
def test_a_hostile_plan_takes_no_long_time(name: str) -> None:
    """At GitHub's greatest length; what was quadratic took from five seconds to two minutes."""
    started = time.thread_time()
    lint(NASTY[name]).to_text()
    assert time.thread_time() - started < 3


def test_a_need_that_is_named_ten_thousand_times_is_one_need() -> None:
    plan = lint(NASTY["needs"]).plan
    assert {each.key: each.needs for each in plan.workstreams} == {"W1": (), "W2": ("W1",)}
    assert "unknown-need" not in {each.code for each in plan.problems}
