"""Command: take back what landed since a checkpoint, or since a workstream. Must not build anything: the turn does."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused, unknown_move
from bot.core.commands.target import named
from bot.core.ledger import Checkpoint, Rollback, standing, unverified
from bot.core.model import Role
from bot.core.render.parts import listed
from bot.core.rollback import Goal, back_before, back_to, rollback_of
from bot.core.text import code, cut, login, name


def run(case: CommandCase) -> Result:
    """Begin a rollback; one that is under way is finished or closed first."""
    memory = case.memory
    if (busy := _busy(case)) is not None:
        return refused(case, busy)
    landed = standing(memory.landings)
    if not landed:
        return refused(case, "Nothing of this plan has landed, so there is nothing to roll back.")
    goal = _goal(case)
    if isinstance(goal, str):
        return refused(case, goal)
    if not goal.undone:
        return refused(case, f"Nothing of this plan has landed since {code(goal.name)}, so there is nothing to undo.")
    if case.facts.base.sha is None:
        return refused(case, f"The base {code(case.facts.base.name)} does not exist.")
    if (moved := unknown_move(case)) is not None:
        return refused(case, moved)
    reason = f"{login(case.call.author)} asked for it with {code(cut(case.call.text, 120))}"
    new = rollback_of(case.facts, memory, goal, reason=reason, by=case.call.author)
    return replace(done(case, reply=_reply(new)), memory=replace(memory, rollbacks=(*memory.rollbacks, new)))


def _busy(case: CommandCase) -> str | None:
    """Why no other rollback may begin now; one that cannot be clean gives way to a new one."""
    last = case.memory.rollbacks[-1] if case.memory.rollbacks else None
    if last is None or last.merged or last.closed or (last.active and last.unclean):
        return None
    back = case.view.rollback
    number = f" (#{back.pull.number})" if back is not None and back.pull is not None else ""
    return f"Rollback {last.number}{number} is under way: merge it, or close its pull request first."


def _goal(case: CommandCase) -> Goal | str:
    """What to go back to, or why that cannot be told."""
    memory, words = case.memory, case.words
    if not words:
        broken = unverified(standing(memory.landings))
        if broken:
            return back_before(memory, broken[0])
        names = listed([code(each.name) for each in reversed(memory.checkpoints)], most=5)
        return f"{_as_it_is(case)} Say where to: `/signalbox rollback KEY` or a checkpoint: {names}."
    wanted = " ".join(words).strip("`").casefold()
    checkpoint = next((each for each in memory.checkpoints if each.name.casefold() == wanted), None)
    if checkpoint is not None:
        return _of(case, checkpoint)
    key, length = named(words, case.facts, case.view)
    landing = next((each for each in reversed(standing(memory.landings)) if each.key == key), None)
    if key is not None and length == len(words):
        if landing is None:
            return f"{name(key)} has not landed, so there is nothing to roll back."
        return back_before(memory, landing)
    names = listed([code(each.name) for each in reversed(memory.checkpoints)], most=5)
    return f"This plan has no checkpoint and no workstream {code(cut(' '.join(words), 60))}. Checkpoints: {names}."


def _as_it_is(case: CommandCase) -> str:
    """How the base stands where no workstream's landing is left to be verified."""
    back = next(iter(unverified(case.memory.landings)), None)
    if back is None:
        return "The base is good with everything in."
    return f"What the base is not verified with yet is rollback {back.rollback} (#{back.pull}) itself."


def _of(case: CommandCase, checkpoint: Checkpoint) -> Goal | str:
    """A checkpoint, if what it holds stands: to go back to it must not bring in again what was taken back."""
    stand = {each.pull for each in standing(case.memory.landings)}
    gone = [each.key for each in case.memory.landings if each.pull in checkpoint.pulls and each.pull not in stand]
    if gone:
        names = listed([name(key) for key in dict.fromkeys(gone) if key is not None])
        return f"{code(checkpoint.name)} holds {names}, taken back since: go back to an earlier checkpoint."
    return back_to(case.memory, checkpoint)


def _reply(new: Rollback) -> str:
    keys = listed([name(key) for key in new.keys])
    return (
        f"Preparing a pull request that takes back {keys}, newest first, and goes back to {code(new.to)}. "
        "Nothing else of this plan merges until then."
    )


COMMAND = Command(
    name="rollback",
    usage="/signalbox rollback [KEY | checkpoint]",
    summary=(
        "Take back what landed since a checkpoint, or a workstream and what landed after it, by a pull request; "
        "without a word what the base was not verified with"
    ),
    role=Role.MAINTAIN,
    target=Target.PLAN,
    run=run,
)
