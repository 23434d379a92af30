"""The contradictions that the five real plans beside the checkout contain, with their lines. Skipped without them."""

import pytest

from bot.core.plan.reader import read_plan
from tests.core.plan.build import plans_folder

SEEDS = {
    "seed_000": [("overlapping-files", 69, "imports.py")],
    "seed_001": [("interval-disagrees", 459, "every 4 hours")],
    "seed_002": [
        ("overlapping-lines", 238, "line 1500"),
        ("overlapping-lines", 239, "line 998"),
        ("overlapping-lines", 393, "600-700"),
        ("secondary-without-primary", 399, "ScoutTab.svelte"),
        ("verify-disagrees", 412, "line 88"),
        ("verify-disagrees", 416, "line 92"),
        ("verify-disagrees", 421, "line 97"),
        ("verify-disagrees", 426, "line 102"),
    ],
    "seed_003": [
        ("graph-disagrees", 1054, "P2A.1"),
        ("graph-disagrees", 1055, "P2C.1"),
        ("graph-disagrees", 1060, "P2D.1"),
    ],
}
CODES = {code for every in SEEDS.values() for code, _, _ in every} | {"table-disagrees"}


@pytest.mark.parametrize("seed", [*SEEDS, "seed_004"])
def test_contradictions_of_a_real_plan(seed: str) -> None:
    """Every one is found at its line; no other doubt of these kinds is made up."""
    plan = read_plan((plans_folder() / f"{seed}.md").read_text("utf-8"))
    doubts = [each for each in plan.problems if each.code in CODES and "one after the other" not in each.message]
    doubts = [each for each in doubts if "in different lines" not in each.message]
    wanted = SEEDS.get(seed, [])
    assert [(each.code, each.line) for each in doubts] == [(code, line) for code, line, _ in wanted]
    assert all(said in each.message for each, (_, _, said) in zip(doubts, wanted, strict=True))


def test_no_label_names_a_problem_that_is_not_there() -> None:
    plan = read_plan((plans_folder() / "seed_004.md").read_text("utf-8"))
    assert plan.blocking == ()
