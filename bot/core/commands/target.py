"""Finds the workstream that a command is about: named behind the verb, or that of the pull it was written on.

Must not judge whether the command fits it.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.core.commands import Command, Target
from bot.core.facts import CommandFacts, Facts
from bot.core.model import Key, Plan, PullNumber
from bot.core.render import replies
from bot.core.text import code, name
from bot.core.views import PlanView

_PULL = re.compile(r"#([0-9]{1,10})")
_NOUNS = ("agent", "workstream", "stream", "track", "task", "phase")  # "agent a" may stand for the key "A"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a command is about, or why that cannot be told."""

    key: Key | None = None  # None = the plan
    words: tuple[str, ...] = ()  # what is left behind the verb
    refusal: str = ""  # not empty = the command cannot be carried out


def aim(command: Command, call: CommandFacts, facts: Facts, view: PlanView) -> Aim:
    """Return what a call is about, or a refusal that says how to name it."""
    if command.target is Target.PLAN:
        return Aim(words=call.words)
    written_on = _key_of_pull(call.pull, facts, view) if call.pull is not None else None
    key, length = named(call.words, facts, view)
    rest = call.words[length:]
    reason_wanted = "reason" in command.usage
    if key is not None and (written_on is None or _meant(call.words[:length], rest)):
        return Aim(key=key, words=rest, refusal="" if reason_wanted or not rest else _unknown(rest, view.plan))
    if call.words and not reason_wanted:
        return Aim(refusal=_unknown(call.words, view.plan))
    if (mistyped := _like_a_key(call.words, view.plan)) is not None:
        return Aim(refusal=_unknown((mistyped,), view.plan))
    if written_on is not None:
        return Aim(key=written_on, words=call.words)
    if call.words and not (command.target is Target.EITHER and reason_wanted):
        return Aim(refusal=_unknown(call.words, view.plan))
    if call.pull is not None and not _is_of_rollback(call.pull, view):
        return Aim(refusal=replies.outside_reply())
    if command.target is Target.EITHER:
        return Aim(words=call.words)
    return Aim(refusal=f"Say which workstream: {code(_example(command, view.plan))}.")


def named(words: Sequence[str], facts: Facts, view: PlanView) -> tuple[Key | None, int]:
    """Return the workstream that the first words name, and how many do. The longest wins, a key over a pull."""
    forms = _forms(view.plan)
    longest = max((len(form.split()) for form in forms), default=0)
    for length in range(min(longest, len(words)), 0, -1):
        key = forms.get(_folded(words[:length]))
        if key is not None:
            return key, length
    pull = _PULL.fullmatch(words[0]) if words else None
    key = _key_of_pull(PullNumber(int(pull.group(1))), facts, view) if pull is not None else None
    return key, 0 if key is None else 1


def _forms(plan: Plan) -> dict[str, Key]:
    """Every way to name a workstream; a short form that two of them share names neither."""
    exact = {_folded(stream.key.split()): stream.key for stream in plan.workstreams}
    short: defaultdict[str, set[Key]] = defaultdict(set)
    for form, key in exact.items():
        parts = form.split()
        if len(parts) == 1:
            for noun in _NOUNS:
                short[f"{noun} {form}"].add(key)
        else:
            short[parts[-1]].add(key)
    return {form: next(iter(keys)) for form, keys in short.items() if len(keys) == 1} | exact


def _folded(words: Sequence[str]) -> str:
    return " ".join(words).casefold().rstrip(":,;.")


def _meant(words: Sequence[str], rest: Sequence[str]) -> bool:
    """Whether words on a pull name another workstream: "hold a customer asked" is a reason and not the key "A"."""
    return len(" ".join(words)) > 1 or not rest


def _like_a_key(words: Sequence[str], plan: Plan) -> str | None:
    """Return the first words if they are formed like this plan's keys, but are none: "W9", "Stream Gamma".

    Without this a mistyped key would pass for the reason, and the pull that it is written on would be meant.
    """
    for stream in plan.workstreams:
        *before, last = stream.key.split()
        typed = words[: len(before) + 1]
        if len(typed) <= len(before) or _folded(typed[:-1]) != _folded(before):
            continue
        end = typed[-1].rstrip(":,;.")
        numbered = re.sub(r"\d+", "0", end).casefold() == re.sub(r"\d+", "0", last).casefold() and any(
            map(str.isdigit, last)
        )
        lettered = bool(before) and len(end) == len(last) == 1
        worded = bool(before) and last.istitle() and end.istitle()
        if (numbered and not last.isdigit()) or (before and numbered) or lettered or worded:
            return " ".join(typed)
    return None


def _key_of_pull(number: PullNumber, facts: Facts, view: PlanView) -> Key | None:
    for stream in view.streams:
        if stream.pull is not None and stream.pull.number == number:
            return stream.workstream.key
    known = {stream.key for stream in view.plan.workstreams}
    for key, found in facts.workstreams.items():
        if key in known and any(pull.number == number for pull in found.pulls):
            return key
    return None


def _is_of_rollback(number: PullNumber, view: PlanView) -> bool:
    """Whether a pull is that of the rollback under way: it is about the plan as a whole."""
    return view.rollback is not None and view.rollback.pull is not None and view.rollback.pull.number == number


def _unknown(words: Sequence[str], plan: Plan) -> str:
    forms = _forms(plan)
    near = get_close_matches(_folded(words[:1]), sorted(forms), n=1)
    hint = f" Did you mean {name(forms[near[0]])}?" if near else ""
    return replies.unknown_key_reply(words[0], _keys(plan)) + hint


def _keys(plan: Plan) -> tuple[Key, ...]:
    return tuple(stream.key for stream in plan.workstreams)


def _example(command: Command, plan: Plan) -> str:
    key = plan.workstreams[0].key if plan.workstreams else "KEY"
    return f"/signalbox {command.name} {key}"
