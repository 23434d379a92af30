"""What a stage is called and looks like, and whom a workstream waits for: shared by comment, check, replies and labels.

Must not lay out a text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Key, Mode, Order, Plan, Stage, Workstream
from bot.core.registry import load_gates
from bot.core.render.parts import inline, link, listed
from bot.core.text import code, cut, login, name, when
from bot.core.views import GateResult, GateVerdict, PlanView, WorkstreamView

NAME_LIMIT = 80  # characters of a workstream's title
REASON_LIMIT = 200  # characters of the words that came with an order


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a stage is shown."""

    sign: str
    word: str
    colour: str  # 6 hex digits: the label's colour and the box's in the graph
    meaning: str  # at most 100 characters


LOOKS: Mapping[Stage, Look] = {
    Stage.CANCELLED: Look(sign="🚫", word="cancelled", colour="8c959f", meaning="Skipped, or the plan is cancelled"),
    Stage.ROLLED_BACK: Look(sign="⏪", word="rolled back", colour="bc4c00", meaning="Its merge was reverted"),
    Stage.DONE: Look(sign="✅", word="done", colour="1a7f37", meaning="Merged"),
    Stage.VERIFYING: Look(sign="🔎", word="verifying", colour="54aeff", meaning="Merged, the base is being verified"),
    Stage.FAILED: Look(
        sign="❌", word="failed", colour="cf222e", meaning="Checks failed, or closed without being merged"
    ),
    Stage.HELD: Look(sign="✋", word="held", colour="9a6700", meaning="On hold, or the plan is paused"),
    Stage.NEEDS_QA: Look(sign="👀", word="needs QA", colour="d4a72c", meaning="Checks are green, a person has to look"),
    Stage.QUEUED: Look(sign="🚦", word="queued", colour="a475f9", meaning="Finished itself, waits for its turn"),
    Stage.MERGEABLE: Look(sign="🟢", word="mergeable", colour="4ac26b", meaning="Every gate passes"),
    Stage.RUNNING: Look(sign="🔨", word="running", colour="0969da", meaning="Work or checks are going on"),
    Stage.READY: Look(sign="⚪", word="ready", colour="c8e1ff", meaning="May begin, nobody has pushed yet"),
    Stage.WAITING: Look(sign="⏳", word="waiting", colour="d0d7de", meaning="Waits for another workstream"),
}

FINISHED = frozenset({Stage.DONE, Stage.CANCELLED})

#: How a verdict reads in the gate tables.
VERDICTS: Mapping[GateVerdict, str] = {
    GateVerdict.PASS: "✅ passes",
    GateVerdict.WAIT: "⏳ waits",
    GateVerdict.NEEDS_HUMAN: "👤 needs a person",
    GateVerdict.BLOCK: "⛔ blocks",
}

_WORST_FIRST = (GateVerdict.BLOCK, GateVerdict.NEEDS_HUMAN, GateVerdict.WAIT)
_SEE = {"checks": "see the check", "review": "see the review"}  # what a gate's address leads to
_HOLDING = frozenset({"hold", "paused"})  # the gates that the stage HELD stands for


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What a workstream waits for: one line of safe markdown, and since when."""

    text: str  # "" = nothing
    since: datetime
    named: bool = True  # the text begins with whom or what it waits for, so that it goes on after "waits for"


def stage_words(stage: Stage) -> str:
    """Return sign and word: "✅ done"."""
    return f"{LOOKS[stage].sign} {LOOKS[stage].word}"


def title_text(stream: Workstream) -> str:
    """Return a workstream's title as safe markdown, "" if it has none."""
    return inline(stream.title, NAME_LIMIT)


def gate_title(gate: GateResult) -> str:
    """Return a gate's name as a table shows it: "Order"."""
    titles = {each.name: each.title for each in load_gates()} | {"tree": "Tree"}  # that of a rollback's pull
    return titles.get(gate.gate, gate.gate.capitalize())


def pull_link(stream: WorkstreamView) -> str:
    """Return the link to a workstream's pull, "" if it has none."""
    return link(f"#{stream.pull.number}", stream.pull.url) if stream.pull is not None else ""


def stream_text(stream: WorkstreamView) -> str:
    """Return key and pull: "**W1** ([#12](…))"."""
    pull = pull_link(stream)
    return f"**{name(stream.workstream.key)}**{f' ({pull})' if pull else ''}"


def keys_text(view: PlanView, keys: tuple[Key, ...]) -> str:
    """Return keys with their pulls, as one list in words."""
    known = {each.workstream.key: each for each in view.streams}
    return listed([stream_text(known[key]) if key in known else f"**{name(key)}**" for key in keys])


def order_text(view: PlanView) -> list[str]:
    """Return the waves in words, one line each."""
    lines = []
    for wave in view.waves:
        names = listed([f"**{name(key)}**" for key in wave], most=30)
        lines.append(names if len(wave) == 1 else f"{names}, in any order")
    return lines


def prerequisites(plan: Plan, stream: Workstream) -> str:
    """Return the keys that must land before this one, in words."""
    return listed([name(key) for key in plan.prerequisites(stream.key)], most=6)


def queue_words(stream: WorkstreamView) -> str:
    """Return what GitHub's merge queue has to do with a workstream that may merge; "" = nothing."""
    queued = stream.pull.queued if stream.pull is not None else None
    return queue_place(queued) if queued is not None or stream.ejected else ""


def queue_place(queued: int | None) -> str:
    """Return where a pull is in GitHub's merge queue, as a sentence without a full stop. None = it was taken out."""
    if queued is None:
        return "May merge, but GitHub's merge queue took it out again"
    return f"In GitHub's merge queue at position {queued}"


def decisive(stream: WorkstreamView) -> GateResult | None:
    """Return the gate that says best why a workstream does not merge; None if no gate stands in its way."""
    blocking = stream.blocking
    if stream.stage is Stage.HELD:
        blocking = tuple(gate for gate in blocking if gate.gate in _HOLDING) or blocking
    if stream.stage in {Stage.HELD, Stage.FAILED, Stage.NEEDS_QA}:
        blocking = tuple(sorted(blocking, key=lambda gate: _WORST_FIRST.index(gate.verdict)))
    return blocking[0] if blocking else None


def wait_of(view: PlanView, stream: WorkstreamView) -> Wait:
    """Return whom or what a workstream waits for, in one line."""
    gate = decisive(stream)
    if stream.stage is Stage.MERGEABLE and stream.pull is not None and stream.pull.queued is not None:
        return Wait(text=f"GitHub's merge queue, where it is at position {stream.pull.queued}", since=stream.since)
    if stream.stage is Stage.MERGEABLE and stream.ejected:
        again = code(cut(f"/signalbox merge {stream.workstream.key}", 100))
        text = f"somebody to look why GitHub's merge queue took it out ({again} puts it in again)"
        return Wait(text=text, since=stream.since)
    if stream.stage is Stage.MERGEABLE:
        who = "Signalbox, which merges it" if view.config.mode is Mode.AUTO else "somebody to press merge"
        return Wait(text=who, since=stream.since)
    if stream.stage in FINISHED:
        return Wait(text="", since=stream.since)
    if gate is None:
        return Wait(text=stream.note, since=stream.since, named=False)
    if stream.stage is Stage.READY:
        return Wait(text=f"the first push to {code(stream.branch)}", since=stream.since)
    return _gate_wait(view, stream, gate)


def _gate_wait(view: PlanView, stream: WorkstreamView, gate: GateResult) -> Wait:
    """Who moves next and why: "CI: 2 checks are running", "W1 (#12): still a draft", "held by `mia`"."""
    bare = gate.reason.removeprefix("Waiting for ")
    reason = lowered(gate.reason) if bare == gate.reason else bare  # a key keeps its capital
    told = not gate.next_actor or gate.next_actor in reason
    line = reason if told else f"{gate.next_actor}: {reason}"
    near = {view.issue.url, stream.pull.url if stream.pull is not None else None}
    # a pull's number in the reason is a link already
    if gate.url and gate.url not in near and "(#" not in reason:
        line = f"{line} ({link(_SEE.get(gate.gate, 'see more'), gate.url)})"
    if gate.gate == "hold":
        line = f"{line} ({way_on(stream, gate)})"
    named = not told or reason != lowered(gate.reason)
    return Wait(text=line, since=gate.since or stream.since, named=named)


def way_on(stream: WorkstreamView, gate: GateResult) -> str:
    """Return which command lifts a gate, as a sentence without a full stop; "" if none does."""
    if gate.gate == "hold" and stream.asked_about:
        return f"{code(cut(f'/signalbox skip {stream.workstream.key}', 100))} lets the plan go on without it"
    if gate.gate == "hold":
        return f"{code(cut(f'/signalbox release {stream.workstream.key}', 100))} lets it go on"
    if gate.gate == "paused" and gate.verdict is GateVerdict.WAIT:
        return "`/signalbox resume` lets the plan go on"
    return ""


def skip_words(order: Order) -> str:
    """Return who skipped a workstream, when and why, as it goes on after its name or after "Skipped"."""
    reason = f": {inline(order.reason, REASON_LIMIT)}" if order.reason.strip() else ""
    return f"by {login(order.by)} on {when(order.at)}{reason}"


def wait_words(stream: WorkstreamView, wait: Wait) -> str:
    """Return pull, stage, since when and for whom, as one line of a list."""
    line = f"{stream_text(stream)}, {stage_words(stream.stage)} since {when(wait.since)}"
    if not wait.text:
        return line
    return f"{line}, waits for {wait.text}" if wait.named else f"{line}: {lowered(wait.text)}"


def lowered(text: str) -> str:
    """Return a sentence as the end of another one: "Still a draft" begins small, "CI is running" and "W1" do not."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
