"""The normal form: what is written back is read as the same plan."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Branch, Key, Plan, Workstream
from bot.core.plan.inline import plain
from bot.core.plan.normal import normal
from bot.core.plan.reader import read_plan
from bot.core.plan.repair import repaired
from tests.core.plan.build import EXAMPLE, plans_folder
from tests.draws import drawn

FAMILIES = [
    ["W1", "W2", "W3", "W10"],
    ["Agent A", "Agent B", "Agent C", "Agent D"],
    ["P2A.1", "P2A.2", "P2B.1", "P3.1"],
    ["#123", "#7", "#1024", "#9"],
    ["item-1", "item-2", "item-3", "item-10"],
    ["Backend", "Frontend", "API", "CI/CD"],
    ["Team Alpha", "Team Beta", "Team Gamma"],
    ["1.1", "1.2", "2.1"],
    ["W1", "#7", "item-3", "Agent A"],
]
NASTY = [
    "`code`", "``two ` ticks``", "a `", "[link](x)", "[a]", "[ ] box", "a | b", "| a |", "# head", "#12", "1. first",
    "2024 was good", "- dash", "* star", "**bold**", "__init__", "snake_case_", "~~gone~~", "> quote", "<div>", "</b>",
    "<!-- note", "\\*", "\\", "```", "---", "===", "+ plus", "C#", "learn #", "é", "ключ", "日本語", "🙂", "🚧 wip", "done ✅",
    "Files: x", "Branch: `b`", "Depends on: W1", "(needs W2)", "after W1", "W1 and W2", "x - `a/b`", "a: b", "!", "&amp;",
    "https://example.org/a/issues/3", "word", "the word", "x" * 120, "tail:", "…", "1)", "=> x", "$HOME", "(a) b", "@ada",
]  # fmt: skip
PATHS = ["src/a.py", "src/**", "docs/[id]/page.tsx", "app/(auth)/x.ts", "a,b/c.py", "Makefile", "a`b.py", "x/{a,b}.ts",
         "über/ä.py", "lib/*.rs", "with#hash/a.py"]  # fmt: skip
COMMANDS = ["make test", "pytest -q", "npm run build && npm test", "./check.sh --all", "custom --flag", "echo `date`",
            "python -c 'print(1)'"]  # fmt: skip
BRANCHES = ["feat/a", "feat/b", "b-c", "x/ü", "fix/#12", "release/1.0", "a`b", "user/x_y_"]

texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=8), min_size=1, max_size=4).map(" ".join)
folded = texts.map(lambda each: " ".join(each.split()))  # the reader's values have no white space at their ends
items = st.lists(folded.filter(bool), max_size=4).map(tuple)


def readable(text: str) -> bool:
    """Leave out what the reader never gives: control characters, comments, double-encoded text."""
    shown = text.isprintable() and text == text.strip() and "-->" not in text and bool(plain(text))
    return shown and repaired(text) == (text, 0)


clear = items.map(lambda values: tuple(each for each in values if readable(each)))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a plan such as the reader gives one: needs and order in plan order, commands where acceptance has them."""
    keys = [Key(each) for each in draw(st.sampled_from(FAMILIES))]
    keys = keys[: draw(st.integers(2, len(keys)))]
    branches = draw(st.permutations(BRANCHES))
    streams = []
    for n, key in enumerate(keys):
        title = " ".join(draw(folded).split())
        streams.append(
            Workstream(
                key=key,
                title=title if readable(title) else str(key),
                line=0,
                branch=Branch(branches[n]) if draw(st.booleans()) else None,
                files=tuple(dict.fromkeys(draw(st.lists(st.sampled_from(PATHS), max_size=4)))),
                needs=tuple(each for each in keys[:n] if draw(st.booleans())),
                scope=draw(clear),
                out_of_scope=draw(clear),
                acceptance=draw(clear),
                validation=tuple(draw(st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=3))),
                ticked=draw(st.booleans()),
            )
        )
    cut = draw(st.integers(1, len(keys) - 1))
    order = (tuple(keys[:cut]), tuple(keys[cut:])) if draw(st.booleans()) else None
    title = draw(folded)
    base = Branch(draw(st.sampled_from(["main", "release/2", "a`b"]))) if draw(st.booleans()) else None
    return Plan(
        title=title if readable(title) else "Plan",
        base=base,
        workstreams=tuple(streams),
        merge_order=order,
        problems=(),
    )


def bare(plan: Plan) -> Plan:
    """The plan without what depends on where things stand in the text."""
    streams = tuple(replace(each, line=0) for each in plan.workstreams)
    return replace(plan, workstreams=streams, problems=())


def untitled(plan: Plan) -> Plan:
    return replace(plan, title="", workstreams=tuple(replace(each, title="") for each in plan.workstreams))


@settings(max_examples=drawn(25), deadline=None, derandomize=True)  # the same draw for everybody
@given(plans())
def test_a_normal_form_is_read_as_the_same_plan(plan: Plan) -> None:
    """A title may be changed by the reader once ("done ✅" is a status); then nothing changes any more."""
    once = bare(read_plan(normal(plan)))
    assert untitled(once) == untitled(plan)
    assert bare(read_plan(normal(once))) == once


def test_the_example_and_its_normal_form_are_one_plan() -> None:
    plan = read_plan(EXAMPLE.read_text(encoding="utf-8"))
    assert bare(read_plan(normal(plan))) == bare(plan)
    assert len(plan.workstreams) == 5


def test_every_labelled_plan_is_read_back() -> None:
    documents = sorted(plans_folder().rglob("*.md"))
    plans = {each.name: read_plan(each.read_text(encoding="utf-8")) for each in documents}
    held = {name: plan for name, plan in plans.items() if plan.workstreams}
    changed = [name for name, plan in held.items() if bare(read_plan(normal(plan))) != bare(plan)]
    assert held
    assert changed == []


@pytest.mark.parametrize(
    ("body", "heads"),
    [
        (
            "## Tasks\n- [ ] Paint\n- [x] Oil\n- [ ] Buy\n",
            ["### item-1: Paint", "### item-2: Oil ✅", "### item-3: Buy"],
        ),
        ("## Tasks\n- [ ] W1: Paint\n- [x] Oil\n- [ ] Buy\n", ["- [ ] **W1: Paint**", "- [x] **item-2: Oil**"]),
        (
            "## Tasks\n- [ ] Usage of paint\n- [ ] Environment\n- [ ] Oil\n",
            ["- [ ] **item-1: Usage of paint**", "- [ ] **item-2: Environment**"],
        ),
        (
            "## Workstreams\n### A - Paint #\nBranch: `a`\n### B - `x` and *y*\nBranch: `b`\n",
            ["### A: Paint", "### B: x and y"],
        ),
    ],
)
def test_a_plan_of_another_form_gets_the_canonical_one(body: str, heads: list[str]) -> None:
    plan = read_plan(body)
    lines = normal(plan).splitlines()
    assert [each for each in heads if each not in lines] == []
    assert bare(read_plan(normal(plan))) == bare(plan)


def test_what_would_be_markup_in_a_list_stands_behind_its_label() -> None:
    stream = Workstream(
        key=Key("W1"), title="a", line=0, branch=Branch("a"), scope=("plain", "# no heading", "1. no list", "plain too")
    )
    plan = Plan(title="", base=None, workstreams=(stream,), merge_order=None, problems=())
    text = normal(plan)
    assert "Scope:\n- plain\n\nScope: # no heading\n\nScope: 1. no list\n\nScope:\n- plain too\n" in text
    assert read_plan(text).workstreams[0].scope == stream.scope


def test_a_code_block_outlasts_the_backticks_in_it() -> None:
    stream = Workstream(key=Key("W1"), title="a", line=0, branch=Branch("a"), validation=("unknown ```` x",))
    plan = Plan(title="", base=None, workstreams=(stream,), merge_order=None, problems=())
    assert "\n`````\nunknown ```` x\n`````\n" in normal(plan)
    assert read_plan(normal(plan)).workstreams[0].validation == stream.validation
