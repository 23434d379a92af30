"""The answers to `order` and `simulate`: the line of the unfinished, the longest chain, the dry run.

Must not foresee anything: core/foresight.py does.
"""

from collections.abc import Mapping, Sequence

from bot.core.config import Config
from bot.core.foresight import Behind, Blocked, Line, Place, Simulation
from bot.core.model import Key, MergeMethod, Mode, PlanState, Severity, Stage, Update
from bot.core.render.notices import problems
from bot.core.render.parts import bullets, counted, link, listed, numbered, sections, sentence, stopped
from bot.core.render.status import headline
from bot.core.render.words import (
    gate_title,
    lowered,
    order_text,
    prerequisites,
    stage_words,
    stream_text,
    title_text,
    wait_of,
)
from bot.core.text import code, name
from bot.core.views import PlanView

LIST_LIMIT = 10_000  # bytes of one list; a reply holds three at most
CHAIN_LIMIT = 12  # so many of a chain are named
NAMES_LIMIT = 6  # so many keys are named in one line

_METHODS: Mapping[MergeMethod, str] = {
    MergeMethod.MERGE: "with a merge commit",
    MergeMethod.SQUASH: "squashed into one commit",
    MergeMethod.REBASE: "rebased",
}


def order_reply(view: PlanView, line: Line) -> str:
    """Return who is next, the line of the unfinished, and the longest chain."""
    if not line.places:
        return sections(headline(view), _errors(view))
    return sections(
        headline(view),
        _next_unblocks(view, line),
        f"{_heading(view, line)}:",
        numbered((_place(view, each) for each in line.places), LIST_LIMIT),
        _critical(view, line),
        _train(view, line),
        _errors(view),
    )


def simulate_reply(view: PlanView, run: Simulation) -> str:
    """Return the dry run: what merges, in which order and how, and what stops the rest."""
    if view.state is PlanState.PREVIEW:
        return _before_start(view, run)
    if view.state in {PlanState.COMPLETED, PlanState.CANCELLED}:
        return sections(headline(view), "There is nothing left to simulate.")
    return sections(
        _result(view, run),
        _first(view, run),
        numbered((stream_text(each) for each in run.merges), LIST_LIMIT),
        _how(view, run, len(run.merges)),
        _blocked(run),
        _behind(run),
        _UNCHANGED,
    )


_UNCHANGED = "Nothing was changed by this."


# ---- order ----


def _heading(view: PlanView, line: Line) -> str:
    waves = counted(max(each.wave for each in line.places), "wave")
    what = counted(len(line.places), "workstream")
    if view.state is PlanState.PREVIEW:
        return f"{what} in {waves}, in the order in which they could merge"
    return f"{what} unfinished, in the order in which they can merge ({waves})"


def _next_unblocks(view: PlanView, line: Line) -> str:
    """Why the next one is next, and what merging it brings."""
    following = view.next_to_merge
    place = next((each for each in line.places if each.stream is following), None)
    if following is None or place is None:
        return ""
    needed = _keys([each.key for each in following.needs])
    why = f"Everything it needs has landed or was skipped ({needed})" if needed else "It needs nothing"
    return f"{why}, and every gate passes. Merging it {_unblocks(place) or 'unblocks nothing else'}."


def _place(view: PlanView, place: Place) -> str:
    """One line: who, where it stands, what it waits for, what waits for it."""
    stream = place.stream
    unblocks = f"; {_unblocks(place)}" if place.unblocks else ""
    if view.state is PlanState.PREVIEW:
        title = f" {title_text(stream.workstream)}" if stream.workstream.title else ""
        needs = prerequisites(view.plan, stream.workstream)
        return f"{stream_text(stream)}{title}{f', needs {needs}' if needs else ''}{unblocks}"
    line = f"{stream_text(stream)}, {stage_words(stream.stage)}"
    wait = wait_of(view, stream)
    if wait.text:
        line += f", waits for {wait.text}" if wait.named else f": {lowered(wait.text)}"
    return f"{line}{unblocks}"


def _unblocks(place: Place) -> str:
    if not place.unblocks:
        return ""
    further = f", and through them {place.further} more" if place.further else ""
    return f"unblocks {_keys(place.unblocks)}{further}"


def _critical(view: PlanView, line: Line) -> str:
    keys = [f"**{name(key)}**" for key in line.critical]
    if len(keys) > CHAIN_LIMIT:
        keys = [*keys[: CHAIN_LIMIT - 1], f"… {len(keys) - CHAIN_LIMIT} more …", keys[-1]]
    each = ", each verified before the next" if line.merges > 1 and view.config.verify != () else ""
    return f"**Critical path:** {' → '.join(keys)}: {counted(line.merges, 'merge')}{each}."


def _train(view: PlanView, line: Line) -> str:
    """How many other plans get the base before this one."""
    others, base = counted(line.other_plans, "other plan"), code(view.base.name)
    wait = "waits" if line.other_plans == 1 else "wait"
    if not line.other_plans:
        return ""
    if not line.plans_before:
        return f"{others} {wait} for {base}, behind this one."
    before = listed([f"plan #{each}" for each in line.plans_before], most=NAMES_LIMIT)
    number = len(line.plans_before)
    return f"Before this one on {base}: {before} ({counted(number, 'plan')} of {line.other_plans} that want it)."


# ---- simulate ----


def _before_start(view: PlanView, run: Simulation) -> str:
    errors = _errors(view)
    if not run.merges:
        return sections(
            f"**Dry run of {_plan(view)}: nothing can merge.** Nobody has started it yet.",
            errors or "It has no workstreams.",
            _UNCHANGED,
        )
    merges = counted(len(run.merges), "merge")
    cannot = " **It cannot start like this**: the problems below must be mended first." if errors else ""
    return sections(
        f"**Dry run of {_plan(view)}, which nobody has started: {merges} in {counted(len(view.waves), 'wave')} "
        f"onto {code(view.base.name)}.**{cannot}",
        "By the plan alone, as if each workstream were finished, they merge in this order:",
        numbered(order_text(view), LIST_LIMIT),
        _how(view, run, len(run.merges)),
        errors,
        _UNCHANGED,
    )


def _plan(view: PlanView) -> str:
    return link(f"plan #{view.issue.number}", view.issue.url)


def _result(view: PlanView, run: Simulation) -> str:
    number = len(run.merges)
    rest = len(run.blocked) + len(run.behind)
    left = f", then {rest} {'is' if rest == 1 else 'are'} left" if rest else ", then the plan is complete"
    merges = counted(number, "merge")
    if run.stop is not None:
        then = f" Once that is settled: {merges}{left}." if number else ""
        presses = f" {_presses(view, run)}" if number and view.config.mode is Mode.MANUAL else ""
        return f"**Dry run: nothing merges now.** {_stop(run)}{then}{presses}"
    if not number:
        return "**Dry run: nothing merges by itself now.**"
    if view.config.mode is Mode.MANUAL:
        return f"**Dry run: {merges} would pass every gate{left}.** {_presses(view, run)}"
    return f"**Dry run: {merges} would happen by {'itself' if number == 1 else 'themselves'}{left}.**"


def _presses(view: PlanView, run: Simulation) -> str:
    """Who merges in mode `manual`."""
    asked = [each.workstream.key for each in run.merges if each.workstream.key in view.intent.merges]
    but = f", but for {_keys(asked)}: `/signalbox merge` was said for that" if asked else ""
    return f"In mode `manual` people press merge{but}."


def _stop(run: Simulation) -> str:
    assert run.stop is not None
    actor = f" Next: {run.stop.next_actor}." if run.stop.next_actor else ""
    return f"{stopped(run.stop.reason)}{actor}"


def _first(view: PlanView, run: Simulation) -> str:
    """What comes before the first merge."""
    if run.proving:
        return f"First {code(view.base.name)} is verified with {listed([stream_text(each) for each in run.proving])}."
    if run.stop is None and run.turn is not None:
        return f"First this ends: {stopped(lowered(run.turn.reason))}"
    return ""


def _how(view: PlanView, run: Simulation, number: int) -> str:
    """By which method, and what happens between two merges."""
    if not number:
        return ""
    base = code(view.base.name)
    ends = f"{'Each lands' if number > 1 else 'It lands'} on {base} {_METHODS[run.method]} ({code(run.method.value)})"
    presses = " Somebody has to press merge on each (mode `manual`)." if _is_manual_preview(view) else ""
    return f"{ends}{_update(view.config)}. {_verification(view.config, base, number)}{presses}"


def _is_manual_preview(view: PlanView) -> bool:
    return view.state is PlanState.PREVIEW and view.config.mode is Mode.MANUAL


def _update(config: Config) -> str:
    if config.update is Update.NEVER:
        return ""
    anew = " and approvals" if config.fresh_approvals else ""
    return f", after it was brought up to date where it is behind, with checks{anew} on the new head"


def _verification(config: Config, base: str, number: int) -> str:
    if config.verify == ():
        return f"{base} is not verified after a merge (`verify: []`)."
    what = "every check that reports on it"
    if config.verify is not None:
        what = listed([code(each.name) for each in config.verify], most=NAMES_LIMIT)
    between = "between each two merges, and after the last," if number > 1 else "after it"
    return f"{base} is verified {between} by {what}."


def _blocked(run: Simulation) -> str:
    if not run.blocked:
        return ""
    head = "What stops the rest:" if run.merges else "What stops it:"
    return sections(head, bullets((_blocked_line(each) for each in run.blocked), LIST_LIMIT))


def _blocked_line(blocked: Blocked) -> str:
    stream, gate = blocked.stream, blocked.gate
    reason = sentence(stream.note) or "The rollback takes it back."
    if gate is not None:
        reason = f"{link(gate_title(gate), gate.url)}: {stopped(lowered(gate.reason))}"
    actor = f" Next: {blocked.next_actor}." if blocked.next_actor else ""
    return f"{stream_text(stream)}, {stage_words(stream.stage)}. {reason}{actor}"


def _behind(run: Simulation) -> str:
    if not run.behind:
        return ""
    return sections("Waiting behind that:", bullets((_behind_line(each) for each in run.behind), LIST_LIMIT))


def _behind_line(behind: Behind) -> str:
    stage = "" if behind.stream.stage is Stage.WAITING else f", {stage_words(behind.stream.stage)}"
    return f"{stream_text(behind.stream)}{stage}, waits for {_keys(behind.waits_for)}"


# ---- both ----


def _keys(keys: Sequence[Key]) -> str:
    return listed([name(key) for key in keys], most=NAMES_LIMIT)


def _errors(view: PlanView) -> str:
    """The problems that forbid a start, where nobody has started the plan."""
    if view.state is not PlanState.PREVIEW:
        return ""
    return problems([each for each in view.problems if each.severity is Severity.ERROR])
