"""Any text is read without an exception and in a time that grows with its length alone."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.plan.lint import lint
from bot.core.plan.problems import MAX_BODY
from bot.core.plan.tick import tick
from tests.core.plan.build import EXAMPLE

#: Seconds for the longest body of any content; measured below 0.7 on a busy core, the rest is for a busy machine.
LIMIT = 4.0

PIECES = [
    "# ", "## W1: ", "### Agent A: x\n", "- [ ] ", "- [x] **W2**: ", "1. ", "| a | b |\n|---|---|\n",
    "| W1 | x |\n", "```\n", "~~~sh\n", "git merge a/b\n", "**Files:** ", "Depends on: W1, W2-W9\n",
    "Branch: `x`\n", "<details>", "</details>\n", "<!--", "-->", "`", "``", "[", "](", ")", "**", "__", "~~", "(",
    "\u2192", " after ", " and ", "W1", "W2", "#12", "\t", "  ", "\n", "\n\n", "\r\n", "> ", "\u251c\u2500\u2500 ",
    "*", "\\", "&", "\u0000", "\ue000", "## Merge order\n", "Acceptance:\n", "Base: main\n", "\ud83d\udea7",
    "\u00c4", "\u202e",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_plan_is_read(data: st.DataObject) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    lint(text[:start] + data.draw(st.sampled_from(PIECES)) + text[end:])


TWO = "### W1: a\nBranch: `b`\n### W2: b\nBranch: `c`\n\n"


def filled(piece: str, head: str = "") -> str:
    return (head + piece * (MAX_BODY // len(piece) + 1))[:MAX_BODY]


HOSTILE = {
    "brackets": filled("["),
    "images": filled("!["),
    "links": filled("[a]("),
    "quotes": filled("> "),
    "stars": filled("*a "),
    "ticks": filled("` `` "),
    "rising ticks": filled("".join("`" * n + " " for n in range(1, 300))),
    "nested list": filled("".join("  " * n + "- a\n" for n in range(180))),
    "checkboxes": filled("- [ ] a\n"),
    "keyed": filled("- [ ] **W1: a** (needs W2)\n"),
    "headings": filled("### W1: a\nBranch: `b`\n"),
    "many keys": filled(
        "".join(f"### W{n}: a\nDepends on: W{n - 1}, W{n + 1}\nFiles: `a/*`\n" for n in range(1, 1200))
    ),
    "needs": filled("W1, ", "### W1: a\nBranch: `b`\n### W2: b\nDepends on: "),
    "after": filled("after W1 ", TWO + ""),
    "marks": filled("W1 and ", TWO + "## Merge order\n"),
    "arrows": filled("W1 → W2 ", TWO + "## Merge order\n"),
    "comments": filled("<!--"),
    "tags": filled("<a"),
    "details": filled("<details>\n"),
    "parentheses": filled("(", "### W1: "),
    "colons": filled("a:", "### W1: a\n"),
    "wide table": filled("| W1 ", "| ID " * 500 + "|\n" + "|---" * 500 + "|\n"),
    "table": filled("| W1 | #2 | x |\n", "| ID | PR | Needs |\n|---|---|---|\n"),
    "one word": filled("a"),
    "dots": filled("1.", "### "),
    "paths": filled("a/", "### W1: a\nFiles: "),
    "path list": filled("- `a/*/b/**`\n", "### W1: a\nFiles:\n"),
    "tree": filled("│   ├── a/\n", "### W1: a\nFiles:\n```\n"),
    "spaces": filled(" \t"),
    "emphasis": filled("**a** "),
    "open": filled("**"),
    "labels": filled("**a:** b\n"),
    "globs": filled("- `a*b*c*d*e*f*.py`\n", "### W1: a\nFiles:\n- `a*b*.py`\n### W2: b\nFiles:\n"),
    "merges": filled("git merge a\n", "### W1: a\nBranch: `a`\n### W2: b\nBranch: `b`\n```\n"),
    "deep quotes": filled(">" * 200 + " a\n"),
    "entities": filled("&amp;"),
    "hash": filled("#1 "),
    "front matter": filled("---\n"),
    "urls": filled("https://a/b/c/issues/1 "),
    "definitions": filled("[a]: b\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_longest_body_is_read_in_time(name: str) -> None:
    began = time.perf_counter()
    lint(HOSTILE[name]).to_text()
    assert time.perf_counter() - began < LIMIT
