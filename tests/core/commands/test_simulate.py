"""`simulate`: anybody who can read may ask, and a dry run changes nothing."""

import pytest

from bot.core import registry
from bot.core.facts import Verdict
from bot.core.memory import Memory
from bot.core.model import Order, Role
from tests.build import a_memory, an_intent, an_order
from tests.core.commands.test_order import ask as ask_for

PAUSED: Order = an_order("wim", "release day")


@pytest.mark.parametrize("role", [Role.READ, Role.ADMIN])
def test_whoever_can_read_is_told_what_would_merge(role: Role) -> None:
    answer = ask_for("simulate", role=role)
    assert answer.verdict is Verdict.DONE
    assert "**Dry run: 2 merges would happen by themselves, then the plan is complete.**" in answer.reply
    assert "Nothing was changed by this." in answer.reply


def test_a_paused_plan_is_simulated_and_stays_paused() -> None:
    memory = a_memory(intent=an_intent(paused=PAUSED))
    assert ask_for("simulate", memory=memory).verdict is Verdict.DONE


def test_before_a_start_it_counts_from_the_plan_alone() -> None:
    answer = ask_for("simulate", memory=Memory())
    assert answer.verdict is Verdict.DONE
    assert "which nobody has started: 2 merges in 2 waves" in answer.reply


def test_somebody_without_a_role_is_refused() -> None:
    assert ask_for("simulate", role=Role.NONE).verdict is Verdict.REFUSED


def test_the_help_says_what_it_is() -> None:
    command = registry.load_commands()["simulate"]
    assert (command.usage, command.role) == ("/signalbox simulate", Role.READ)
