"""Command: lift a workstream's hold or skip. Must not lift the plan's pause: that is `resume`."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.commands.workstream import called, stream_of
from bot.core.model import Role


def run(case: CommandCase) -> Result:
    """Lift both; what is neither held nor skipped stays as it is."""
    stream = stream_of(case)
    key = stream.workstream.key
    intent = case.intent
    if key not in intent.held and key not in intent.skipped:
        return done(case, reply=f"{called(stream)} is neither held nor skipped, so nothing changed.")
    held = {each: order for each, order in intent.held.items() if each != key}
    skipped = {each: order for each, order in intent.skipped.items() if each != key}
    return done(case, replace(intent, held=held, skipped=skipped))


COMMAND = Command(
    name="release",
    usage="/signalbox release [KEY]",
    summary="Lift the hold or the skip of a workstream",
    role=Role.WRITE,
    target=Target.WORKSTREAM,
    run=run,
    slot="hold",
)
