"""Command: a dry run of the merges. Must not change anything, nor choose the words: render/foresight.py does."""

from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.foresight import simulate
from bot.core.model import Role
from bot.core.render.foresight import simulate_reply


def run(case: CommandCase) -> Result:
    """Answer with what would merge if nothing else happened, and with what stops the rest."""
    return done(case, reply=simulate_reply(case.view, simulate(case.view)))


COMMAND = Command(
    name="simulate",
    usage="/signalbox simulate",
    summary="Dry run: say what would merge now, in which order and how, and what stops the rest; nothing is changed",
    role=Role.READ,
    target=Target.PLAN,
    run=run,
)
