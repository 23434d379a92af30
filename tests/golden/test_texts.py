"""Every text that a user reads, as a file to be read in a diff. `SIGNALBOX_GOLDEN=write` writes them anew."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.commands import Command, Target, done
from bot.core.model import Intent, IssueNumber, Key, PlanState, PullNumber, Role, Sha, Stage
from bot.core.plan.difference import Difference, difference
from bot.core.plan.reader import read_plan
from bot.core.registry import load_commands
from bot.core.render import brief, replies
from bot.core.render.check import CheckText, check_output, outside_check
from bot.core.render.labels import STAGE_LABELS
from bot.core.render.preview import EXAMPLE
from bot.core.render.status import status_comment
from bot.core.views import PlanView
from tests.golden import scenes

FILES = Path(__file__).parent / "files"
WRITE = os.environ.get("SIGNALBOX_GOLDEN") == "write"

START = Command(
    name="start",
    usage="/signalbox start",
    summary="Put the plan as it is now in force",
    role=Role.MAINTAIN,
    target=Target.PLAN,
    run=done,
)


def compare(name: str, text: str) -> None:
    """Compare a text with its file; pytest shows the difference line by line."""
    path = FILES / f"{name}.md"
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    assert path.exists(), f"{path.name} is missing: run `make golden` and read what it writes"
    assert text.splitlines() == path.read_text(encoding="utf-8").splitlines(), f"{path.name}: run `make golden`"


def shown(check: CheckText) -> str:
    """A check with all its parts, one below the other."""
    buttons = [f"[{each.label}] {each.description} ({each.identifier})" for each in check.buttons]
    return "\n".join(
        [
            f"{check.status}, {check.conclusion or 'no conclusion yet'}",
            f"Title: {check.title}",
            "",
            check.summary,
            *(["", "---", check.text] if check.text else []),
            *(["", "Buttons:", *buttons] if buttons else []),
        ]
    )


STATUS: dict[str, Callable[[], str]] = {
    "preview": lambda: status_comment(scenes.preview()),
    "preview_manual": lambda: status_comment(scenes.preview(config="mode: manual\n")),
    "preview_problems": lambda: status_comment(scenes.preview(scenes.BROKEN)),
    "preview_warnings": lambda: status_comment(
        scenes.preview(scenes.PLAN.replace("`src/index.py`, `src/words.py`", "`src/store/index.py`"))
    ),
    "preview_cycle": lambda: status_comment(scenes.preview(scenes.CYCLE)),
    "preview_branch_exists": lambda: status_comment(scenes.preview(branches={"W2": 3})),
    "preview_config_mistake": lambda: status_comment(scenes.preview(config="modus: auto\napprovals: many\n")),
    "preview_no_plan": lambda: status_comment(scenes.preview("The search is slow. Can we make it faster?")),
    "preview_other_text": lambda: status_comment(scenes.preview(scenes.MINUTES)),
    "preview_too_long": lambda: status_comment(scenes.preview("word " * 20_000)),
    "status_opening": lambda: status_comment(scenes.opening()),
    "status_started": lambda: status_comment(scenes.started()),
    "status_midway": lambda: status_comment(scenes.midway()),
    "status_next_to_merge": lambda: status_comment(scenes.STAGES["mergeable"][0]),
    "status_manual": lambda: status_comment(scenes.STAGES["mergeable_manual"][0]),
    "status_held": lambda: status_comment(scenes.STAGES["held"][0]),
    "status_failed": lambda: status_comment(scenes.STAGES["failed_checks"][0]),
    "status_edited": lambda: status_comment(
        scenes.started(
            now_body=scenes.PLAN.replace("Index words", "Index words and numbers")
            .replace("`src/words.py`", "`src/number[1|2].py`")
            .replace("### W5: ", "### W6: ")
            .replace("`manual`", "`handbook`")
        )
    ),
    "status_edited_badly": lambda: status_comment(
        scenes.started(now_body=scenes.PLAN.replace("### W5: ", "### W6: ").replace("Base: main", "Base: next"))
    ),
    "status_left_out": lambda: status_comment(scenes.STAGES["left_out"][0]),
    "status_config_mistake": lambda: status_comment(scenes.STAGES["config_mistake"][0]),
    "status_out_of_order": lambda: status_comment(scenes.started({"W2": scenes.merged("W2", 12, 30, by="wim")})),
    "status_refusals": lambda: status_comment(
        scenes.started(),
        {"open pull for W2": "Resource not accessible by integration", "merge W1": "Base branch was modified"},
    ),
    "status_paused": lambda: status_comment(scenes.STAGES["held_paused"][0]),
    "status_cancelled": lambda: status_comment(
        scenes.started({"W1": scenes.merged("W1", 11, 60)}, intent=Intent(cancelled=scenes.order("a new plan comes")))
    ),
    "status_skipped": lambda: status_comment(scenes.STAGES["skipped"][0]),
    "status_completed": lambda: status_comment(completed()),
}


def completed() -> PlanView:
    """All landed but one, which was skipped."""
    landed = {
        "W1": scenes.merged("W1", 11, 60),
        "W3": scenes.merged("W3", 13, 80),
        "W2": scenes.merged("W2", 12, 95, by="wim"),
        "W4": scenes.merged("W4", 14, 130),
    }
    return scenes.started(landed, intent=Intent(skipped={Key("W5"): scenes.order("moved to the next plan")}))


@pytest.mark.parametrize("name", STATUS)
def test_status_comment(name: str) -> None:
    compare(name, STATUS[name]())


@pytest.mark.parametrize("name", scenes.STAGES)
def test_check_in_each_stage(name: str) -> None:
    view, key = scenes.STAGES[name]
    compare(f"check_{name}", shown(check_output(view, view.stream(Key(key)))))


@pytest.mark.parametrize("name", scenes.STAGES)
def test_why_in_each_stage(name: str) -> None:
    view, key = scenes.STAGES[name]
    compare(f"why_{name}", replies.why_reply(view, Key(key)))


def test_check_outside_any_plan() -> None:
    compare("check_outside", shown(outside_check()))


def test_brief() -> None:
    view = scenes.opening()
    texts = [brief.brief(view, view.stream(Key(key))) for key in ("W1", "W4")]
    compare("brief", "\n\n=====\n\n".join(texts))


def test_a_brief_links_the_pull_of_a_need_where_there_is_one() -> None:
    view = scenes.started()
    assert f"- **W2** ([#12]({scenes.URL}/pull/12)) Store products" in brief.brief(view, view.stream(Key("W4")))


def test_titles_and_commits() -> None:
    view = scenes.started()
    stream = view.stream(Key("W1"))
    made = (brief.opening_commit(view, stream), brief.retry_commit(view, stream), brief.merge_commit(view, stream))
    texts = [brief.pull_title(stream), *("\n\n".join(each) for each in made)]
    compare("commits", "\n\n=====\n\n".join(texts))


def _edit_to(body: str) -> Difference:
    return difference(read_plan(scenes.PLAN), read_plan(body))


REPLIES: dict[str, Callable[[], str]] = {
    "reply_status": lambda: replies.status_reply(scenes.midway()),
    "reply_status_preview": lambda: replies.status_reply(scenes.preview()),
    "reply_status_completed": lambda: replies.status_reply(completed()),
    "reply_why_plan": lambda: replies.why_reply(scenes.midway(), None),
    "reply_why_plan_mergeable": lambda: replies.why_reply(scenes.STAGES["mergeable"][0], None),
    "reply_why_plan_preview": lambda: replies.why_reply(scenes.preview(), None),
    "reply_why_plan_blocked": lambda: replies.why_reply(scenes.preview(scenes.BROKEN), None),
    "reply_why_plan_paused": lambda: replies.why_reply(scenes.STAGES["held_paused"][0], None),
    "reply_why_plan_completed": lambda: replies.why_reply(completed(), None),
    "reply_why_preview": lambda: replies.why_reply(scenes.preview(), Key("W1")),
    "reply_help": lambda: replies.help_reply(load_commands()),
    "refusal_start": lambda: replies.start_refused_reply(scenes.preview(scenes.BROKEN)),
    "refusal_accept": lambda: replies.accept_refused_reply(
        scenes.started(now_body=scenes.PLAN.replace("### W5: ", "### W6: ").replace("Base: main", "Base: next"))
    ),
    "reply_accepted": lambda: replies.accepted_reply(scenes.started(), _edit_to(scenes.LESS)),
    "reply_accepted_more": lambda: replies.accepted_reply(scenes.started(), _edit_to(scenes.MORE)),
    "refusal_role": lambda: replies.role_refusal(START, Role.WRITE),
    "refusal_no_role": lambda: replies.role_refusal(START, Role.NONE),
    "refusal_verb": lambda: replies.unknown_verb_reply("strat", "start"),
    "refusal_verb_unknown": lambda: replies.unknown_verb_reply("dance", None),
    "refusal_key": lambda: replies.unknown_key_reply("W9", [Key("W1"), Key("Agent A")]),
    "refusal_not_a_plan": lambda: replies.not_a_plan_reply("plan"),
    "refusal_outside": replies.outside_reply,
    "reply_too_many_lines": lambda: replies.too_many_lines(5),
    "reply_last_answer": lambda: replies.last_answer(10),
}


@pytest.mark.parametrize("name", REPLIES)
def test_reply(name: str) -> None:
    compare(name, REPLIES[name]())


def test_an_edit_is_not_told_of_once_the_plan_is_over() -> None:
    edited = scenes.started(now_body=f"{scenes.PLAN}- Scope: more\n")
    assert edited.pending is not None
    assert "was edited" in status_comment(edited)
    for state in (PlanState.COMPLETED, PlanState.CANCELLED):
        assert "was edited" not in status_comment(replace(edited, state=state))


def test_a_plan_of_which_nothing_was_skipped_does_not_speak_of_it() -> None:
    landed = {f"W{each}": scenes.merged(f"W{each}", 10 + each, each) for each in range(1, 6)}
    text = status_comment(scenes.started(landed))
    assert "Everything landed on `main`." in text
    assert "kipped" not in text


def test_why_for_a_workstream_that_could_not_be_judged() -> None:
    view = scenes.preview(scenes.CYCLE)
    assert replies.why_reply(view, Key("W1")) == replies.start_refused_reply(view)


def test_the_form_that_is_shown_is_read_without_a_problem() -> None:
    plan = read_plan(EXAMPLE)
    assert [(each.key, each.title, each.needs) for each in plan.workstreams] == [
        ("W1", "Read the settings", ()),
        ("W2", "Serve the page", ("W1",)),
    ]
    assert all(each.branch and each.files and each.acceptance for each in plan.workstreams)
    assert plan.problems == ()


def test_labels() -> None:
    compare("labels", "\n".join(f"{each.name} #{each.color} {each.description}" for each in STAGE_LABELS))


def test_a_text_does_not_change_with_the_clock() -> None:
    view = scenes.midway()
    later = replace(view, now=view.now.replace(year=2027))
    assert status_comment(later) == status_comment(view)


def test_a_pull_that_is_not_known_to_be_open_is_never_shown_as_open() -> None:
    view, key = scenes.STAGES["mergeable"]
    stream = replace(view.stream(Key(key)), gates=())
    assert check_output(view, stream).conclusion is None


def test_no_conclusion_counts_as_a_pass_by_accident() -> None:
    for view, key in scenes.STAGES.values():
        check = check_output(view, view.stream(Key(key)))
        assert (check.status, check.conclusion) in {
            ("in_progress", None),
            ("completed", "success"),
            ("completed", "failure"),
            ("completed", "action_required"),
        }
        assert len(check.buttons) <= 3
        assert all(len(each.label) <= 20 and len(each.description) <= 40 for each in check.buttons)
        assert not (check.buttons and check.conclusion is None)  # GitHub shows none on an unfinished run


@pytest.mark.parametrize("key", ["W1", "Agent A", "P2A.1", "a-->b", "ключ", "x" * 60, "-- -->", "%25"])
def test_a_marker_is_read_back(key: str) -> None:
    body = f"words\n{brief.workstream_marker(IssueNumber(7), Key(key))}"
    assert brief.read_workstream_marker(body) == (7, key)
    assert brief.read_workstream_marker(body.replace("\n", "\r\n") + "\r\n") == (7, key)
    assert body.count("-->") == 1


def test_the_last_marker_of_a_body_counts() -> None:
    body = "\n".join(brief.workstream_marker(IssueNumber(issue), Key("W1")) for issue in (8, 7))
    assert brief.read_workstream_marker(body) == (7, "W1")


def test_a_body_without_marker_belongs_to_nothing() -> None:
    assert brief.read_workstream_marker("<!-- signalbox:status digest=0123 -->") is None


def test_only_an_opening_commit_is_taken_for_one() -> None:
    view = scenes.started()
    stream = view.stream(Key("W1"))
    message = "\n\n".join(brief.opening_commit(view, stream))
    assert brief.is_opening_commit(message)
    assert brief.is_opening_commit(message + "\n")
    assert not brief.is_opening_commit(f"Revert it\n\n{message}\n\nIt was wrong.")
    assert not brief.is_opening_commit("\n\n".join(brief.retry_commit(view, stream)))
    assert not brief.is_opening_commit("\n\n".join(brief.merge_commit(view, stream)))
    assert not brief.is_opening_commit("Signalbox-Workstream: 7/W1")


def test_a_label_stands_for_every_stage() -> None:
    assert [each.name for each in STAGE_LABELS] == [stage.label for stage in Stage]
    assert all(len(each.color) == 6 and len(each.description) <= 100 for each in STAGE_LABELS)
    assert len({each.color for each in STAGE_LABELS}) == len(STAGE_LABELS)


def test_a_status_link_is_shown_where_it_is_known() -> None:
    view = scenes.started()
    check = check_output(view, view.stream(Key("W1")), f"{scenes.URL}/issues/7#issuecomment-1")
    assert "#issuecomment-1" in check.summary


def test_a_commit_is_named_after_its_pull() -> None:
    view = scenes.started()
    stream = view.stream(Key("W1"))
    assert stream.pull is not None
    stream = replace(stream, pull=replace(stream.pull, number=PullNumber(99), head_sha=Sha("f" * 40)))
    assert brief.merge_commit(view, stream)[0] == "W1: Read the settings (#99)"
