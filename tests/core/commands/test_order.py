"""`order`: anybody who can read may ask, and asking changes nothing."""

from typing import Any

import pytest

from bot.core import registry
from bot.core.commands.fold import fold
from bot.core.facts import Answer, Verdict
from bot.core.memory import Memory
from bot.core.model import Role, Stage
from tests.build import (
    a_command,
    a_judge,
    a_memory,
    a_need,
    a_plan,
    a_stream,
    a_stream_view,
    facts,
)

STREAMS = (
    a_stream_view("W1", Stage.MERGEABLE),
    a_stream_view("W2", Stage.QUEUED, needs=(a_need("W1"),), workstream=a_stream("W2", needs=("W1",))),
)


def ask(line: str, *, memory: Memory | None = None, **call: Any) -> Answer:
    memory = memory or a_memory()
    given = facts(commands=(a_command(line, **call),))
    plan = a_plan(*(each.workstream for each in STREAMS))
    after, answers, ignored = fold(given, memory, a_judge(*STREAMS, plan=plan))
    assert (after, ignored) == (memory, frozenset())
    return answers[1]


@pytest.mark.parametrize("role", [Role.READ, Role.ADMIN])
def test_whoever_can_read_is_told_who_is_next_and_what_that_unblocks(role: Role) -> None:
    answer = ask("order", role=role)
    assert answer.verdict is Verdict.DONE
    assert "**Next to merge:** **W1**" in answer.reply
    assert "unblocks W2" in answer.reply
    assert "**Critical path:** **W1** → **W2**: 2 merges" in answer.reply


def test_on_a_workstreams_pull_it_is_about_the_plan_too() -> None:
    assert ask("order", pull=12) == ask("order")


def test_before_a_start_it_tells_the_order_of_the_plan() -> None:
    answer = ask("order", memory=Memory())
    assert answer.verdict is Verdict.DONE
    assert "Nobody has started this plan yet." in answer.reply
    assert "2 workstreams in 2 waves" in answer.reply


def test_somebody_without_a_role_is_refused() -> None:
    assert ask("order", role=Role.NONE).verdict is Verdict.REFUSED


def test_the_help_says_what_it_is() -> None:
    command = registry.load_commands()["order"]
    assert (command.usage, command.role) == ("/signalbox order", Role.READ)
