"""Command: show the newest entries of the audit trail. Must not choose the words: render/log.py does."""

import re

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.model import Role
from bot.core.render.log import log_reply
from bot.core.text import code

NAME = "log"
SHOWN = 20  # entries, if nobody says how many
MOST = 100  # entries that one reply may show


def run(case: CommandCase) -> Result:
    """Answer with as many entries as were asked for, newest first; what this turn does is not among them yet."""
    if not case.words:
        return done(case, reply=log_reply(case.view, case.facts.trail[:SHOWN]))
    [number, *more] = case.words
    if more or not re.fullmatch(r"[0-9]{1,3}", number) or not 1 <= int(number) <= MOST:
        words = code(" ".join(case.words)[:60])
        return refused(
            case, f"`/signalbox log` takes how many entries to show, 1 to {MOST}; {words} is no such number."
        )
    return done(case, reply=log_reply(case.view, case.facts.trail[: int(number)]))


COMMAND = Command(
    name=NAME,
    usage="/signalbox log [NUMBER]",
    summary="Show the newest entries of the plan's audit trail: who asked for what, what Signalbox did and why, and how it ended",
    role=Role.READ,
    target=Target.PLAN,
    run=run,
)
