"""What is shown of an edit: whatever it says does nothing, and however large it is the comment stays within its limit."""

from dataclasses import replace

import pytest

from bot.core.model import Acceptance, Branch, Intent, Key, Login, Plan, Problem, Removal, Severity, Workstream
from bot.core.plan.difference import Aspect, difference
from bot.core.render.check import check_output
from bot.core.render.difference import ADDED, CHANGED, REMOVED, edited, marked_graph, summary
from bot.core.render.parts import COMMENT_LIMIT
from bot.core.render.replies import accept_refused_reply, accepted_reply, why_reply
from bot.core.render.status import status_comment
from bot.core.views import PlanView
from tests.golden import scenes
from tests.golden.test_hostile import HOSTILE, assert_harmless, large


def a_stream(key: str, words: str) -> Workstream:
    """A workstream that says the same words in every field."""
    said = (words, f"{words} too")
    return Workstream(
        key=Key(key),
        title=words,
        line=3,
        branch=Branch(words),
        files=said,
        scope=said,
        out_of_scope=said,
        acceptance=said,
        validation=said,
    )


def edit_of(words: str) -> PlanView:
    """A running plan in whose edit everything changes into those words, one is new, and one was left out before."""
    view = scenes.started()
    before = view.plan.workstreams
    changed = (*(replace(a_stream(each.key, words), needs=(before[-1].key,)) for each in before[:1]), *before[1:-1])
    added = a_stream(f"{words}x", words)
    pending = replace(
        view.plan,
        base=Branch(words),
        workstreams=(*changed, before[-1], added),
        merge_order=((added.key,), (before[0].key,)),
    )
    problem = Problem(line=3, severity=Severity.ERROR, code="x", message=words, hint=words)
    at = scenes.NOW
    gone = Removal(title=words, by=Login(words), at=at)
    streams = tuple(replace(each, removed=gone) if each.workstream.key == "W5" else each for each in view.streams)
    intent = replace(view.intent, accepted=Acceptance(by=Login(words), at=at, base_sha=scenes.BASE_SHA))
    return replace(view, pending=pending, pending_problems=(problem,), pending_since=at, streams=streams, intent=intent)


@pytest.mark.parametrize("words", HOSTILE)
def test_no_word_of_an_edit_does_anything(words: str) -> None:
    view = edit_of(words)
    assert view.pending is not None
    for text in (
        status_comment(view),
        accept_refused_reply(view),
        accepted_reply(view, difference(view.approved, view.pending)),
        why_reply(view, Key("W5")),
        check_output(view, view.stream(Key("W5"))).summary,
    ):
        assert_harmless(text)


def test_every_kind_of_change_is_shown() -> None:
    view = edit_of("Other words")
    text = edited(view)
    for aspect in Aspect:
        assert f"| {aspect.value} |" in text
    assert "| merge order | none stated | Other wordsx, then W1 |" in text
    assert "| base | `main` | `Other words` |" in text


def test_entries_in_another_order_are_a_change_without_entries() -> None:
    view = scenes.started(
        now_body=scenes.PLAN.replace("  make test\n  make settings\n", "  make settings\n  make test\n")
    )
    assert "| validation | – | the same in another order |" in edited(view)


def test_prose_alone_changes_no_workstream_and_draws_nothing() -> None:
    view = scenes.started(now_body=f"{scenes.PLAN}\n## Remarks\n\nThe tea is hot.\n")
    assert "read the same" in edited(view)
    assert marked_graph(view, COMMENT_LIMIT) == ""


def test_the_graph_marks_what_is_new_changed_and_gone() -> None:
    view = scenes.started(now_body=scenes.MORE.replace("### W3: Index words", "### W7: Index words"))
    boxes = {line.split('"')[1].split(":")[0]: line for line in marked_graph(view, 9_000).splitlines() if '["' in line}
    marks = {key: mark.text for key in boxes for mark in (ADDED, CHANGED, REMOVED) if mark.text in boxes[key]}
    assert marks == {"W4": CHANGED.text, "W6": ADDED.text, "W7": ADDED.text, "W3": REMOVED.text}
    assert marked_graph(view, 100) == ""


def test_a_difference_in_one_line() -> None:
    old = scenes.started().plan
    less: Plan = replace(old, workstreams=old.workstreams[2:], merge_order=((Key("W3"),), (Key("W4"),)))
    assert summary(difference(old, less)) == "2 workstreams removed, another merge order"
    assert summary(difference(less, old)) == "2 workstreams added, another merge order"
    assert summary(difference(old, old)) == ""


@pytest.mark.parametrize("number", [1, 100])
def test_no_edit_makes_the_comment_longer_than_github_takes(number: int) -> None:
    view = large(number)
    far = "So many words that nobody reads them | all " * 20
    changed = tuple(
        replace(a_stream(each.key, far), files=tuple(f"{far}{n}" for n in range(50))) for each in view.plan.workstreams
    )
    problems = tuple(
        Problem(line=line, severity=Severity.ERROR, code="x", message=far, hint=far) for line in range(1, 100)
    )
    gone = Removal(title=far, by=Login("mia"), at=scenes.NOW)
    first = scenes.started().streams[0]
    open_ones = tuple(replace(first, workstream=each, removed=gone) for each in changed)
    view = replace(
        view,
        pending=Plan(title="", base=None, workstreams=changed, merge_order=None, problems=()),
        pending_problems=problems,
        streams=open_ones,
        intent=replace(Intent(), start=view.intent.start),
    )
    comment = status_comment(view, {f"action {index}": far for index in range(200)})
    assert len(comment.encode()) <= COMMENT_LIMIT
    assert "### The issue was edited" in comment
    assert "### No longer in the plan" in comment
