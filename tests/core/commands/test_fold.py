"""Rights, targets, order and refusals: what holds for every command."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.commands.fold import fold
from bot.core.config import Config
from bot.core.facts import Answer, CommandFacts, Facts, Verdict
from bot.core.keepsake import HEARD
from bot.core.memory import Memory, Restored
from bot.core.model import Intent, Key, Login, NodeId, PlanState, PullNumber, Role, Stage
from bot.core.views import PlanView, WorkstreamView
from tests.build import (
    a_command,
    a_judge,
    a_memory,
    a_pull,
    a_stream,
    a_stream_view,
    a_view,
    ago,
    an_intent,
    an_issue,
    an_order,
    facts,
)

DONE, REFUSED = Verdict.DONE, Verdict.REFUSED


def stream(key: str, number: int | None, stage: Stage = Stage.RUNNING, **more: Any) -> WorkstreamView:
    pull = a_pull(number) if number is not None else None
    return a_stream_view(key, stage, pull=pull, workstream=a_stream(key), **more)


STREAMS = (stream("W1", 11), stream("W2", 12), stream("W10", None))
AGENTS = (stream("Agent A", 21), stream("Agent B", 22), stream("C", 23))


def run(
    *commands: CommandFacts,
    memory: Memory | None = None,
    streams: tuple[WorkstreamView, ...] = STREAMS,
    issue: Any = None,
    **view: Any,
) -> tuple[Intent, dict[int, Answer], frozenset[int]]:
    given = facts(commands=commands, issue=issue or an_issue())
    after, answers, ignored = fold(given, memory or a_memory(), a_judge(*streams, **view))
    return after.intent, dict(answers), ignored


def one(line: str, **more: Any) -> tuple[Intent, Answer]:
    keys = {"memory", "streams", "issue", "state", "config"}
    intent, answers, _ = run(
        a_command(line, **{key: value for key, value in more.items() if key not in keys}),
        **{key: value for key, value in more.items() if key in keys},
    )
    return intent, answers[1]


@pytest.mark.parametrize(
    ("line", "pull", "held"),
    [
        pytest.param("hold W1", None, "W1", id="key"),
        pytest.param("hold w2", None, "W2", id="key in another case"),
        pytest.param("hold W1: wait", None, "W1", id="key with a colon"),
        pytest.param("hold W10", None, "W10", id="not the key it begins with"),
        pytest.param("hold #12", None, "W2", id="number of the pull"),
        pytest.param("hold", 12, "W2", id="on the pull"),
        pytest.param("hold for a week", 12, "W2", id="on the pull with a reason"),
        pytest.param("hold W1", 12, "W1", id="on a pull, another key"),
        pytest.param("hold agent w1", None, "W1", id="a noun before the key"),
        pytest.param("hold W1", 99, "W1", id="on an unknown pull, with a key"),
    ],
)
def test_a_command_finds_its_workstream(line: str, pull: int | None, held: str) -> None:
    intent, answer = one(line, pull=PullNumber(pull) if pull is not None else None)
    assert (list(intent.held), answer.verdict) == ([held], DONE)


@pytest.mark.parametrize(
    ("line", "pull", "held", "reason"),
    [
        pytest.param("hold Agent A wait", None, "Agent A", "wait", id="two words"),
        pytest.param("hold agent b", None, "Agent B", "", id="another case"),
        pytest.param("hold A", None, "Agent A", "", id="short"),
        pytest.param("hold a until friday", None, "Agent A", "until friday", id="short, in another case"),
        pytest.param("hold agent c", None, "C", "", id="long for a short key"),
        pytest.param("hold A", 22, "Agent A", "", id="short and alone on a pull"),
        pytest.param("hold a customer asked", 22, "Agent B", "a customer asked", id="an article is no key on a pull"),
        pytest.param("hold agent a asked", 22, "Agent A", "asked", id="a whole key on a pull"),
    ],
)
def test_keys_of_several_words(line: str, pull: int | None, held: str, reason: str) -> None:
    intent, _ = one(line, streams=AGENTS, pull=PullNumber(pull) if pull is not None else None)
    assert {key: order.reason for key, order in intent.held.items()} == {held: reason}


@pytest.mark.parametrize("line", ["hold W9", "hold w12: wait", "skip W9 it is late"])
def test_a_mistyped_key_on_a_pull_is_no_reason(line: str) -> None:
    intent, answer = one(line, pull=11)
    assert answer.verdict is REFUSED
    assert "no workstream" in answer.reply
    assert (intent.held, intent.skipped) == ({}, {})


def test_a_name_that_the_plan_has_not_is_no_reason_either() -> None:
    intent, answer = one("hold Agent D", streams=AGENTS, pull=21)
    assert answer.verdict is REFUSED
    assert intent.held == {}


def test_a_short_form_that_two_keys_share_names_neither() -> None:
    intent, answer = one("hold A", streams=(stream("Agent A", 1), stream("Team A", 2)))
    assert (intent.held, answer.verdict) == ({}, REFUSED)


@pytest.mark.parametrize(
    ("line", "pull", "says"),
    [
        pytest.param("hold", None, "`/signalbox hold W1`", id="no key on the plan"),
        pytest.param("hold W3", None, "no workstream `W3`", id="unknown key"),
        pytest.param("hold W11", None, "Did you mean W1", id="unknown key, nearest"),
        pytest.param("approve W9", 12, "no workstream `W9`", id="unknown key on a pull"),
        pytest.param("approve W2 please", None, "no workstream `please`", id="words that mean nothing"),
        pytest.param("hold", 99, "not part of a plan", id="foreign pull"),
        pytest.param("hold #99", None, "no workstream `#99`", id="number of a foreign pull"),
        pytest.param("hold @ada", None, "`@ada`", id="a mention is not repeated"),
        pytest.param("why W9", None, "no workstream `W9`", id="unknown key for why"),
    ],
)
def test_a_command_that_is_about_nothing_is_refused(line: str, pull: int | None, says: str) -> None:
    intent, answer = one(line, pull=PullNumber(pull) if pull is not None else None)
    assert (intent, answer.verdict) == (an_intent(), REFUSED)
    assert says in answer.reply


def test_a_pull_that_is_not_the_current_one_still_tells_the_workstream() -> None:
    old = facts(pulls={"W1": a_pull(8)}, commands=(a_command("hold", pull=PullNumber(8)),))
    memory, _, _ = fold(old, a_memory(), a_judge(*STREAMS))
    assert list(memory.intent.held) == ["W1"]


@pytest.mark.parametrize(
    ("line", "role", "allowed"),
    [
        pytest.param("status", Role.NONE, False, id="status, no access"),
        pytest.param("status", Role.READ, True, id="status, read"),
        pytest.param("help", Role.READ, True, id="help, read"),
        pytest.param("why W1", Role.READ, True, id="why, read"),
        pytest.param("pause", Role.TRIAGE, False, id="pause, triage"),
        pytest.param("pause", Role.WRITE, True, id="pause, write"),
        pytest.param("resume", Role.WRITE, True, id="resume, write"),
        pytest.param("hold W1", Role.READ, False, id="hold, read"),
        pytest.param("hold W1", Role.WRITE, True, id="hold, write"),
        pytest.param("release W1", Role.READ, False, id="release, read"),
        pytest.param("release W1", Role.WRITE, True, id="release, write"),
        pytest.param("ready W1", Role.TRIAGE, False, id="ready, triage"),
        pytest.param("approve W1", Role.TRIAGE, False, id="approve, triage"),
        pytest.param("retry W1", Role.READ, False, id="retry, read"),
        pytest.param("skip W1", Role.WRITE, False, id="skip, write"),
        pytest.param("skip W1", Role.MAINTAIN, True, id="skip, maintain"),
        pytest.param("cancel", Role.WRITE, False, id="cancel, write"),
        pytest.param("cancel", Role.ADMIN, True, id="cancel, admin"),
        pytest.param("start", Role.WRITE, False, id="start, write"),
        pytest.param("start", Role.MAINTAIN, True, id="start, maintain"),
    ],
)
def test_rights(line: str, role: Role, allowed: bool) -> None:
    intent, answer = one(line, role=role)
    assert (answer.verdict is DONE) == allowed
    if not allowed:
        assert intent == an_intent()
        assert f"`/signalbox {line.split(maxsplit=1)[0]}`" in answer.reply


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param("stauts", "`/signalbox status`", id="nearest"),
        pytest.param("frobnicate", "`/signalbox help`", id="nothing near"),
        pytest.param("`@ada`", "`'@ada'`", id="hostile"),
    ],
)
def test_an_unknown_verb_is_refused_with_a_hint(line: str, says: str) -> None:
    _, answer = one(line)
    assert answer.verdict is REFUSED
    assert says in answer.reply


@pytest.mark.parametrize(
    ("author", "bots", "obeyed"),
    [
        pytest.param("renovate[bot]", (), False, id="not named"),
        pytest.param("renovate[bot]", ("renovate[bot]",), True, id="named"),
        pytest.param("renovate", ("renovate[bot]",), True, id="named as another API does"),
        pytest.param("Renovate[bot]", ("renovate",), True, id="another case"),
        pytest.param("evil[bot]", ("renovate",), False, id="another one is named"),
    ],
)
def test_bots_are_ignored_unless_configured(author: str, bots: tuple[str, ...], obeyed: bool) -> None:
    command = a_command("pause", author=Login(author), author_is_bot=True)
    intent, answers, ignored = run(command, config=Config(bots=bots))
    assert (intent.paused is not None, set(answers), ignored) == (
        (True, {1}, frozenset()) if obeyed else (False, set(), frozenset({1}))
    )


CANCELLED = a_memory(intent=an_intent(cancelled=an_order("mia")))
PREVIEW = Memory()


@pytest.mark.parametrize(
    ("line", "more", "says"),
    [
        pytest.param("hold W1", {"memory": PREVIEW}, "not been started", id="hold before the start"),
        pytest.param("pause", {"memory": PREVIEW}, "not been started", id="pause before the start"),
        pytest.param(
            "hold W1", {"memory": CANCELLED}, "cancelled by `mia` on 2026-11-20 18:55 UTC", id="hold, cancelled"
        ),
        pytest.param("start", {"memory": CANCELLED}, "cancelled by `mia`", id="start, cancelled"),
        pytest.param("cancel", {"memory": CANCELLED}, "cancelled by `mia`", id="cancel, cancelled"),
        pytest.param("pause", {"state": PlanState.COMPLETED}, "complete", id="pause, complete"),
        pytest.param("start", {"state": PlanState.COMPLETED}, "complete", id="start, complete"),
        pytest.param("start", {"memory": PREVIEW, "issue": an_issue(labels=())}, "label `plan`", id="start, no label"),
        pytest.param(
            "status", {"memory": PREVIEW, "issue": an_issue(labels=())}, "label `plan`", id="status, no label"
        ),
    ],
)
def test_a_command_at_the_wrong_time_is_refused_with_the_reason(line: str, more: dict[str, Any], says: str) -> None:
    intent, answer = one(line, **more)
    assert answer.verdict is REFUSED
    assert intent == more.get("memory", a_memory()).intent
    assert says in answer.reply


@pytest.mark.parametrize(
    ("line", "more"),
    [
        pytest.param("status", {"memory": CANCELLED}, id="status, cancelled"),
        pytest.param("status", {"memory": PREVIEW}, id="status before the start"),
        pytest.param("why", {"state": PlanState.COMPLETED}, id="why, complete"),
        pytest.param("help", {"memory": PREVIEW, "issue": an_issue(labels=())}, id="help, no label"),
        pytest.param("hold W1", {"issue": an_issue(labels=())}, id="the label went after the start"),
    ],
)
def test_what_is_fine_at_any_time(line: str, more: dict[str, Any]) -> None:
    assert one(line, **more)[1].verdict is DONE


def test_commands_are_folded_in_the_order_of_arrival() -> None:
    commands = [a_command(line, id=index) for index, line in enumerate(["pause", "resume", "hold W1", "release W1"])]
    intent, answers, _ = run(*commands)
    assert intent == an_intent()
    assert {answer.verdict for answer in answers.values()} == {DONE}
    intent, _, _ = run(*reversed(commands))
    assert intent.paused is not None
    assert list(intent.held) == ["W1"]


def test_of_commands_that_undo_each_other_the_one_written_last_wins_in_whatever_order_they_arrive() -> None:
    resume = a_command("resume", id=1, at=ago(1), serial=20)
    pause = a_command("pause", id=2, at=ago(1), serial=10)
    judge = a_judge(*STREAMS)
    memory, _, _ = fold(facts(commands=(resume,)), a_memory(intent=an_intent()), judge)
    memory, answers, _ = fold(facts(commands=(pause,)), memory, judge)
    assert memory.intent.paused is None
    assert "arrived late" in answers[2].reply


def test_each_command_sees_what_the_ones_before_it_did() -> None:
    states: list[PlanState] = []
    inner = a_judge(*STREAMS)

    def judge(given: Facts, memory: Memory) -> PlanView:
        view = inner(given, memory)
        states.append(view.state)
        return view

    commands = (a_command("pause", id=1), a_command("status", id=2), a_command("why", id=3))
    fold(facts(commands=commands), a_memory(), judge)
    assert states == [PlanState.RUNNING, PlanState.PAUSED]


def test_a_command_that_was_answered_is_not_run_again() -> None:
    command = a_command("pause", answer=Answer(verdict=DONE))
    assert run(command) == (an_intent(), {}, frozenset())


def test_without_commands_nothing_is_judged() -> None:
    def judge(given: Facts, memory: Memory) -> PlanView:
        raise AssertionError

    memory = a_memory()
    assert fold(facts(), memory, judge) == (memory, {}, frozenset())


def test_repeating_commands_changes_nothing() -> None:
    lines = ["pause", "hold W1 why not", "skip W2"]
    once, _, _ = run(*(a_command(line, id=index) for index, line in enumerate(lines)))
    twice, _, _ = run(*(a_command(line, id=index) for index, line in enumerate(lines * 2)))
    assert once == twice


def test_a_pressed_button_is_a_command() -> None:
    call = a_command("release", comment=None, pull=PullNumber(11), subject=NodeId("PR_11"))
    intent, answers, _ = run(call, memory=a_memory(intent=an_intent(held={Key("W1"): an_order()})))
    assert (intent.held, answers[1].verdict) == ({}, DONE)


def test_a_plan_without_workstreams_has_none_to_name() -> None:
    empty = replace(a_view(), streams=(), plan=replace(a_view().plan, workstreams=()))
    given = facts(commands=(a_command("hold"), a_command("hold W1", id=2)))
    memory, answers, _ = fold(given, a_memory(), lambda _, __: empty)
    assert memory == a_memory()
    assert [answer.verdict for answer in answers.values()] == [REFUSED, REFUSED]


def test_an_old_command_that_arrives_late_is_answered_and_one_that_was_answered_is_not() -> None:
    """However many newer ones were: only where a database was lost is it not known which of the old ones were."""
    memory = replace(a_memory(), heard=tuple(range(1000, 1000 + HEARD)))
    late, known = a_command("status", id=1, serial=10), a_command("status", id=2, serial=1000)
    _, answers, ignored = fold(facts(commands=(late, known)), memory, a_judge())
    assert (set(answers), set(ignored)) == ({1}, {2})


# ---- after a lost database ----

MARK = "0123456789ab"
RESTORED = replace(
    a_memory(intent=an_intent(held={Key("W1"): an_order()})),
    heard=tuple(range(1050, 1050 + HEARD)),
    restored=Restored(mark=MARK, newest=1260, waiting=("comment:1258:1",)),
)


@pytest.mark.parametrize(
    ("serial", "line", "obeyed"),
    [
        pytest.param(1001, 1, False, id="older than what is known one by one"),
        pytest.param(1060, 1, False, id="answered"),
        pytest.param(1255, 1, False, id="read, and no command by then"),
        pytest.param(1258, 1, True, id="nobody had answered"),
        pytest.param(1258, 2, False, id="another line of it, which was answered"),
        pytest.param(1260, 1, False, id="the newest that was read"),
        pytest.param(1261, 1, True, id="written since"),
    ],
)
def test_of_a_restored_plan_only_what_was_not_answered_or_came_since_is_carried_out(
    serial: int, line: int, *, obeyed: bool
) -> None:
    call = a_command("cancel", serial=serial, source=f"comment:{serial}:{line}")
    intent, answers, ignored = run(call, memory=RESTORED)
    assert (intent.cancelled is not None, set(answers), set(ignored)) == (
        (True, {1}, set()) if obeyed else (False, set(), {1})
    )


@pytest.mark.parametrize(
    ("line", "mark", "verdict"),
    [
        pytest.param("release", "", REFUSED, id="before the loss"),
        pytest.param("release", "ba9876543210", REFUSED, id="before a second loss"),
        pytest.param("release", MARK, DONE, id="since"),
        pytest.param("why", "", DONE, id="only asks"),
    ],
)
def test_of_a_restored_plan_only_the_checks_written_since_have_buttons(line: str, mark: str, verdict: Verdict) -> None:
    call = a_command(line, comment=None, pull=PullNumber(11), mark=mark, source="button:x:0")
    intent, answers, _ = run(call, memory=RESTORED)
    assert answers[1].verdict is verdict
    assert (intent.held == {}) is (mark == MARK)
    assert ("press again" in answers[1].reply) is (verdict is REFUSED)


def test_without_a_loss_every_button_counts() -> None:
    call = a_command("release", comment=None, pull=PullNumber(11), mark=MARK, source="button:x:0")
    assert run(call, memory=replace(RESTORED, restored=None))[0].held == {}
