"""Whatever people type into a plan: tables keep their columns, nobody is mentioned, nothing is closed, no limit is passed."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.core.ledger import Stray
from bot.core.model import Branch, IssueNumber, Key, Plan, PlanState, Problem, Severity, Stage, Workstream
from bot.core.render.brief import brief, merge_commit, opening_commit, pull_title, read_workstream_marker
from bot.core.render.check import check_output
from bot.core.render.graph import graph, mermaid_text
from bot.core.render.parts import COMMENT_LIMIT, SUMMARY_LIMIT, fence, inline, table
from bot.core.render.replies import status_reply, unknown_key_reply, unknown_verb_reply, why_reply
from bot.core.render.status import status_comment
from bot.core.tasks import all_tasks
from bot.core.views import PlanView, RollbackView
from tests.draws import drawn
from tests.golden import scenes, train_scenes

HOSTILE = (
    "@ada",
    "@octo/team",
    "fixes #1",
    "closes octo/shop#99",
    "GH-5",
    "https://github.example/octo/shop/issues/1",
    "www.example.org",
    "<b>bold</b>",
    "<!-- hidden",
    "-->",
    "<!-- signalbox:workstream plan=9 key=W9 -->",
    "<details>",
    "</sub>",
    "|",
    "\\|",
    "\\",
    "a | b | c",
    "`",
    "``` x",
    "`code | with @pipe`",
    "\n",
    "\r\n\r\n",
    "\n\n# Title\n\n- [ ] task",
    "- [ ] task",
    "[link](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "***",
    "~~gone~~",
    "$x$",
    "&lt;",
    "w" * 400,
    "🙂👩‍👩‍👧",
    "\u200f\u202etfel",
    "\x00\x07",
    "[skip ci]",
    '"]:::x; click n0 "https://evil.example"',
    "end",
    "\ud83d half",
)

MENTION = re.compile(r"(?<![\w`/])@[\w-]", re.ASCII)
REFERENCE = re.compile(r"(?<!\w)#(\d+)|\bGH-\d|://|\bwww\.(?=\w)", re.IGNORECASE)
OURS = {"7", *(str(number) for number in range(11, 17))}  # the plan and its pulls
ALLOWED_HTML = re.compile(
    r"</?sub>|<details>\n<summary>[\w ]+</summary>\n|</details>\n?|<!-- signalbox:workstream plan=7 key=\S+ -->\s*"
)

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=12), min_size=1, max_size=5).map(" ".join)


def hostile_plan(text: str) -> Plan:
    """A plan that says the same nasty words everywhere."""
    first = Workstream(
        key=Key(text or "W1"),
        title=text,
        line=3,
        branch=Branch(text),
        files=(text, text, text),
        scope=(text,),
        out_of_scope=(text,),
        acceptance=(text, text),
        validation=(text,),
    )
    second = Workstream(key=Key("W2"), title="Quiet", line=9, needs=(first.key,))
    problem = Problem(line=3, severity=Severity.WARNING, code="x", message=text, hint=text)
    return Plan(title=text, base=None, workstreams=(first, second), merge_order=None, problems=(problem,))


def hostile_view(text: str, *, begun: bool = True) -> PlanView:
    """A view of that plan, W1 of the shop in its place."""
    plan = hostile_plan(text)
    view = scenes.midway() if begun else scenes.preview()
    streams = tuple(
        replace(each, workstream=mine, branch=Branch(text))
        for each, mine in zip((view.streams[1], view.streams[3]), plan.workstreams, strict=True)
    )
    return replace(
        view,
        plan=plan,
        streams=streams,
        problems=plan.problems,
        config_problems=plan.problems,
        pending=replace(plan, workstreams=(replace(plan.workstreams[0], key=Key(f"{text}x")),)),
        waves=((plan.workstreams[0].key,), (plan.workstreams[1].key,)),
        intent=replace(view.intent, paused=scenes.order(text, by=text)),
    )


def every_text(text: str) -> Iterator[str]:
    """Each markdown text that shows those words."""
    for view in (hostile_view(text), hostile_view(text, begun=False)):
        key = view.plan.workstreams[0].key
        stream = view.stream(key)
        yield status_comment(view, {text: text})
        yield brief(view, stream)
        yield why_reply(view, key)
        yield why_reply(view, None)
        yield status_reply(view)
        check = check_output(view, stream)
        yield check.summary
        yield check.text
        yield why_reply(replace(view, intent=replace(view.intent, paused=None)), None)
    yield unknown_key_reply(text, [Key(text)])
    yield unknown_verb_reply(text, None)


def inline_tokens(markdown: str) -> Iterator[Token]:
    for token in _MARKDOWN.parse(markdown):
        yield token
        yield from token.children or ()


def seen(markdown: str) -> str:
    """What GitHub would look through for names and numbers: text, without code."""
    return "\n".join(token.content for token in inline_tokens(markdown) if token.type == "text")


def columns(markdown: str) -> Iterator[tuple[int, int]]:
    """(columns of the head, cells of the row) for each row of each table."""
    head = cells = 0
    for token in _MARKDOWN.parse(markdown):
        if token.type == "tr_open":
            cells = 0
        elif token.type in {"th_open", "td_open"}:
            cells += 1
        elif token.type == "tr_close":
            head = cells if token.level == 2 and head == 0 else head
            yield head, cells
        elif token.type == "table_close":
            head = 0


def raw_columns(markdown: str) -> Iterator[tuple[int, int]]:
    """The same for the lines as they are written: how many pipes split them by GitHub's rules."""
    head = 0
    for line in markdown.splitlines():
        pipes = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) if line.startswith("| ") else 0
        head = head or pipes
        if pipes == 0:
            head = 0
        else:
            yield head, pipes


def assert_harmless(markdown: str) -> None:
    words = seen(markdown)
    assert not MENTION.search(words), words
    for found in REFERENCE.finditer(words):
        assert found[1] in OURS, found[0]
    for token in inline_tokens(markdown):
        if token.type in {"html_inline", "html_block"}:
            assert ALLOWED_HTML.fullmatch(token.content), token.content
        if token.type == "link_open":
            assert str(token.attrs["href"]).startswith(scenes.URL), token.attrs
        assert token.type != "image"
    for head, cells in [*columns(markdown), *raw_columns(markdown)]:
        assert head == cells, markdown


@settings(max_examples=drawn(10), deadline=None)
@given(texts)
def test_no_text_of_a_user_does_anything(text: str) -> None:
    for markdown in every_text(text):
        assert_harmless(markdown)


@pytest.mark.parametrize("text", HOSTILE)
def test_known_tricks_do_nothing(text: str) -> None:
    for markdown in every_text(text):
        assert_harmless(markdown)


@settings(max_examples=drawn(40), deadline=None)
@given(st.lists(st.lists(texts, min_size=3, max_size=3), max_size=4))
def test_a_table_keeps_its_columns_and_rows(rows: list[list[str]]) -> None:
    markdown = table(("A", "B", "C"), [[inline(cell) for cell in row] for row in rows], 60_000)
    found = list(columns(markdown))
    assert found == [(3, 3)] * (len(rows) + 1)


@settings(max_examples=drawn(20), deadline=None)
@given(texts)
def test_a_title_is_one_harmless_line(text: str) -> None:
    view = hostile_view(text)
    stream = view.streams[0]
    for line in (pull_title(stream), opening_commit(view, stream)[0], merge_commit(view, stream)[0]):
        assert "\n" not in line
        assert len(line) <= 256
        assert not MENTION.search(line)
        assert all(found[1] in OURS for found in REFERENCE.finditer(line))
        assert "[skip ci]" not in line


@settings(max_examples=drawn(20), deadline=None)
@given(texts)
def test_a_brief_is_known_again_and_asks_for_its_own_tasks_only(text: str) -> None:
    view = hostile_view(text)
    body = brief(view, view.streams[0])
    assert read_workstream_marker(body) == (IssueNumber(7), Key(text or "W1"))
    assert body.splitlines()[-1].startswith("<!-- signalbox:workstream plan=7 key=")
    assert len(all_tasks(body)) <= 2


@settings(max_examples=drawn(20), deadline=None)
@given(texts)
def test_a_label_of_the_graph_stays_in_its_box(text: str) -> None:
    markdown = graph(hostile_view(text), 20_000)
    tokens = _MARKDOWN.parse(markdown)
    assert [token.type for token in tokens] == ["fence"]
    nodes = [line for line in markdown.splitlines() if line.startswith("  n") and "[" in line]
    assert len(nodes) == 2
    for line in nodes:
        assert re.fullmatch(r'  n\d\["[^"\[\]{}<>`|]*<br/>[^"<>]*"\]:::[a-z]+', line), line


def test_a_graph_writes_marks_by_their_number() -> None:
    assert mermaid_text('say "hi" #1 <b>\u202e') == "say #34;hi#34; #35;1 #60;b#62;"
    assert mermaid_text("Größe (m2), 50%: a/b-c.d") == "Größe (m2), 50#37;: a/b-c.d"


@pytest.mark.parametrize("line", ["```", "`````", "~~~", "echo '```sh'"])
def test_a_fence_cannot_be_closed_from_inside(line: str) -> None:
    tokens = _MARKDOWN.parse(fence([line, "", "echo @ada fixes #1"], "sh"))
    assert [token.type for token in tokens] == ["fence"]
    assert tokens[0].content == f"{line}\n\necho @ada fixes #1\n"


def test_code_in_an_item_stays_code() -> None:
    assert inline("run `make test` and see `a_b`") == "run `make test` and see `a_b`"
    assert inline("``a ` b`` and `open") == "`a ' b` and \\`open"


LONG = "A very long title with <b>&amp;</b> | pipes and `code` 🙂 " * 6


def large(number: int) -> PlanView:
    """A running plan of many workstreams that each need all of the one before, each with much to say."""
    base = scenes.midway()
    made: list[Workstream] = []
    for index in range(number):
        key = Key(f"Workstream number {index} with quite a long key")
        needs = (made[-1].key,) if made else ()
        files = tuple(f"src/{LONG[:200]}/{each}" for each in range(5))
        made.append(Workstream(key=key, title=LONG, line=index + 1, needs=needs, files=files, acceptance=(LONG,) * 300))
    problems = tuple(
        Problem(line=index, severity=Severity.ERROR, code="x", message=LONG * 3, hint=LONG * 3) for index in range(60)
    )
    plan = Plan(title=LONG, base=None, workstreams=tuple(made), merge_order=None, problems=problems)
    done = base.stream(Key("W1"))
    streams = tuple(
        replace(done, workstream=each, stage=Stage.DONE, landed_out_of_order=tuple(key for key in each.needs))
        for each in made
    )
    return replace(
        base,
        plan=plan,
        streams=streams,
        problems=problems,
        config_problems=problems,
        pending=replace(plan, workstreams=()),
        waves=tuple((each.key,) for each in made),
        checkpoints=tuple(
            replace(scenes.checkpoint(index, scenes.BASE_SHA, tuple(each.key for each in made)), evidence=(LONG,))
            for index in range(200)
        ),
        strays=tuple(
            Stray(sha=scenes.BASE_SHA, headline=LONG, author=LONG, pull=None, at=scenes.NOW) for _ in range(30)
        ),
        rollback=RollbackView(
            rollback=train_scenes.rollback(unclean=(LONG,) * 500, keys=tuple(each.key for each in made)),
            branch=Branch("signalbox/7/rollback-1"),
            pull=None,
        ),
        intent=replace(base.intent, frozen=scenes.order(LONG)),
    )


@pytest.mark.parametrize(
    ("number", "state"), [*((1, state) for state in PlanState), (100, PlanState.RUNNING), (100, PlanState.COMPLETED)]
)
def test_no_comment_is_longer_than_github_takes(number: int, state: PlanState) -> None:
    view = replace(large(number), state=state)
    for comment in (status_comment(view, {f"action {index}": LONG for index in range(200)}), status_reply(view)):
        assert len(comment.encode()) <= COMMENT_LIMIT
    assert "more" in status_comment(view)
    text = brief(view, view.streams[0])
    assert len(text.encode()) <= COMMENT_LIMIT
    check = check_output(view, view.streams[0])
    assert len(check.summary.encode()) <= SUMMARY_LIMIT
    assert len(check.text.encode()) <= SUMMARY_LIMIT
    assert len(check.title) <= 200


def test_what_is_left_out_is_counted() -> None:
    markdown = table(("A",), [[f"row {index}"] for index in range(20)], 100)
    shown = markdown.count("row ")
    assert 0 < shown < 20
    assert markdown.endswith(f"\n\n… and {20 - shown} more")
