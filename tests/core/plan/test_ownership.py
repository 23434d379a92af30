"""Who owns which file: what a line says of a path, tables of owners, and every doubt about them."""

import re
from itertools import product
from time import perf_counter

import pytest

from bot.core.model import Key, Plan, Problem, Severity
from bot.core.plan.draft import Lines, Owned, Role, Verb
from bot.core.plan.entries import Entry
from bot.core.plan.globs import MAX_COMPARISONS, clashes, overlap
from bot.core.plan.inline import Text
from bot.core.plan.ownership import owned_in
from bot.core.plan.reader import read_plan
from bot.core.plan.vocabulary import Field


def stream(key: str, *files: str, needs: str = "", more: str = "") -> str:
    listed = "\n".join(f"- {each}" for each in files)
    return f"### {key}: Part {key}\nDepends on: {needs or 'none'}\n\nFiles:\n{listed}\n\n{more}\n\nDone when:\n- it works\n\n"


def found(plan: Plan, code: str) -> list[Problem]:
    return [each for each in plan.problems if each.code == code]


OVERLAPS = [
    ("a/b.py", "a/b.py", True),
    ("a/", "a/b.py", True),
    ("a", "a/b/c.py", True),
    ("a/b.py", "a/b.py/c", False),
    ("a/*", "a/b.py", True),
    ("a/*", "a/b/c.py", False),
    ("a/**", "a/b/c.py", True),
    ("a/**", "a", True),
    ("a/**/c.py", "a/b/c.py", True),
    ("a/**/c.py", "a/c.py", True),
    ("a/**/d.py", "a/b/c.py", False),
    ("a/*.py", "a/b.ts", False),
    ("a/(x)/[id].ts", "a/(x)/[id].ts", True),
    ("a/[id]/*", "a/i/x", False),
    ("a/[id]/*", "a/[id]/x", True),
    ("a/**", "a/b/**", True),
    ("a/**", "b/**", False),
    ("b.py", "a/b.py", False),
    ("a/*.{js,ts}", "a/x.ts", True),
    ("a/*.{js,ts}", "a/x.py", False),
    ("a/*.{js,ts}", "a/*.{py,ts}", True),
    ("a/{x}.py", "a/{x}.py", True),
    ("a/*b", "a/b*", True),
    ("a/x*b", "a/y*b", False),
    ("**/a.py", "src/**/b.py", False),
    ("**/*_test.py", "src/**", True),
    ("**/*_test.py", "src/page.py", False),
    ("a/*/c", "a/b/c/d.py", True),
    ("a/?.py", "a/b.py", True),
    ("a/?.py", "a/bc.py", False),
    ("Makefile", "**/*.py", False),
    ("x" * 400, "x" * 400, True),
    ("x" * 400, "*", False),
]


@pytest.mark.parametrize(("one", "other", "wanted"), OVERLAPS)
def test_overlap_of_paths_and_globs(one: str, other: str, wanted: bool) -> None:
    assert overlap(one, other) is wanted
    assert overlap(other, one) is wanted


def _matches(parts: list[str], names: tuple[str, ...]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        return any(_matches(parts[1:], names[n:]) for n in range(len(names) + 1))
    pattern = re.escape(parts[0]).replace(r"\*", ".*").replace(r"\?", ".")
    return bool(names) and re.fullmatch(pattern, names[0]) is not None and _matches(parts[1:], names[1:])


def test_overlap_is_what_trying_every_path_says() -> None:
    """Globs that end in a wildcard, against all paths of up to three names of up to three letters."""
    names = ["".join(each) for n in (1, 2, 3) for each in product("ab", repeat=n)]
    paths = [each for n in (1, 2, 3) for each in product(names, repeat=n)]
    parts = ["**", "a*", "*b", "?", "ab"]
    globs = ["/".join(each) for n in (1, 2) for each in product(parts, repeat=n) if each[-1] != "ab"]
    matched = {glob: {path for path in paths if _matches(glob.split("/"), path)} for glob in globs}
    for one, other in product(globs, repeat=2):
        assert overlap(one, other) is bool(matched[one] & matched[other]), (one, other)


def test_every_pair_is_found_once() -> None:
    owned = [["a/b.py", "x/**"], ["a/*", "x/y/z.py"], ["a/b.py", "c.py"]]
    pairs, complete = clashes(owned, 50)
    assert complete
    assert sorted((each.one, each.path, each.other, each.other_path) for each in pairs) == [
        (0, "a/b.py", 1, "a/*"),
        (0, "a/b.py", 2, "a/b.py"),
        (0, "x/**", 1, "x/y/z.py"),
        (1, "a/*", 2, "a/b.py"),
    ]


@pytest.mark.parametrize(
    ("glob", "complete"),
    [
        ("src/part{0}/file{1}.py", True),
        ("*{0}x*{1}/**/a", False),
        ("a/b/*{1}/{0}", False),
        ("*" + "?" * 60 + "{0}*{1}", False),
        ("**/" + "*/" * 60 + "{0}/{1}", False),
    ],
)
def test_many_files_of_many_owners_are_compared_in_little_time(glob: str, complete: bool) -> None:
    owned = [[glob.replace("{0}", str(one)).replace("{1}", str(n)) for n in range(200)] for one in range(100)]
    start = perf_counter()
    pairs, all_of_them = clashes(owned, MAX_COMPARISONS)
    assert perf_counter() - start < 2.0
    assert all_of_them is complete
    assert bool(pairs) is not complete or glob.startswith("a/b")


@pytest.mark.parametrize(
    ("label", "text", "wanted"),
    [
        ("Files", "`a.py`", Owned("a.py", 7)),
        ("Files", "`a.py:1-700`", Owned("a.py", 7, lines=Lines(1, 700))),
        ("Files", "`a.py:700+`", Owned("a.py", 7, lines=Lines(700, None))),
        ("Files", "`a.py#L10-L20`", Owned("a.py", 7, lines=Lines(10, 20))),
        ("Files", "a.py (lines 1-70)", Owned("a.py", 7, lines=Lines(1, 70))),
        ("Files", "`a.py` lines 600+", Owned("a.py", 7, lines=Lines(600, None))),
        ("Files", "`a.py:9-3`", Owned("a.py", 7)),
        ("Files to create", "`a.py`", Owned("a.py", 7, verb=Verb.CREATE)),
        ("Files to create/modify", "`a.py`", Owned("a.py", 7)),
        ("Files", "Delete `a.py`", Owned("a.py", 7, verb=Verb.DELETE)),
        ("Files", "`a.py` (new)", Owned("a.py", 7, verb=Verb.CREATE)),
        ("Files", "`a.py` — modify the header", Owned("a.py", 7, verb=Verb.MODIFY)),
        ("Files", "`a.py` (only if needed)", Owned("a.py", 7, condition="only if needed")),
        ("Primary files", "`a.py`", Owned("a.py", 7, role=Role.PRIMARY)),
        ("Files", "`a.py` (shared with W2)", Owned("a.py", 7, role=Role.SHARED)),
        (
            "Files",
            "`app/(shop)/[id]/page.tsx` (if needed)",
            Owned("app/(shop)/[id]/page.tsx", 7, condition="if needed"),
        ),
    ],
)
def test_what_a_line_says_of_a_path(label: str, text: str, wanted: Owned) -> None:
    assert owned_in(Entry(Field.FILES, label, 7, [Text(text, 7)])) == [wanted]


def test_files_that_the_plan_shares_are_a_note() -> None:
    text = stream("W1", "`a.py` (shared)") + stream("W2", "`a.py` (shared)")
    (one,) = found(read_plan(text), "overlapping-files")
    assert (one.severity, one.line) == (Severity.NOTE, 16)
    assert "which share it" in one.message


def test_a_condition_and_a_verb_are_told() -> None:
    (one,) = found(read_plan(stream("W1", "`a.py` (only if asked)") + stream("W2", "`a.py`")), "overlapping-files")
    assert "owned by W1 (line 5, 'only if asked') and by W2 (line 16)" in one.message
    (two,) = found(read_plan(stream("W1", "Create `a.py`") + stream("W2", "`a.py` (new)")), "overlapping-files")
    assert "'a.py': created by W1" in two.message


def test_more_overlaps_than_are_shown() -> None:
    files = [f"`src/f{n}.py`" for n in range(60)]
    plan = read_plan(stream("W1", *files) + stream("W2", *files))
    assert len(found(plan, "overlapping-files")) == 50
    assert [each.severity for each in found(plan, "overlaps-unchecked")] == [Severity.NOTE]


def test_doubts_are_shown_before_notes() -> None:
    files = [f"`src/f{n}.py`" for n in range(60)]
    plan = read_plan(stream("W1", *files) + stream("W2", *files, needs="W1") + stream("W3", "`src/f0.py`"))
    doubts = [each for each in found(plan, "overlapping-files") if each.severity is Severity.WARNING]
    assert len(doubts) == 2


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            "`a.py:1-70`",
            "`a.py:50-90`",
            "Lines 50-70 of 'a.py' belong to W1 (1-70, line 5) and to W2 (50-90, line 16).",
        ),
        ("`a.py:1-70`", "`a.py:60+`", "Lines 60-70 of"),
        ("`a.py:1-70`", "`a.py:70+`", ""),
        ("`a.py:1-70`", "`a.py:71-90`", ""),
        ("`a.py:1-70`", "`b.py:1-70`", ""),
        ("`a.py:1-70`", "`a.py`", ""),
    ],
)
def test_lines_of_two_owners(first: str, second: str, said: str) -> None:
    plan = read_plan(stream("W1", first) + stream("W2", second))
    assert [(each.line, said in each.message) for each in found(plan, "overlapping-lines")] == (
        [(16, True)] if said else []
    )
    apart = [each.severity for each in found(plan, "overlapping-files") if "in different lines" in each.message]
    assert apart == ([Severity.NOTE] if second in {"`a.py:70+`", "`a.py:71-90`"} else [])


@pytest.mark.parametrize(
    ("sentence", "line"),
    [
        ("Hook in around line 85.", 7),
        ("Hook in at a.py line 85.", 7),
        ("Hook in at b.py line 85.", 0),
        ("Hook in around line 50.", 0),
        ("W2 does line 85.", 0),
        ("It logs 85 lines.", 0),
    ],
)
def test_a_place_outside_the_own_lines(sentence: str, line: int) -> None:
    plan = read_plan(stream("W1", "`a.py:1-70`", more=sentence) + stream("W2", "`a.py:71+`"))
    outside = found(plan, "overlapping-lines")
    assert [each.line for each in outside] == ([line] if line else [])
    assert all("outside its own lines 1-70 (line 5): that is W2 (line 16)." in each.message for each in outside)


MATRIX = "## File ownership\n\n| File | W1 | W2 |\n|---|---|---|\n"


def test_a_matrix_gives_files_to_workstreams_that_list_none() -> None:
    text = "### W1: a\nDepends on: none\n### W2: b\nDepends on: W1\n" + MATRIX
    plan = read_plan(text + "| `src/a.py` | PRIMARY | - |\n| `src/b.py` | — | ✓ |\n| `src/c.py` | SHARED | SHARED |\n")
    assert [each.files for each in plan.workstreams] == [("src/a.py", "src/c.py"), ("src/b.py", "src/c.py")]


def test_a_table_of_owners() -> None:
    text = "### W1: a\nDepends on: none\n### W2: b\nDepends on: W1\n## Files\n\n| Path | Owner | Secondary |\n|---|---|---|\n"
    plan = read_plan(text + "| `src/a.py` | W1 | W2 |\n| `src/b.py` | W2 | - |\n")
    assert [each.files for each in plan.workstreams] == [("src/a.py",), ("src/a.py", "src/b.py")]


@pytest.mark.parametrize(
    ("row", "alone"),
    [
        ("| a.py | SECONDARY | - |", True),
        ("| a.py | SECONDARY | SECONDARY |", True),
        ("| a.py | SECONDARY | PRIMARY |", False),
        ("| a.py | SECONDARY | shared |", False),
        ("| a.py | - | - |", False),
    ],
)
def test_a_secondary_owner_without_a_primary_one(row: str, alone: bool) -> None:
    plan = read_plan(stream("W1", "`src/a.py`") + stream("W2", "`src/b.py`") + MATRIX + row)
    secondary = found(plan, "secondary-without-primary")
    assert [(each.line, each.severity) for each in secondary] == ([(27, Severity.WARNING)] if alone else [])
    assert all("'src/a.py' has no primary owner" in each.message for each in secondary)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ("| a.py | PRIMARY | - |\n| b.py | - | PRIMARY |", []),
        (
            "| a.py | - | PRIMARY |",
            [(5, "W1 lists 'src/a.py', which the table gives to W2"), (27, "to W2, whose own list")],
        ),
        ("| c.py | PRIMARY | - |", [(27, "The table gives 'c.py' to W1, whose own list (line 5) lacks it.")]),
        ("| src/ | PRIMARY | - |", []),
    ],
)
def test_a_matrix_against_the_lists(rows: str, wanted: list[tuple[int, str]]) -> None:
    plan = read_plan(stream("W1", "`src/a.py`") + stream("W2", "`src/b.py`") + MATRIX + rows)
    differ = found(plan, "table-disagrees")
    assert [each.line for each in differ] == [line for line, _ in wanted]
    assert all(said in each.message for each, (_, said) in zip(differ, wanted, strict=True))


def test_files_of_a_workstream_stay_plain_paths() -> None:
    plan = read_plan(stream("W1", "`lib.rs:1-700`") + stream("W2", "lib.rs (lines 701-900)"))
    assert [(each.key, each.files) for each in plan.workstreams] == [
        (Key("W1"), ("lib.rs",)),
        (Key("W2"), ("lib.rs",)),
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Files:\n- `Dockerfile.web`\n- `.env.example`", ("Dockerfile.web", ".env.example")),
        (
            "Files:\n- `src/mail/` (new)\n  - `send.py`\n  - `src/page.py`",
            ("src/mail/", "src/mail/send.py", "src/page.py"),
        ),
        ("Deliverables:\n- `docs/guide.md`\n- Report: `docs/report.md`", ("docs/guide.md", "docs/report.md")),
        ("Tasks:\n- Add `src/a.py` and test it in `tests/a.py` (see `docs/a.md`)", ("src/a.py", "tests/a.py")),
        ("Tasks:\n- Read `src/a.py` first", ()),
        ("Files: `b.py`\n\nTasks:\n- Add `src/a.py`", ("b.py",)),
    ],
)
def test_files_by_where_they_stand(text: str, wanted: tuple[str, ...]) -> None:
    """Steps count where the workstream lists no files."""
    plan = read_plan(f"### W1: One\nDepends on: none\n\n{text}\n\n### W2: Two\nDepends on: W1\n")
    assert plan.workstreams[0].files == wanted
