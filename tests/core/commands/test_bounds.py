"""How many commands of people who may not write are answered, and what the last answer before the silence says."""

from typing import Any

import pytest

from bot.core.commands.bounds import MOST_ANSWERS, MOST_LINES, bounds, is_bounded
from bot.core.commands.fold import fold
from bot.core.config import Config
from bot.core.facts import Answer, CommandFacts, Verdict
from bot.core.model import Login, Role
from tests.build import a_command, a_judge, a_memory, a_stream_view, facts

RITA, OTTO = Login("rita"), Login("otto")
LAST, BELOW = "the last answer to you", "below this one in your comment were ignored"


def said(*lines: int, author: Login = RITA, line: str = "nonsense", **more: Any) -> tuple[CommandFacts, ...]:
    """Comments with so many lines each; ids and comments are counted on from the author's name."""
    first = 1000 * (1 + [RITA, OTTO, Login("wim"), Login("renovate[bot]")].index(author))
    fields: dict[str, Any] = {"author": author, "role": Role.READ, **more}
    places = [(comment, at) for comment, count in enumerate(lines) for at in range(count)]
    return tuple(
        a_command(
            line, id=first + number, source=f"comment:{first + comment}:{at + 1}", serial=first + comment, **fields
        )
        for number, (comment, at) in enumerate(places)
    )


def answered(
    calls: tuple[CommandFacts, ...], before: dict[Login, int] | None = None, **view: Any
) -> tuple[dict[int, Answer], frozenset[int]]:
    given = facts(commands=calls, answered=before or {})
    _, answers, ignored = fold(given, a_memory(), a_judge(a_stream_view("W1"), **view))
    assert not {*answers} & ignored
    assert {*answers, *ignored} == {each.id for each in calls}
    return dict(answers), ignored


@pytest.mark.parametrize(
    ("calls", "before", "count"),
    [
        pytest.param(said(1), 0, 1, id="one"),
        pytest.param(said(MOST_LINES), 0, MOST_LINES, id="as many lines as are answered"),
        pytest.param(said(10), 0, MOST_LINES, id="more lines"),
        pytest.param(said(*[10] * 20), 0, MOST_ANSWERS, id="twenty comments of ten lines"),
        pytest.param(said(*[1] * MOST_ANSWERS), 0, MOST_ANSWERS, id="as many as an hour has"),
        pytest.param(said(*[1] * 15), 0, MOST_ANSWERS, id="more than an hour has"),
        pytest.param(said(1, 1, 1), MOST_ANSWERS - 2, 2, id="some were answered before"),
        pytest.param(said(3), MOST_ANSWERS, 0, id="all of them were"),
        pytest.param(said(1), MOST_ANSWERS + 3, 0, id="more than all"),
    ],
)
def test_of_somebody_who_may_not_write_so_many_are_answered(
    calls: tuple[CommandFacts, ...], before: int, count: int
) -> None:
    answers, ignored = answered(calls, {RITA: before})
    assert (len(answers), len(ignored)) == (count, len(calls) - count)
    assert all(answer.courtesy for answer in answers.values())


def test_the_last_answer_before_the_silence_says_so() -> None:
    calls = said(*[1] * (MOST_ANSWERS + 1))
    answers, _ = answered(calls)
    assert [LAST in answer.reply for answer in answers.values()] == [False] * (MOST_ANSWERS - 1) + [True]
    early, _ = answered(said(1), {RITA: MOST_ANSWERS - 1})
    assert LAST in early[1000].reply, "also while nobody has said more than that"


def test_the_last_answer_to_a_long_comment_says_that_the_rest_is_ignored() -> None:
    answers, ignored = answered(said(MOST_LINES + 2, 1))
    assert sorted(ignored) == [1000 + MOST_LINES, 1001 + MOST_LINES]
    told = [BELOW in answer.reply for answer in answers.values()]
    assert told == [False] * (MOST_LINES - 1) + [True, False]
    assert not any(LAST in answer.reply for answer in answers.values())


def test_an_answer_keeps_what_it_has_to_say() -> None:
    answers, _ = answered(said(1, line="stauts"), {RITA: MOST_ANSWERS - 1})
    assert "`/signalbox status`" in answers[1000].reply
    assert answers[1000].verdict is Verdict.REFUSED


def test_the_bounds_are_each_authors_own() -> None:
    answers, _ = answered((*said(*[1] * 12), *said(1, author=OTTO, line="status")))
    assert answers[2000].verdict is Verdict.DONE
    assert LAST not in answers[2000].reply


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"author": Login("wim"), "role": Role.WRITE}, id="write"),
        pytest.param({"author": Login("wim"), "role": Role.ADMIN}, id="admin"),
        pytest.param({"author": Login("renovate[bot]"), "author_is_bot": True, "role": Role.NONE}, id="a named bot"),
    ],
)
def test_who_may_write_is_not_bounded(more: dict[str, Any]) -> None:
    calls = said(10, 10, **more)
    answers, ignored = answered(calls, {calls[0].author: 100}, config=Config(bots=("renovate[bot]",)))
    assert (len(answers), ignored) == (20, frozenset())
    assert not any(answer.courtesy or LAST in answer.reply or BELOW in answer.reply for answer in answers.values())


@pytest.mark.parametrize("role", [Role.NONE, Role.READ, Role.TRIAGE])
@pytest.mark.parametrize("question", ["status", "why", "order", "simulate", "help"])
def test_whoever_asks_a_question_is_answered_within_the_bounds(role: Role, question: str) -> None:
    answers, ignored = answered(said(2, role=role, line=question))
    assert (len(answers), ignored) == (2, frozenset())
    assert all((answer.verdict is Verdict.DONE) == (role is not Role.NONE) for answer in answers.values())


def test_what_was_answered_in_an_earlier_turn_is_not_counted_twice() -> None:
    known = said(1, answer=Answer(verdict=Verdict.DONE, courtesy=True))
    given = facts(commands=(*known, *said(1, author=OTTO)), answered={RITA: 1})
    _, answers, ignored = fold(given, a_memory(), a_judge(a_stream_view("W1")))
    assert (set(answers), ignored) == ({2000}, frozenset())


def test_a_button_counts_as_a_comment_of_its_own() -> None:
    pressed = [a_command("why", id=n, source=f"button:guid-{n}:0", comment=None, role=Role.READ) for n in range(7)]
    assert all(is_bounded(each) for each in pressed)
    assert bounds(pressed, {}).silent == frozenset()
