"""Every problem code, with its line and severity."""

import pytest

from bot.core.model import Plan, Problem, Severity
from bot.core.plan.branches import why_invalid
from bot.core.plan.problems import MAX_BODY, MAX_QUOTE
from bot.core.plan.reader import read_plan


def only(plan: Plan, code: str) -> Problem:
    found = [each for each in plan.problems if each.code == code]
    assert len(found) == 1, [each.code for each in plan.problems]
    assert found[0].message
    assert found[0].hint
    return found[0]


def stream(key: str, *fields: str) -> str:
    return "\n".join([f"### {key}: Part {key}", f"Files: `{key}.py`", "Acceptance:", "- done", "", *fields, "", ""])


def test_cycle_names_its_path_and_line() -> None:
    plan = read_plan(stream("W1", "Depends on: W3") + stream("W2", "Depends on: W1") + stream("W3", "Depends on: W2"))
    found = only(plan, "cycle")
    assert found.severity is Severity.ERROR
    assert found.line in {6, 13, 20}
    assert "W1 needs W3 needs W2 needs W1" in found.message or "W2 needs W1 needs W3 needs W2" in found.message


def test_unknown_need_offers_the_nearest() -> None:
    found = only(read_plan(stream("W1") + stream("W2", "Depends on: W11")), "unknown-need")
    assert (found.line, found.severity, found.hint) == (12, Severity.ERROR, "Did you mean W1?")


def test_unknown_need_is_not_taken_for_the_workstream_itself() -> None:
    found = only(read_plan(stream("W1") + stream("W2", "Depends on: W9")), "unknown-need")
    assert found.hint == "Did you mean W1?"


def test_need_outside_the_plan_is_doubtful() -> None:
    plan = read_plan(stream("W1") + stream("W2", "Depends on: W1, #77"))
    assert only(plan, "external-need").severity is Severity.WARNING
    assert plan.workstreams[1].needs == ("W1",)
    assert plan.blocking == ()


def test_a_need_that_is_done_is_no_problem() -> None:
    plan = read_plan(stream("W1") + stream("W2", "Depends on: T9 ✅, W1"))
    assert plan.blocking == ()
    assert plan.workstreams[1].needs == ("W1",)


def test_duplicate_key() -> None:
    found = only(read_plan(stream("W1") + stream("W2") + stream("w1")), "duplicate-key")
    assert (found.line, found.severity) == (13, Severity.ERROR)
    assert "line 1 " in found.message


def test_self_need() -> None:
    plan = read_plan(stream("W1", "Depends on: W1") + stream("W2"))
    assert only(plan, "self-need").severity is Severity.ERROR
    assert plan.workstreams[0].needs == ()


REFUSED = [
    "a..b",
    "a b",
    "a~b",
    "a^",
    "a:b",
    "a?",
    "a*",
    "a[b",
    "a\\b",
    "/a",
    "a/",
    "a//b",
    "a.",
    ".a",
    "x/.a",
    "a.lock",
    "@",
]


@pytest.mark.parametrize("name", [*REFUSED, "a@{b", "-a", "refs/heads/a", "0" * 40, "a" * 201, ""])
def test_names_that_git_refuses(name: str) -> None:
    assert why_invalid(name)


@pytest.mark.parametrize("name", ["main", "feat/a-b_c.d", "a/b/c", "ünïcode", "a@b", "W1", "x/a.locked"])
def test_names_that_git_takes(name: str) -> None:
    assert why_invalid(name) is None


def test_invalid_branch() -> None:
    found = only(read_plan(stream("W1", "Branch: `a..b`") + stream("W2")), "invalid-branch")
    assert (found.line, found.severity) == (6, Severity.ERROR)


@pytest.mark.parametrize("second", ["`x/one`", "`x/one/more`", "`x`"])
def test_branch_collision(second: str) -> None:
    found = only(read_plan(stream("W1", "Branch: `x/one`") + stream("W2", f"Branch: {second}")), "branch-collision")
    assert (found.line, found.severity) == (13, Severity.ERROR)


def test_branch_that_is_the_base() -> None:
    plan = read_plan("Base: `main`\n\n" + stream("W1", "Branch: `main`") + stream("W2"))
    assert only(plan, "branch-collision").severity is Severity.ERROR


def test_too_many_workstreams() -> None:
    plan = read_plan("".join(f"### W{n}: x\nBranch: `b/{n}`\n" for n in range(1, 103)))
    assert only(plan, "too-many-workstreams").severity is Severity.ERROR


def test_body_too_long() -> None:
    assert only(read_plan("x" * (MAX_BODY + 1)), "body-too-long").severity is Severity.ERROR


def test_files_of_two_owners() -> None:
    both = stream("W1", "Files:", "- `src/a.py`") + stream("W2", "Files:", "- `src/*.py`")
    found = only(read_plan(both), "overlapping-files")
    assert (found.line, found.severity) == (15, Severity.WARNING)
    assert "line 7" in found.message
    assert "may run in parallel" in found.message
    ordered = stream("W1", "Files:", "- `src/a.py`") + stream("W2", "Files:", "- `src/a.py`", "", "Depends on: W1")
    assert only(read_plan(ordered), "overlapping-files").severity is Severity.NOTE


def test_missing_fields_are_notes() -> None:
    plan = read_plan("### W1: a\nBranch: `x`\n### W2: b\nBranch: `y`\n")
    assert {each.code for each in plan.problems} == {"no-acceptance", "no-files"}
    assert {each.severity for each in plan.problems} == {Severity.NOTE}


def test_a_workstream_without_a_command_where_others_have_one() -> None:
    found = only(read_plan(stream("W1", "Validation: `make check`") + stream("W2")), "no-validation")
    assert (found.line, found.severity) == (8, Severity.NOTE)
    assert found.message.startswith("W2 ")


@pytest.mark.parametrize(
    ("second", "line", "said"),
    [
        ("### W2: b ✅\nBranch: `y`\n", 3, "W2 (ticked, line 3) looks done already"),
        ("### W2: b\nStatus: done\nBranch: `y`\n", 4, "W2 ('done', line 4) looks done"),
        ("### W2: b\nStatus: ✅ merged in May\nBranch: `y`\n", 4, "W2 ('✅ merged in May', line 4) looks done"),
        ("### W2: b\nStatus: not done\nBranch: `y`\n", 0, ""),
        ("### W2: b\nStatus: done when the other team has moved to the new cluster\nBranch: `y`\n", 0, ""),
        ("### W2: b\nStatus: open\nBranch: `y`\n", 0, ""),
    ],
)
def test_what_looks_done(second: str, line: int, said: str) -> None:
    plan = read_plan(f"### W1: a\nBranch: `x`\n{second}")
    found = [(each.line, said in each.message, each.severity) for each in plan.problems if each.code == "looks-done"]
    assert found == ([(line, True, Severity.NOTE)] if line else [])


def test_many_that_look_done_are_one_note() -> None:
    plan = read_plan("".join(f"- [x] **W{n}: Part {n}**\n" for n in range(1, 21)) + "- [ ] **W21: Last**\n")
    found = only(plan, "looks-done")
    assert found.line == 1
    assert "and 11 more look done" in found.message


def test_a_workstream_that_nothing_orders() -> None:
    plan = read_plan(stream("W1") + stream("W2") + stream("W3") + "## Merge order\n1. W1\n2. W2\n")
    found = only(plan, "order-orphan")
    assert (found.line, found.severity) == (13, Severity.WARNING)
    needed = stream("W1") + stream("W2") + stream("W3", "Depends on: W1") + "## Merge order\n1. W1\n2. W2\n"
    assert "order-orphan" not in [each.code for each in read_plan(needed).problems]


@pytest.mark.parametrize(
    ("cell", "said"),
    [("W1, W2", ""), ("W2", ""), ("W1", "W3 needs W1 here, but W2 in line 19."), ("None", "W3 needs nothing here")],
)
def test_a_table_with_other_needs(cell: str, said: str) -> None:
    """What follows from the needs of others is no contradiction: W3 needs W2, and W2 needs W1."""
    text = stream("W1") + stream("W2", "Depends on: W1") + stream("W3", "Depends on: W2")
    table = f"## Overview\n\n| ID | Depends on |\n|---|---|\n| W1 | - |\n| W2 | W1 |\n| W3 | {cell} |\n"
    found = [each for each in read_plan(text + table).problems if each.code == "table-disagrees"]
    assert [(each.line, each.severity) for each in found] == ([(27, Severity.WARNING)] if said else [])
    assert all(said in each.message for each in found)


def test_a_drawing_with_an_arrow_that_the_needs_lack() -> None:
    text = stream("W1") + stream("W2", "Depends on: W1") + stream("W3", "Depends on: W2")
    drawn = "## Dependencies\n\n```\nW1 → W2 → W3\nW1 → W3\n{}\n```\n"
    assert "graph-disagrees" not in [each.code for each in read_plan(text + drawn.format("")).problems]
    more = stream("W4", "Depends on: W1")
    found = only(read_plan(text + more + drawn.format("W3 → W4")), "graph-disagrees")
    assert (found.line, found.severity) == (33, Severity.WARNING)
    assert "W4 wait for W3; what it needs by line 26" in found.message


def test_two_merge_blocks_that_check_differently() -> None:
    text = stream("W1", "Branch: `b/one`") + stream("W2", "Branch: `b/two`")
    block = "```bash\ngit merge b/one\n{}\n\ngit merge b/two\nmake check  # all of it\n\nmake pages\n```\n\n"
    same = block.format("make lint # quick")
    assert "verify-disagrees" not in [each.code for each in read_plan(f"{text}## A\n\n{same}## B\n\n{same}").problems]
    found = only(read_plan(f"{text}## A\n\n{same}## B\n\n{block.format('make test')}"), "verify-disagrees")
    assert (found.line, found.severity) == (31, Severity.WARNING)
    assert "After merging W1 this runs 'make test', but line 19 runs 'make lint'." in found.message


@pytest.mark.parametrize(("hours", "line"), [((4, 8, 12), 0), ((4, 8, 16), 20), ((6, 12), 0), ((3, 6, 9), 19)])
def test_moments_that_do_not_fit_the_interval(hours: tuple[int, ...], line: int) -> None:
    text = stream("W1") + stream("W2") + "## Snapshots\n\nTake snapshots every 4 hours.\n\n### Snapshot plan\n\n"
    text = text.replace("## Snapshots", "## Keeping") + "".join(f"- **Hour {each}**: take it\n" for each in hours)
    found = [each.line for each in read_plan(text).problems if each.code == "interval-disagrees"]
    assert found == ([line + 1] if line else [])


def test_order_against_needs() -> None:
    same = read_plan(
        stream("W1") + stream("W2", "Depends on: W1") + stream("W3") + "## Merge order\n1. W1 and W2\n2. W3\n"
    )
    assert only(same, "order-disagrees").severity is Severity.WARNING
    assert same.blocking == ()
    against = read_plan(stream("W1") + stream("W2", "Depends on: W1") + "## Merge order\n1. W2\n2. W1\n")
    assert only(against, "cycle").severity is Severity.ERROR


def test_order_stated_twice() -> None:
    text = stream("W1") + stream("W2") + "## Merge order\n1. W1\n2. W2\n\n## Integration order\n1. W2\n2. W1\n"
    assert only(read_plan(text), "order-stated-twice").line == 18


LINES = 6  # of a stream without fields
FOUR = "".join(stream(key) for key in ("W1", "W2", "W3", "W4"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1. Prepare\n2. Ship\n", "names no workstream that is known"),
        ("Everybody merges with care.\n", "names no workstream that is known"),
        ("Merge W1 first.\n", "names workstreams but was not understood"),
        ("W1, W2\n", "names workstreams but was not understood"),
        ("### Round one\n\nThe small ones.\n", "names no workstream that is known"),
    ],
)
@pytest.mark.parametrize("heading", ["Merge order", "Integration order", "Order of merging"])
def test_order_that_is_not_understood(heading: str, text: str, said: str) -> None:
    plan = read_plan(f"{FOUR}## {heading}\n\n{text}")
    found = only(plan, "order-unread")
    assert (found.line, found.severity) == (4 * LINES + 1, Severity.WARNING)
    assert f"'{heading}' {said}" in found.message
    assert "numbered list of keys" in found.hint
    assert plan.merge_order is None
    assert plan.blocking == ()


def test_label_of_an_order_that_is_not_understood() -> None:
    assert only(read_plan(f"{FOUR}## Rules\n\n**Merge order:** as agreed\n"), "order-unread").line == 4 * LINES + 3


@pytest.mark.parametrize(
    "section",
    [
        "## Merge order\n",
        "## Merge order\n\nnone\n",
        "## Merge order\n\nAny order.\n",
        "## Merge order\n\nAll in parallel.\n",
        "## Merge order\n\nW2 after W1.\n",
        "## Merge strategy\n\nSquash.\n",
        "## Merge order\n\n1. W1\n2. W2, W3\n3. W4\n",
        "## Notes\n\nNothing.\n",
    ],
)
def test_order_with_nothing_left_unread(section: str) -> None:
    assert [each.code for each in read_plan(FOUR + section).problems] == []


def test_steps_of_a_workstream_are_no_merge_order() -> None:
    plan = read_plan(stream("W1", "#### Implementation order", "1. write it", "2. test it") + stream("W2"))
    assert "order-unread" not in [each.code for each in plan.problems]


@pytest.mark.parametrize(
    ("keys", "step", "said", "hint"),
    [
        (("W1", "W2", "W3"), "W9", "'W9'", "Did you mean W3?"),
        (("W1", "W2", "W3"), "W2, W9", "'W9'", "Did you mean W3?"),
        (("Track 1", "Track 2", "Track 3"), "Track 9", "'Track 9'", "Did you mean Track 3?"),
        (("Track 1", "Track 2", "Track 3"), "Tracks 2 & 9", "'9'", "Did you mean Track 3?"),
        (("Agent A", "Agent B", "Agent C"), "Agent X", "'Agent X'", "Did you mean Agent C?"),
        (("P1.1", "P1.2", "P2.1"), "P3.1", "'P3.1'", "Did you mean P2.1?"),
        (("W1", "W2", "W3"), "Part W33", "'W33'", "Did you mean W3?"),
    ],
)
def test_order_with_an_unknown_key(keys: tuple[str, ...], step: str, said: str, hint: str) -> None:
    text = "".join(stream(each) for each in keys) + f"## Merge order\n1. {keys[0]}\n2. {keys[1]}\n3. {step}\n"
    plan = read_plan(text)
    found = only(plan, "order-unknown-key")
    assert (found.line, found.severity, found.hint) == (3 * LINES + 4, Severity.WARNING, hint)
    assert said in found.message
    assert only(plan, "order-incomplete").message.startswith(f"{keys[2]} is in no wave")
    assert plan.blocking == ()


def test_order_with_a_misspelt_title() -> None:
    plan = read_plan("### W1: Basket\n### W2: Discounts\nBranch: `b/2`\n## Merge order\n1. Basket\n2. Discuonts\n")
    assert only(plan, "order-unknown-key").hint == "Did you mean W2?"


@pytest.mark.parametrize("step", ["W2 in v2.0", "W2 with W9.py", "W2 as T9 ✅ asked", "W2 (see docs/W9)", "W2 and I"])
def test_what_is_no_unknown_key(step: str) -> None:
    plan = read_plan(f"{stream('W1')}{stream('W2')}## Merge order\n1. W1\n2. {step}\n")
    assert [each.code for each in plan.problems] == []


def test_order_that_leaves_workstreams_out() -> None:
    found = only(read_plan(f"{FOUR}## Merge order\n1. W1\n2. W4\n"), "order-incomplete")
    assert (found.line, found.severity) == (4 * LINES + 2, Severity.WARNING)
    assert found.message == "W2, W3 are in no wave of the merge order: only their needs hold them."


def test_a_workstream_that_is_done_may_be_left_out_of_the_order() -> None:
    plan = read_plan("- [x] **W1: a**\n- [ ] **W2: b**\n- [ ] **W3: c**\n\n## Merge order\n1. W2\n2. W3\n")
    assert plan.merge_order == (("W2",), ("W3",))
    assert "order-incomplete" not in [each.code for each in plan.problems]


def test_the_authors_words_are_cut() -> None:
    found = only(read_plan(stream("W1", "Branch: `" + "x" * 500 + " y`") + stream("W2")), "invalid-branch")
    assert "x" * (MAX_QUOTE - 1) + "…" in found.message
    assert len(found.message) < 3 * MAX_QUOTE


def test_problems_stand_in_the_order_of_the_text() -> None:
    plan = read_plan(stream("W1", "Branch: `a..b`", "", "Depends on: W7") + stream("W1") + stream("W2", "Branch: `-x`"))
    lines = [each.line for each in plan.problems]
    assert lines == sorted(lines)
