"""Needs and waves that people tell in prose, headings, columns and lists: who waits for whom, whatever the form."""

import pytest

from bot.core.model import Key
from bot.core.plan.reader import read_plan
from bot.core.plan.tick import tick

FOUR = "\n".join(
    f"### W{n}: Part {name}\nFiles: `{name}.py`\n" for n, name in enumerate(("one", "two", "three", "four"), 1)
)


def needs(text: str) -> dict[str, tuple[str, ...]]:
    """Return who waits for whom, without those that wait for nobody."""
    return {each.key: each.needs for each in read_plan(text).workstreams if each.needs}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("W2 depends on W1.", {"W2": ("W1",)}),
        ("After W1 merges, start W2 and W3.", {"W2": ("W1",), "W3": ("W1",)}),
        ("After **W1** lands, rebase **W3** onto the base.", {"W3": ("W1",)}),
        ("Once W1 and W2 are in, W4 can start.", {"W4": ("W1", "W2")}),
        ("Do not merge W4 before W2 / W3 unless somebody asks.", {"W4": ("W2", "W3")}),
        ("Never start W3 until W1 is merged.", {"W3": ("W1",)}),
        ("W4 must not land before W1.", {"W4": ("W1",)}),
        ("W1 must merge before W2.", {"W2": ("W1",)}),
        ("W2-W4 need W1.", {"W2": ("W1",), "W3": ("W1",), "W4": ("W1",)}),
        ("W3 would benefit from W1 but can go without.", {}),
        ("W2 is not blocked by W1.", {}),
        ("W2 and W3 may run in parallel.", {}),
        ("Read the notes of W1 and W2.", {}),
    ],
)  # fmt: skip
def test_a_sentence_outside_the_workstreams(sentence: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert needs(f"# Plan\n\n## Workstreams\n\n{FOUR}\n## Notes\n\n{sentence}\n") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("W1-3", ("W1", "W2", "W3")),
        ("W1, W2 and W3", ("W1", "W2", "W3")),
        ("W2 (schema) + W3", ("W2", "W3")),
        ("everything else", ("W1", "W2", "W3")),
        ("all others", ("W1", "W2", "W3")),
        ("all of the above", ("W1", "W2", "W3")),
        ("none", ()),
        ("nothing, can start immediately", ()),
        ("two.py branch", ()),
    ],
)
def test_a_needs_field(value: str, expected: tuple[str, ...]) -> None:
    assert needs(f"# Plan\n\n## Workstreams\n\n{FOUR}Depends on: {value}\n").get("W4", ()) == expected


@pytest.mark.parametrize(
    "remark",
    ["Priority: critical (others depend on this)", "This blocks everything else.", "All others wait for this."],
)
def test_what_everybody_waits_for(remark: str) -> None:
    text = FOUR.replace("Files: `one.py`", f"Files: `one.py`\n\n{remark}")
    assert needs(f"# Plan\n\n## Workstreams\n\n{text}") == dict.fromkeys(("W2", "W3", "W4"), ("W1",))


GROUPED = """# Plan

## Phase 1: Base

### T1: Schema
Files: `schema.py`

### T2: Storage
Files: `storage.py`

## Phase 2: Service{remark}

{below}

### T3: Routes
Files: `routes.py`

### T4: Jobs
Files: `jobs.py`
Depends on: T1

## Phase 3: Pages

### T5: Pages
Files: `pages.py`
Depends on: {last}
"""


@pytest.mark.parametrize(
    ("remark", "below", "last", "expected"),
    [
        (" (after phase 1)", "", "none", {"T3": ("T1", "T2"), "T4": ("T1",)}),
        ("", "**Goal:** serve · **Depends:** Phase 1", "none", {"T3": ("T1", "T2"), "T4": ("T1",)}),
        ("", "Depends on: 1", "none", {"T3": ("T1", "T2"), "T4": ("T1",)}),
        ("", "Starts after T2 is merged.", "none", {"T3": ("T2",), "T4": ("T1",)}),
        ("", "It has two parts.", "All Phase 1+2 tasks", {"T4": ("T1",), "T5": ("T1", "T2", "T3", "T4")}),
        ("", "It has two parts.", "Phases 1 and 2", {"T4": ("T1",), "T5": ("T1", "T2", "T3", "T4")}),
    ],
)
def test_what_a_group_waits_for_holds_for_members_that_say_nothing(
    remark: str, below: str, last: str, expected: dict[str, tuple[str, ...]]
) -> None:
    assert needs(GROUPED.format(remark=remark, below=below, last=last)) == expected


def test_a_wait_between_two_lists() -> None:
    text = """# Release

## Blocking

- [ ] Move the parser
- [ ] Move the printer
- [ ] Move the cache

Once all of these are merged:

- [ ] Switch the default
"""
    assert needs(text) == {"item-4": ("item-1", "item-2", "item-3")}
    assert read_plan(text).merge_order == (("item-1", "item-2", "item-3"), ("item-4",))


def test_a_column_names_the_group() -> None:
    text = """# Plan

| ID | Task | Phase | Depends on |
|----|------|-------|------------|
| T1 | Schema | 1 | - |
| T2 | Storage | 1 | - |
| T3 | Pages | 2 | Phase 1 |
"""
    assert needs(text) == {"T3": ("T1", "T2")}


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        ("- **Wave 1:** W1\n- **Wave 2:** W2, W3\n- **Wave 3:** W4", (("W1",), ("W2", "W3"), ("W4",))),
        ("```\nWave 1:\n  W1\nWave 2:\n  W2\n  W3\n```", (("W1",), ("W2", "W3"))),
        ("| Wave | Who |\n|---|---|\n| 1 | W1, W2 |\n| 2 | W3 |", (("W1", "W2"), ("W3",))),
        ("**Phase 1 complete**: W1 and W2\n\n**Phase 2 complete**: W3", (("W1", "W2"), ("W3",))),
        ("**Critical path**: Part one → Part two → Part three → Part four", (("W1",), ("W2",), ("W3",), ("W4",))),
        ("**Critical path**: Part one → Part two", None),
        ("Wave 1: W1\n\nNothing more.", None),
        ("- Wave 1: the easy ones\n- Wave 2: W2", None),
        ("**Monday:** W1\n\n**Tuesday:** W2", None),
    ],
)
def test_waves_outside_a_section_about_the_order(listing: str, expected: tuple[tuple[str, ...], ...] | None) -> None:
    assert read_plan(f"# Plan\n\n## Workstreams\n\n{FOUR}\n## Summary\n\n{listing}\n").merge_order == expected


def test_releases_are_waves() -> None:
    text = """# Road to 2.0

## 2.0-beta blockers

- [ ] Drop the old reader
- [ ] Rename the flags

## 2.0-rc blockers

- [ ] Write the guide

## 2.0

- [ ] Release it
"""
    assert read_plan(text).merge_order == (("item-1", "item-2"), ("item-3",), ("item-4",))


def test_an_order_of_lettered_epics() -> None:
    epics = "\n".join(
        f"## Epic {letter} — Part {letter}\n\n**Goal:** done\n\nFiles: `{letter}.py`\n" for letter in "ABCD"
    )
    text = f"# Epics\n\n{epics}\n## Milestone order\n\n1. **M1** — A + B (base)\n2. **M2** — C then D\n"
    assert read_plan(text).merge_order == (("Epic A", "Epic B"), ("Epic C",), ("Epic D",))


@pytest.mark.parametrize(
    ("streams", "steps", "expected"),
    [
        ("### 1: Base\n\n### 2: Service\n\n### 3: Page", "1. 2\n2. 1, 3", (("2",), ("1", "3"))),
        ("### W10: Base\n\n### W2: W10 cleanup", "1. W10\n2. W2", (("W10",), ("W2",))),
        (
            "### W1: Base\n\n### W2: Service\n\n### W3: Page",
            "1. W1\n2. W2 → W3 (in any order)",
            (("W1",), ("W2", "W3")),
        ),
    ],
)
def test_steps_that_are_nothing_but_keys(streams: str, steps: str, expected: tuple[tuple[str, ...], ...]) -> None:
    text = streams.replace("\n\n", "\nFiles: `a.py`\n\n")
    assert read_plan(f"# Plan\n\n## Workstreams\n\n{text}\n\n## Merge order\n\n{steps}\n").merge_order == expected


def test_a_ticked_heading_keeps_its_key() -> None:
    text = "# Plan\n\n## Workstreams\n\n### Agent A\nFiles: `a.py`\n\n### Agent B\nFiles: `b.py`\n"
    ticked = tick(text, [Key("Agent A")])
    assert [(each.key, each.ticked) for each in read_plan(ticked).workstreams] == [
        ("Agent A", True),
        ("Agent B", False),
    ]
