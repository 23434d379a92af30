"""What somebody typed in a comment or asked for by a button."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.events import (
    Event,
    PlanIssue,
    TypedCall,
    read_event,
)
from bot.core.model import Branch, IssueNumber, Login, NodeId, PullNumber
from tests.build import URL
from tests.core.payloads import COMMENT, COMMENT_URL, ISSUE, RUN, payload


def commented(action: str = "created", *, issue: dict[str, Any] | None = None, **comment: Any) -> Event:
    return read_event("issue_comment", payload(action, issue=issue or ISSUE, comment={**COMMENT, **comment}))


def test_a_new_comment_carries_its_commands() -> None:
    assert commented(body="/sb hold W1 now\n\n> /sb start\n\n/sb why").commands == tuple(
        TypedCall(
            verb=verb,
            words=words,
            text=text,
            line=line,
            author=Login("mia"),
            author_is_bot=False,
            issue=IssueNumber(5),
            pull=None,
            head=None,
            mark="",
            subject=NodeId("I_5"),
            comment_id=900,
            comment=NodeId("IC_900"),
            comment_url=COMMENT_URL,
            at=datetime(2026, 11, 20, 19, 5, tzinfo=UTC),
        )
        for verb, words, text, line in [("hold", ("W1", "now"), "/sb hold W1 now", 1), ("why", (), "/sb why", 5)]
    )


def test_a_comment_on_a_pull_is_about_the_pull() -> None:
    (call,) = commented(issue={**ISSUE, "number": 12, "node_id": "PR_12", "pull_request": {"url": "x"}}).commands
    assert (call.issue, call.pull, call.subject) == (None, 12, "PR_12")


@pytest.mark.parametrize(
    ("kind", "is_bot"), [("User", False), ("Bot", True), ("Organization", True), ("Mannequin", True)]
)
def test_a_comment_tells_a_bot(kind: str, is_bot: bool) -> None:
    (call,) = commented(user={"login": "renovate[bot]", "type": kind}).commands
    assert call.author_is_bot is is_bot


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(commented("edited"), id="edited"),
        pytest.param(commented("deleted"), id="deleted"),
        pytest.param(commented(body=None), id="empty"),
        pytest.param(commented(user=None), id="author gone"),
        pytest.param(commented(body="> /sb start"), id="quoted"),
    ],
)
def test_only_what_somebody_wrote_anew_is_a_command(event: Event) -> None:
    assert (event.commands, event.wakes) == ((), ())


@pytest.mark.parametrize("action", ["edited", "deleted"])
def test_a_bots_comment_that_changed_may_be_the_status_comment(action: str) -> None:
    bot = {"login": "signalbox[bot]", "type": "Bot"}
    assert commented(action, user=bot).wakes == (PlanIssue(number=IssueNumber(5)),)
    assert commented(action, user=bot, issue={**ISSUE, "pull_request": {}}).wakes == ()


def pressed(identifier: str = "release", **run: Any) -> Event:
    body = payload("requested_action", check_run={**RUN, **run}, requested_action={"identifier": identifier})
    return read_event("check_run", body)


def test_a_pressed_button_is_a_command_of_whoever_pressed_it() -> None:
    assert pressed("retry W1").commands == (
        TypedCall(
            verb="retry",
            words=("W1",),
            text="/signalbox retry W1",
            line=0,
            author=Login("mia"),
            author_is_bot=False,
            issue=IssueNumber(5),
            pull=PullNumber(12),
            head=Branch("signalbox/w1"),
            mark="",
            subject=None,
            comment_id=None,
            comment=None,
            comment_url=f"{URL}/runs/3",
            at=None,
        ),
    )


def test_a_button_tells_whether_its_check_was_written_since_the_plan_was_restored() -> None:
    for marked, mark in (("", ""), (f"{'c' * 12}/", "c" * 12), ("cccc/", ""), (f"{'C' * 12}/", "")):
        (call,) = pressed(external_id=f"plan/5/{'a' * 12}/{'b' * 12}/{marked}{'d' * 12}").commands
        assert call.mark == mark, marked


def test_a_button_without_a_pull_still_names_plan_and_branch() -> None:
    (call,) = pressed(pull_requests=[]).commands
    assert (call.issue, call.pull, call.head) == (5, None, "signalbox/w1")
    (call,) = pressed(pull_requests=[{"number": 1}, {"number": 2}]).commands
    assert call.pull is None


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(pressed(name="unit"), id="another check"),
        pytest.param(pressed(external_id="outside/0123456789ab/0123456789ab"), id="outside any plan"),
        pytest.param(pressed(external_id=None), id="no external id"),
        pytest.param(pressed(" "), id="no verb"),
        pytest.param(read_event("check_run", payload("requested_action", check_run=RUN)), id="no action"),
        pytest.param(
            read_event(
                "check_run",
                {**payload("requested_action", check_run=RUN, requested_action={"identifier": "why"}), "sender": None},
            ),
            id="nobody",
        ),
    ],
)
def test_a_button_that_is_no_command(event: Event) -> None:
    assert event.commands == ()
