"""The canonical form, its variants, and texts that are no plan."""

import pytest

from bot.core.model import Key, Plan
from bot.core.plan.graph import waves
from bot.core.plan.reader import read_plan
from tests.core.plan.build import EXAMPLE, ROOT, codes, needs

TWO = """# Two

Base: `trunk`

## Workstreams

### W1: First
Branch: `feat/one`
Files: `src/one.py`, `src/(app)/[id]/page.tsx` (only if needed)
Acceptance:
- [ ] it works

### W2: Second
**Branch:** `feat/two`
**Files:**
- `src/two/**` (new)
**Depends on:** W1
**Scope:** all of it
**Does NOT include:**
- the rest
**Done when:**
- `pytest -q` passes
- it is short
"""


def test_example_has_no_problems() -> None:
    plan = read_plan(EXAMPLE.read_text(encoding="utf-8"))
    assert plan.problems == ()
    assert plan.base == "main"
    assert [each.key for each in plan.workstreams] == ["W1", "W2", "W3", "W4", "W5"]
    assert waves(plan) == (("W1",), ("W2", "W3"), ("W4",), ("W5",))
    assert plan.merge_order == (("W1",), ("W2", "W3"), ("W4",), ("W5",))


def test_template_reads_without_problems() -> None:
    plan = read_plan((ROOT / ".github/ISSUE_TEMPLATE/plan.md").read_text(encoding="utf-8"))
    assert plan.problems == ()
    assert needs(plan) == {"W1": (), "W2": ("W1",)}


def test_fields_of_the_canonical_form() -> None:
    plan = read_plan(TWO)
    one, two = plan.workstreams
    assert plan.title == "Two"
    assert plan.base == "trunk"
    assert one.branch == "feat/one"
    assert one.files == ("src/one.py", "src/(app)/[id]/page.tsx")
    assert one.acceptance == ("it works",)
    assert (two.title, two.line, two.branch) == ("Second", 13, "feat/two")
    assert two.files == ("src/two/**",)
    assert two.needs == ("W1",)
    assert two.scope == ("all of it",)
    assert two.out_of_scope == ("the rest",)
    assert two.acceptance == ("`pytest -q` passes", "it is short")
    assert two.validation == ("pytest -q",)


def test_the_issue_title_counts_before_the_heading() -> None:
    assert read_plan(TWO, "Plan: two").title == "Plan: two"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_do_not_matter(end: str) -> None:
    assert read_plan(TWO.replace("\n", end)) == read_plan(TWO)


def test_checkbox_form() -> None:
    plan = read_plan(
        "Base: `main`\n\n- [ ] **W1: Items** (branch `a/b`)\n  - Files: `a.py`, `b.py`\n"
        "  - Acceptance:\n    - [ ] one\n    - [ ] two\n"
        "- [x] **W2: Storage** (needs W1)\n- [ ] W3: Report (needs W1; branch `c/d`)\n"
        "- [ ] **W4: Guide**, after W2 and W3\n"
    )
    one, two, three, four = plan.workstreams
    assert (one.branch, one.files, one.acceptance) == ("a/b", ("a.py", "b.py"), ("one", "two"))
    assert (two.title, two.needs, two.ticked) == ("Storage", ("W1",), True)
    assert (three.title, three.branch, three.needs) == ("Report", "c/d", ("W1",))
    assert (four.title, four.needs) == ("Guide", ("W2", "W3"))


def test_table_form() -> None:
    plan = read_plan(
        "## Tasks\n\n| ID | Task | Branch | Depends on | Files |\n|---|---|---|---|---|\n"
        "| T1 | Schema | `t/schema` | - | `db.sql` |\n| T2 | API | `t/api` | T1 | `api.py` |\n"
        "| T3 | UI | `t/ui` | T1, T2 | `ui.ts` |\n"
    )
    assert needs(plan) == {"T1": (), "T2": ("T1",), "T3": ("T1", "T2")}
    assert [each.branch for each in plan.workstreams] == ["t/schema", "t/api", "t/ui"]
    assert plan.workstreams[1].title == "API"
    assert plan.workstreams[2].files == ("ui.ts",)


def test_fields_as_sub_headings_and_in_details() -> None:
    plan = read_plan(
        "### W1: One\n#### Files\n- `a.py`\n#### Acceptance criteria\n- done\n\n"
        "### W2: Two\n<details>\n<summary>More</summary>\n\nFiles: `b.py`\n\nDepends on: W1\n\n</details>\n"
    )
    one, two = plan.workstreams
    assert (one.files, one.acceptance) == (("a.py",), ("done",))
    assert (two.files, two.needs) == (("b.py",), ("W1",))


def test_html_comments_are_no_text() -> None:
    plan = read_plan(TWO + "\n<!--\n### W3: Hidden\nBranch: `x`\n-->\n<!-- Depends on: W9 -->\n")
    assert [each.key for each in plan.workstreams] == ["W1", "W2"]
    assert "unknown-need" not in codes(plan)


def order_of(section: str) -> Plan:
    return read_plan(
        "### W1: One\nBranch: `b/1`\n\n### W2: Two\nBranch: `b/2`\n\n"
        "### W3: Three\nBranch: `b/3`\n\n### W4: Four\nBranch: `b/4`\n\n" + section
    )


@pytest.mark.parametrize(
    "section",
    [
        "## Merge order\n1. W1\n2. W3 and W2 in parallel\n3. W4\n",
        "## Merge order\n- W1 first\n- W3 + W2\n- W4 last\n",
        "## Merge order\nW1 → W3, W2 → W4\n",
        "**Merge order:** W1 -> W3/W2 -> W4\n",
        "## Integration order\n1. W1 (contracts) merge first\n2. W3 after W1\n3. W2 in parallel with W3\n4. W4\n",
        "## Merge order\n```\n1. b/1 → main\n2. b/3, b/2 → main\n3. b/4 → main\n```\n",
    ],
)
def test_merge_order_in_many_forms(section: str) -> None:
    order = order_of(section).merge_order
    assert order is not None
    assert [sorted(each) for each in order] == [["W1"], ["W2", "W3"], ["W4"]]


def shop(word: str, *keys: str) -> str:
    titles = ("Basket", "Discounts", "Shipping costs", "Page and styles")
    return "".join(
        f"### {word}{key}: {title}\nBranch: `b/{key.lower()}`\n\n" for key, title in zip(keys, titles, strict=True)
    )


@pytest.mark.parametrize(
    "text",
    [
        "First {0}, then {1} and {2} (any order), {3} last.",
        "First {0}, then {1} + {2}, and finally {3}.",
        "{0} first. Then {1} in parallel with {2}. {3} last.",
        "Merge {0} first, then\n{2} and {1}, followed by {3}.",
        "1. {0} first\n2. {1} & {2} in any order\n3. {3} last",
        "1. Basket\n2. Discounts, Shipping\n3. Page",
        "1. basket\n2. SHIPPING COSTS + discounts\n3. Page and styles",
        "First Basket, then Discounts and Shipping, finally Page and styles.",
        "Basket → Discounts, Shipping → Page",
        "| Step | What |\n|---|---|\n| 1 | Basket |\n| 2 | Discounts, Shipping |\n| 3 | Page |",
    ],
)
@pytest.mark.parametrize(
    ("word", "keys"),
    [("", ("W1", "W2", "W3", "W4")), ("Track ", ("1", "2", "3", "4")), ("Agent ", ("A", "B", "C", "D"))],
)
def test_merge_order_in_words(word: str, keys: tuple[str, ...], text: str) -> None:
    names = [f"{word}{each}" for each in keys]
    plan = read_plan(f"{shop(word, *keys)}## Merge order\n\n{text.format(*names)}\n")
    assert plan.merge_order is not None
    assert [sorted(each) for each in plan.merge_order] == [[names[0]], names[1:3], [names[3]]]
    assert {each.code for each in plan.problems} <= {"no-files", "no-acceptance"}


@pytest.mark.parametrize("group", ["Tracks 2 & 3", "Tracks 2 and 3", "tracks 2, 3", "Tracks 2 + 3", "Tracks 2-3"])
def test_group_words_in_the_plural(group: str) -> None:
    plan = read_plan(
        f"{shop('Track ', '1', '2', '3', '4')}Depends on: {group}\n\n## Merge order\n1. Track 1\n2. {group}\n"
    )
    assert plan.merge_order == (("Track 1",), ("Track 2", "Track 3"))
    assert needs(plan)["Track 4"] == ("Track 2", "Track 3")


@pytest.mark.parametrize(
    "text",
    [
        "First W1, then not W2, then W3.",
        "W4 last. First W1, then W2 and W3.",
        "First W1, then W2 which W3 uses.",
        "First W1, then W2 or W3.",
        "First W1, then W2, then W1 again.",
        "1. S\n2. B",
    ],
)
def test_what_can_be_read_in_two_ways_gives_no_order(text: str) -> None:
    plan = read_plan(f"{shop('', 'W1', 'W2', 'W3', 'W4')}## Merge order\n\n{text}\n")
    assert plan.merge_order is None
    assert "order-unread" in codes(plan)


def test_a_beginning_of_two_titles_names_neither() -> None:
    text = "### W1: Page top\nBranch: `a`\n### W2: Page end\nBranch: `b`\n### W3: Basket\n## Merge order\n1. Page\n2. Basket\n"
    plan = read_plan(text)
    assert plan.merge_order is None
    assert "order-unread" in codes(plan)


def test_headings_with_a_label_below_workstreams() -> None:
    plan = read_plan(
        "## Workstreams\n\n### A: First\nBranch: `p/a`\n\n### Backend: api\nBranch: `p/b`\nDepends on: A\n\n"
        "### API - server\nBranch: `p/c`\nDepends on: Backend\n\n### Notes: none\n\n"
        "## Merge order\n1. A\n2. Backend\n3. API\n"
    )
    assert [(each.key, each.title) for each in plan.workstreams] == [
        ("A", "First"),
        ("Backend", "api"),
        ("API", "server"),
    ]
    assert needs(plan) == {"A": (), "Backend": ("A",), "API": ("Backend",)}
    assert plan.merge_order == (("A",), ("Backend",), ("API",))


@pytest.mark.parametrize(
    "text", ["## Rules\n### Style: short\nx\n### Tone: calm\ny\n", "## Workstreams\n### Rule: be short\nx\n"]
)
def test_headings_with_a_label_elsewhere_are_no_workstreams(text: str) -> None:
    assert read_plan(text).workstreams == ()


@pytest.mark.parametrize("sentence", ["Depends on W1 being done", "Builds on W1.", "Requires W1.", "Starts after W1"])
@pytest.mark.parametrize("value", ["Branch: `x/two`", "Base: `main`", "Files: `a/x.py`, `b.py`"])
def test_a_sentence_below_a_field_is_no_part_of_it(value: str, sentence: str) -> None:
    plan = read_plan(f"### W1: One\nBranch: `x/one`\n\n### W2: Two\n{value}\n{sentence}\n")
    assert needs(plan)["W2"] == ("W1",)


def test_a_sentence_below_files_names_no_file() -> None:
    plan = read_plan(
        "### W1: One\nFiles: `a/x.py`,\n`b.py`\nWe need a basket with add/remove.\n### W2: Two\nFiles: `c.py`\n"
    )
    assert plan.workstreams[0].files == ("a/x.py", "b.py")


def test_merge_order_of_a_shell_block() -> None:
    plan = order_of(
        "## Merging\n```bash\n# 1. W1 first\ngit checkout release\ngit merge b/1 --no-edit\n# then W4, not W3\n"
        "git merge --no-ff b/4\ngit merge origin/b/2\n# git merge b/3 comes another day\n```\n"
    )
    assert plan.merge_order == (("W1",), ("W4",), ("W2",))
    assert plan.base == "release"


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("Merge W1 first, then rebase this.", ("W1",)),
        ("Starts after W1 and W3.", ("W1", "W3")),
        ("Blocked by W1.", ("W1",)),
        ("W4 depends on W3.", ("W3",)),
        ("Can merge in either order with W3.", ()),
        ("Should not depend on W1.", ()),
        ("W1 and this one touch the same file.", ()),
    ],
)
def test_needs_in_prose(sentence: str, wanted: tuple[Key, ...]) -> None:
    plan = order_of(f"**Notes:**\n- {sentence}\n")
    assert needs(plan)["W4"] == wanted


def test_ranges_and_groups_are_expanded() -> None:
    plan = read_plan(
        "### W1: a\nBranch: `b/1`\n### W2: b\nBranch: `b/2`\n### W3: c\nBranch: `b/3`\n### W4: d\nDepends on: W1-W3\n"
        "### W5: e\nDepends on: None (parallel with W1)\n"
    )
    assert needs(plan)["W4"] == ("W1", "W2", "W3")
    assert needs(plan)["W5"] == ()


def test_branches_of_a_separate_list_go_to_the_workstreams_by_position() -> None:
    plan = read_plan(
        "### Agent A: One\n- Files:\n  - `a.py`\n### Agent B: Two\n- Files:\n  - `b.py`\n\n"
        "## Rules\n- Branch naming:\n  - `x/one`\n  - `x/two`\n"
    )
    assert [each.branch for each in plan.workstreams] == ["x/one", "x/two"]


def test_phases_of_a_protocol_are_no_workstreams() -> None:
    plan = read_plan(
        "### Phase 1: Setup\nRun it.\n### Phase 2: Merge\nMerge it.\n"
        "## Workstreams\n### W1: One\nBranch: `a`\n### W2: Two\nBranch: `b`\n"
    )
    assert [each.key for each in plan.workstreams] == ["W1", "W2"]


@pytest.mark.parametrize(
    "text", ["", "   \n\n", "Hello there.", "# Only a title\n\nText.\n", "- a\n- b\n", "```\n### W1: x\n```\n"]
)
def test_no_plan_says_so(text: str) -> None:
    plan = read_plan(text)
    assert plan.workstreams == ()
    assert codes(plan) == ["no-workstreams"]
    assert plan.blocking


def test_group_target_names_its_members() -> None:
    plan = read_plan(
        "## P1\n#### P1.1: a\nFiles: `a.py`\n#### P1.2: b\nFiles: `b.py`\n"
        "## P2\n#### P2.1: c\nFiles: `c.py`\nDependency: P1\n"
    )
    assert needs(plan)[Key("P2.1")] == ("P1.1", "P1.2")
