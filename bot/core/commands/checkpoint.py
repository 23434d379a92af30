"""Command: keep the base as it is now as a checkpoint. Must not tag it: the turn does, from the record."""

import re
from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused, unknown_move
from bot.core.ledger import Checkpoint, standing, unverified
from bot.core.model import Role, Sha
from bot.core.text import code, cut, login, name

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")
_OURS = re.compile(r"cp-\d+", re.IGNORECASE)


def run(case: CommandCase) -> Result:
    """Record it if the base is good as far as the plan knows; names are free but for those that the train gives."""
    memory, tip, tree = case.memory, case.facts.base.sha, case.facts.base.tree
    wanted = " ".join(case.words)
    if wanted and (not _NAME.fullmatch(wanted) or _OURS.fullmatch(wanted) or _no_ref(wanted)):
        return refused(
            case,
            f"{code(cut(wanted, 60))} cannot be a checkpoint's name: use up to 50 letters, digits, dots and dashes, "
            "and not `cp-` with a number, which Signalbox gives.",
        )
    open_ = unverified(memory.landings)
    if open_:
        what = name(open_[0].key) if open_[0].key is not None else f"rollback {open_[0].rollback}"
        return refused(case, f"The base is not verified with {what} (#{open_[0].pull}) in yet: wait for that first.")
    if tip is None or tree is None or case.intent.start is None:
        return refused(case, f"The base {code(case.facts.base.name)} cannot be read.")
    if (moved := unknown_move(case)) is not None:
        return refused(case, moved)
    label = wanted or _free_name(case)
    taken = next((each for each in memory.checkpoints if each.name.casefold() == label.casefold()), None)
    if taken is not None:
        again = f"{code(label)} is a checkpoint already, at {code(taken.sha[:7])}."
        return done(case, reply=again) if taken.sha == tip else refused(case, f"{again} Take another name.")
    new = Checkpoint(
        name=label,
        sha=tip,
        tree=tree,
        revision=case.intent.start.revision,
        at=case.call.at,
        landed=tuple(each.key for each in standing(memory.landings) if each.key is not None),
        pulls=tuple(each.pull for each in standing(memory.landings)),
        evidence=(f"Kept by {login(case.call.author)}", *_seen(case, tip)),
        by=case.call.author,
    )
    reply = f"{code(case.facts.base.name)} at {code(tip[:7])} is the checkpoint {code(label)}."
    return replace(done(case, reply=reply), memory=replace(memory, checkpoints=(*memory.checkpoints, new)))


def _seen(case: CommandCase, tip: Sha) -> tuple[str, ...]:
    """What the plan knows of the base as it is: nothing, if others moved it since it was verified."""
    last = next((each for each in reversed(case.memory.landings) if each.sha == tip), None)
    return last.evidence if last is not None else ()


def _no_ref(wanted: str) -> bool:
    """Whether git takes no ref of that name. https://git-scm.com/docs/git-check-ref-format"""
    return ".." in wanted or wanted.endswith((".", ".lock"))


def _free_name(case: CommandCase) -> str:
    names = {each.name for each in case.memory.checkpoints}
    return next(label for number in range(1, len(names) + 2) if (label := f"kept-{number}") not in names)


COMMAND = Command(
    name="checkpoint",
    usage="/signalbox checkpoint [name]",
    summary="Keep the base as it is now as a checkpoint, to which a rollback can go back",
    role=Role.WRITE,
    target=Target.PLAN,
    run=run,
)
