"""Command: hand a workstream in. Must not take the pull out of draft: decide.py does, from the new intent."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.commands.workstream import called, landed, open_pull, stream_of
from bot.core.model import Order, Role
from bot.core.render.brief import is_opening_commit
from bot.core.text import code


def run(case: CommandCase) -> Result:
    """Refuse what has no open pull; one without work yet is handed in all the same."""
    stream = stream_of(case)
    key = stream.workstream.key
    if reason := landed(stream):
        return refused(case, reason)
    pull = open_pull(stream)
    if pull is None:
        return refused(case, f"{called(stream)} has no open pull request; `/signalbox why` says what it waits for.")
    handed_in = not pull.draft if case.memory.drafts else key in case.intent.handed_in
    if handed_in:
        return done(case, reply=f"{called(stream)} is handed in already.")
    order = Order(by=case.call.author, at=case.call.at)
    # The push may be under way: the word counts, and the draft gate waits for the work.
    nothing_yet = is_opening_commit(pull.head_message) and pull.changed_files == 0
    reply = f"{called(stream)} is handed in, but nobody has pushed to {code(pull.head)} yet." if nothing_yet else ""
    return done(case, replace(case.intent, handed_in={**case.intent.handed_in, key: order}), reply)


COMMAND = Command(
    name="ready",
    usage="/signalbox ready [KEY]",
    summary="Hand a workstream in: its pull request leaves draft and may be reviewed",
    role=Role.WRITE,
    target=Target.WORKSTREAM,
    run=run,
)
