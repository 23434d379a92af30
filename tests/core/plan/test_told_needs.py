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
        ("Setup (W1, W2) before everything else", {"W3": ("W1", "W2"), "W4": ("W1", "W2")}),
        ("Tests (W1) before W3 and W4", {"W3": ("W1",), "W4": ("W1",)}),
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


def test_fields_told_in_sentences() -> None:
    text = """# Launch

### Agent Ada: registry
Works on branch `team/ada`. Touches only `registry/` and `schemas/events.json`.

### Agent Bob: collectors
Works on branch `team/bob`. Owns `collectors/`. Waits for Ada.
"""
    ada, bob = read_plan(text).workstreams
    assert (ada.branch, ada.files) == ("team/ada", ("registry/", "schemas/events.json"))
    assert (bob.branch, bob.files, bob.needs) == ("team/bob", ("collectors/",), ("Agent Ada",))


def test_a_roster_of_hyphenated_roles() -> None:
    text = """# Squad roster

1. **parser-agent** – rewrites the grammar. Owns `grammar/`. Branch `sq/parser`.
2. **lint-agent** – new rules. Owns `rules/`. Branch `sq/lint`.
3. **docs-agent** – reference pages. Owns `docs/ref/`. Branch `sq/docs`.
"""
    plan = read_plan(text)
    assert [(each.key, each.branch) for each in plan.workstreams] == [
        ("parser-agent", "sq/parser"), ("lint-agent", "sq/lint"), ("docs-agent", "sq/docs"),
    ]  # fmt: skip


def test_task_lines_own_the_path_they_end_in() -> None:
    text = """# Tasks

## Core

- [ ] T001 Create the skeleton in `packages/sync/`
- [ ] T002 [P] Outbox model in `packages/sync/outbox.ts`
- [ ] T003 Update `docs/sync.md`
"""
    assert [each.files for each in read_plan(text).workstreams] == [
        ("packages/sync/",), ("packages/sync/outbox.ts",), ("docs/sync.md",),
    ]  # fmt: skip


def test_a_stack_of_pulls_needs_what_its_bases_say() -> None:
    text = """# Stack

| # | PR | Base | Head |
|---|----|------|------|
| 1 | Extract the loader | `main` | `cfg/loader` |
| 2 | Typed settings | `cfg/loader` | `cfg/typed` |
| 3 | Drop the old ones | `cfg/typed` | `cfg/drop` |
"""
    streams = read_plan(text).workstreams
    assert [each.branch for each in streams] == ["cfg/loader", "cfg/typed", "cfg/drop"]
    assert [each.needs for each in streams] == [(), (streams[0].key,), (streams[1].key,)]
    assert read_plan(text).base == "main"


def test_subtasks_are_named_with_their_task() -> None:
    text = """# Task ID: 7

# Subtasks

## 1. Schema [done]
### Dependencies: None
### Description: Define the fields.

## 2. Indexer [pending]
### Dependencies: 7.1
### Description: Write them.
"""
    assert needs(text) == {"2": ("1",)}


def test_parentheses_hold_a_wave() -> None:
    text = f"# Plan\n\n## Workstreams\n\n{FOUR}\n## Merge order\n\nW1 → (W2 ‖ W3) → W4\n"
    assert read_plan(text).merge_order == (("W1",), ("W2", "W3"), ("W4",))


def test_lettered_headings_beside_each_other() -> None:
    text = "# Build\n\n### A — Lexer\n**Files:** `lex.rs`\n\n### B — Parser\n**Files:** `parse.rs`\n**Needs:** A\n"
    assert needs(text) == {"B": ("A",)}


def test_a_template_is_no_plan() -> None:
    plan = read_plan("# PR template\n\n- [ ] Tests added\n- [ ] Docs updated\n- [ ] No merge commits\n")
    assert plan.workstreams == ()
    assert "a template" in plan.problems[0].message


@pytest.mark.parametrize(("remark", "unknown"), [(" (research complete ✅)", False), (" (research)", True), ("", True)])
def test_an_unknown_need_that_is_done_blocks_nothing(remark: str, unknown: bool) -> None:
    plan = read_plan(f"# Plan\n\n## Workstreams\n\n{FOUR}Depends on: W1, W9{remark}\n")
    assert ("unknown-need" in [each.code for each in plan.problems]) is unknown
    assert plan.workstreams[3].needs == ("W1",)


@pytest.mark.parametrize("title", ["#12", "W0: The whole", "Task 7: Search"])
def test_a_title_with_a_key_is_no_workstream(title: str) -> None:
    text = "## Workstreams\n\n### Backend: Routes\nFiles: `a.py`\n\n### Frontend: Page\nBranch: `feat/b`\n"
    assert [each.key for each in read_plan(f"# {title}\n\n{text}").workstreams] == ["Backend", "Frontend"]
