"""`log`: anybody who can read may ask for the audit trail, and asking changes nothing."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.commands.fold import fold
from bot.core.commands.log import MOST, SHOWN
from bot.core.facts import Answer, AuditEntry, AuditKind, Verdict
from bot.core.model import Role, Stage
from tests.build import NOW, a_command, a_judge, a_memory, a_stream_view, facts


def entries(count: int) -> tuple[AuditEntry, ...]:
    kind = AuditKind.ACTION
    return tuple(AuditEntry(at=NOW, kind=kind, actor="", what=f"deed {n}", outcome="done") for n in range(count))


def ask(line: str, trail: Sequence[AuditEntry], **call: Any) -> Answer:
    memory = a_memory()
    given = facts(commands=(a_command(line, **call),), trail=tuple(trail))
    after, answers, ignored = fold(given, memory, a_judge(a_stream_view("W1", Stage.RUNNING)))
    assert (after, ignored) == (memory, frozenset())
    return answers[1]


def deeds(answer: Answer) -> int:
    return answer.reply.count("deed ")


@pytest.mark.parametrize("role", [Role.READ, Role.ADMIN])
def test_whoever_can_read_sees_the_newest_entries(role: Role) -> None:
    answer = ask("log", entries(MOST), role=role)
    assert answer.verdict is Verdict.DONE
    assert deeds(answer) == SHOWN
    assert "`signalbox log octo/demo#" in answer.reply


def test_somebody_without_a_role_is_refused() -> None:
    assert ask("log", entries(1), role=Role.NONE).verdict is Verdict.REFUSED


@pytest.mark.parametrize("number", [1, 3, MOST])
def test_as_many_are_shown_as_were_asked_for(number: int) -> None:
    assert deeds(ask(f"log {number}", entries(MOST))) == number


@pytest.mark.parametrize("words", ["0", "101", "1000000000000000000000", "-1", "ten", "3 4", "٣", "1.5", "`|@ada"])
def test_what_is_no_number_is_refused(words: str) -> None:
    answer = ask(f"log {words}", entries(3))
    assert (answer.verdict, deeds(answer)) == (Verdict.REFUSED, 0)


def test_a_plan_without_a_past_says_so() -> None:
    assert "Nothing has been done" in ask("log", ()).reply
