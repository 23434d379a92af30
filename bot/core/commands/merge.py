"""Command: merge a workstream as soon as every gate passes, also in mode `manual`. Must not pass a gate over."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.commands.workstream import called, landed, open_pull, stream_of
from bot.core.model import Order, Role, Stage
from bot.core.render.words import lowered, wait_of


def run(case: CommandCase) -> Result:
    """Take the order down; it counts until the pull is merged or closed."""
    stream = stream_of(case)
    key = stream.workstream.key
    if reason := landed(stream):
        return refused(case, reason)
    if open_pull(stream) is None:
        return refused(case, f"{called(stream)} has no open pull request to merge.")
    order = Order(by=case.call.author, at=case.call.at)
    intent = replace(case.intent, merges={**case.intent.merges, key: order})
    if stream.stage is Stage.MERGEABLE:
        return done(case, intent)
    wait = wait_of(case.view, stream).text
    waits = f" Now it waits for {lowered(wait)}." if wait else ""
    return done(case, intent, f"{called(stream)} is merged as soon as every gate passes.{waits}")


COMMAND = Command(
    name="merge",
    usage="/signalbox merge [KEY]",
    summary="Merge a workstream as soon as every gate passes, also where the config says `mode: manual`",
    role=Role.MAINTAIN,
    target=Target.WORKSTREAM,
    run=run,
)
