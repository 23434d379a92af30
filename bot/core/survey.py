"""From the plan's texts to the plan in force: which plan, which config, which base, which branches.

First step of every turn, and asked by worker/observe.py to know what to read. Must not look at pulls or stages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.core.config import Config, read_config
from bot.core.memory import Memory
from bot.core.model import Branch, Intent, Key, Plan, Problem, Revision, Workstream, branch_of
from bot.core.plan.reader import read_plan
from bot.core.plan.revision import revision_of

MAX_STREAMS = 100  # more are refused by the reader; fewer questions for a hostile text

# Within a line, and spaces from their first one on: else it looks at a long run of either anew from each of its places.
# What plan/tick.py writes, and what people do for it.
_TICK = re.compile(r"(?m)^((?:[^\S\n]|>)*(?:[-*+]|\d+[.)]|#{1,6})[^\S\n]+)\[[xX]\](?=\s)")
_MARK = re.compile(r"(?m)(?<![ \t])[ \t]*✅(?=[ \t]*(?:#+[ \t]*)?$)")
_END = re.compile(r"(?m)(?<![ \t])[ \t]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the texts say, before any look at branches and pulls."""

    config: Config
    config_problems: tuple[Problem, ...]  # not empty = `config` is the last good one
    plan: Plan  # the one in force with what accepted edits left out; before a start the body as it is
    revision: Revision
    pending: Plan | None  # the body now, where more than ticks differs from the revision in force
    base: Branch | None  # None = the repository's default branch
    branches: Mapping[Key, Branch]  # of every workstream of `plan`, and of those that only `pending` has


def survey(*, body: str, title: str, config_source: str | None, memory: Memory) -> Survey:
    """Read the plan in force and the config in force. Pure; repeated texts are remembered, so it is cheap to ask again."""
    config, config_problems = _config(config_source, memory)
    in_force = body if memory.approved_body is None else memory.approved_body
    read = memory.approved_plan if memory.approved_plan is not None else _read(in_force, title)
    plan = _with_removed(read, memory.intent)
    pending = None if same_plan(in_force, body) else _read(body, title)
    start = memory.intent.start
    prefix = config.branch_prefix if start is None else start.branch_prefix
    asked_about = (*plan.workstreams, *(_added(plan, pending) if pending is not None else ()))
    return Survey(
        config=config,
        config_problems=config_problems,
        plan=plan,
        revision=revision_of(in_force),
        pending=pending,
        base=plan.base if start is None else start.base,
        branches={
            each.key: memory.intent.pinned.get(each.key) or branch_of(each, prefix)
            for each in asked_about[:MAX_STREAMS]
        },
    )


def _with_removed(plan: Plan, intent: Intent) -> Plan:
    """What an edit left out stays a workstream, at the end and without needs: its pull must not slip out of sight."""
    left_out = tuple(
        Workstream(key=key, title=removal.title, line=0, branch=intent.pinned.get(key))
        for key, removal in intent.removed.items()
    )
    return replace(plan, workstreams=(*plan.workstreams, *left_out)) if left_out else plan


def _added(plan: Plan, pending: Plan) -> tuple[Workstream, ...]:
    known = {each.key for each in plan.workstreams}
    return tuple(each for each in pending.workstreams if each.key not in known)


def text_of(body: str) -> Revision:
    """Return what identifies a body but for its ticks: Signalbox's own ticks make no new text."""
    return revision_of(_bare(body))


def same_plan(one: str, other: str) -> bool:
    """Say whether two bodies differ in nothing but ticks, line ends and blanks before them."""
    return one == other or _bare(one) == _bare(other)


def _bare(body: str) -> str:
    lines = re.sub(r"\r\n?", "\n", body)
    return _END.sub("", _MARK.sub("", _TICK.sub(r"\1[ ]", lines))).rstrip()


def _config(source: str | None, memory: Memory) -> tuple[Config, tuple[Problem, ...]]:
    """The config on the base; where that has mistakes, the last good one stays in force."""
    if source is None:
        return Config(), ()
    config, problems = _read_config(source)
    if config is not None:
        return config, problems
    good = _read_config(memory.good_config)[0] if memory.good_config is not None else None
    return good or Config(), problems


_read = lru_cache(maxsize=256)(read_plan)
_read_config = lru_cache(maxsize=256)(read_config)
