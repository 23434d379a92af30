"""Everything understood of a plan knows the line it came from and how plainly it is said."""

from dataclasses import replace

import pytest

from bot.core.model import Aspect, Plan, Sureness
from bot.core.plan.reader import read_plan
from tests.core.plan.build import EXAMPLE

PLAN = """\
# Library

## Workstreams

### W1: Shelves
Branch: `shelves`
Files: `lib/shelf.py`

### W2: Loans
Files:
- `lib/loan.py`
- `lib/due.py`
Depends on: W1

### W3: Page
Depends on: W1,
W2

## File ownership

**For W3:** `web/page.py`

```sh
git worktree add ../two -b loans-W2
git worktree add ../three -b page-W3
```

## Merge order

1. W1
2. W2
3. W3
"""


def said(plan: Plan, kind: Aspect, of: str) -> list[tuple[str, int, Sureness]]:
    return [(each.what, each.line, each.sure) for each in plan.origins if each.kind is kind and each.of == of]


@pytest.mark.parametrize(
    ("kind", "of", "expected"),
    [
        (Aspect.WORKSTREAM, "W2", [("Loans", 9, Sureness.STATED)]),
        (Aspect.BRANCH, "W1", [("shelves", 6, Sureness.STATED)]),
        (Aspect.BRANCH, "W2", [("loans-W2", 24, Sureness.DERIVED)]),
        (Aspect.FILE, "W1", [("lib/shelf.py", 7, Sureness.STATED)]),
        (Aspect.FILE, "W2", [("lib/loan.py", 11, Sureness.STATED), ("lib/due.py", 12, Sureness.STATED)]),
        (Aspect.FILE, "W3", [("web/page.py", 21, Sureness.DERIVED)]),
        (Aspect.NEED, "W2", [("W1", 13, Sureness.STATED)]),
        (Aspect.NEED, "W3", [("W1", 16, Sureness.STATED), ("W2", 17, Sureness.STATED)]),
        (Aspect.NEED, "W1", []),
    ],
)
def test_a_value_knows_its_line(kind: Aspect, of: str, expected: list[tuple[str, int, Sureness]]) -> None:
    assert said(read_plan(PLAN), kind, of) == expected


def test_a_place_in_the_merge_order_knows_its_step_and_line() -> None:
    plan = read_plan(PLAN)
    lines = PLAN.splitlines()
    for step, key in enumerate(("W1", "W2", "W3"), 1):
        [(what, line, sure)] = said(plan, Aspect.ORDER, key)
        assert (what, sure) == (str(step), Sureness.STATED)
        assert lines.index("## Merge order") < line - 1 <= lines.index(f"{step}. {key}")


def test_a_need_that_prose_tells_of_names_the_line_of_the_sentence() -> None:
    plan = read_plan("### W1: a\nBranch: `a`\n### W2: b\nBranch: `b`\n\nIt starts after W1 is in.\n")
    [(what, line, _)] = said(plan, Aspect.NEED, "W2")
    assert (what, line) == ("W1", 6)


def test_waves_that_only_headings_make_are_derived() -> None:
    plan = read_plan("## Wave 1\n### W1: a\nBranch: `a`\n## Wave 2\n### W2: b\nBranch: `b`\n")
    assert plan.merge_order == (("W1",), ("W2",))
    assert [each.sure for each in plan.origins if each.kind is Aspect.ORDER] == [Sureness.DERIVED] * 2


def test_an_item_without_a_key_is_a_guess() -> None:
    plan = read_plan("## Tasks\n\n- [ ] Paint the door\n- [ ] Oil the hinge\n- [x] Buy paint\n")
    assert said(plan, Aspect.WORKSTREAM, "item-3") == [("Buy paint", 5, Sureness.GUESSED)]


def test_nothing_of_the_example_is_without_an_origin() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    plan = read_plan(text)
    lines = text.splitlines()
    for each in plan.workstreams:
        assert [what for what, *_ in said(plan, Aspect.FILE, each.key)] == list(each.files)
        assert [what for what, *_ in said(plan, Aspect.NEED, each.key)] == list(each.needs)
        assert [what for what, *_ in said(plan, Aspect.BRANCH, each.key)] == [each.branch]
        assert len(said(plan, Aspect.ORDER, each.key)) == 1
    for origin in plan.origins:
        if origin.kind is not Aspect.ORDER:
            assert origin.what in lines[origin.line - 1]


def test_a_plan_that_moved_down_a_line_is_the_same_plan() -> None:
    one = read_plan(PLAN)
    other = replace(one, origins=tuple(replace(each, line=each.line + 1) for each in one.origins))
    assert other.origins != one.origins
    assert other == one
