"""What is foreseen about conflicts, in the status comment and in a pull's check. Must not find out anything: forecast.py does."""

from bot.core.forecast import Clash, better_order, clash_with_base, clashes
from bot.core.model import Key
from bot.core.plan.advice import advice_on
from bot.core.render.parts import bullets, inline, listed, sections, sentence
from bot.core.render.words import stream_text
from bot.core.text import code, cut, name
from bot.core.views import PlanView, WorkstreamView

PATHS_SHOWN = 3
LIMIT = 4_000  # bytes of the list


def forecast(view: PlanView) -> str:
    """Return the section on what will conflict, "" if nothing will as far as it is known."""
    found = clashes(view)
    if not found:
        return ""
    lines = (_line(view, each) for each in found)
    better = better_order(view)
    hint = (
        f"Fewer would have to resolve a conflict in the order {' → '.join(name(key) for key in better)}; "
        "an edit of the plan's needs or merge order, accepted, brings it about."
        if better is not None
        else ""
    )
    return sections("### Foreseen conflicts", bullets(lines, LIMIT), hint)


def of_stream(view: PlanView, stream: WorkstreamView) -> str:
    """Return what a pull has to expect, "" if nothing is known."""
    key = stream.workstream.key
    lines = []
    paths = clash_with_base(view, stream)
    if paths:
        owners = _landed_owners(view, key, paths)
        by = f", where {listed(owners)} landed" if owners else ""
        lines.append(f"Conflicts with {code(view.base.name)} in {_paths(paths)}{by}.{_advice(view, paths)}")
    for clash in clashes(view):
        if clash.second == key:
            other = _called(view, clash.first)
            lines.append(
                f"Will conflict with {other} in {_paths(clash.paths)} when its turn comes.{_advice(view, clash.paths)}"
            )
        elif clash.first == key:
            other = _called(view, clash.second)
            lines.append(f"{other} will have to resolve a conflict with it in {_paths(clash.paths)}.")
    return bullets(lines, LIMIT) if lines else ""


def _line(view: PlanView, clash: Clash) -> str:
    first, second = _called(view, clash.first), _called(view, clash.second)
    return f"{second} will conflict with {first} in {_paths(clash.paths)}.{_advice(view, clash.paths)}"


def _called(view: PlanView, key: Key) -> str:
    return stream_text(view.stream(key))


def _paths(paths: tuple[str, ...]) -> str:
    if paths == ("?",):
        return "files that GitHub does not name"
    return listed([code(cut(path, 120)) for path in paths], most=PATHS_SHOWN)


def _advice(view: PlanView, paths: tuple[str, ...]) -> str:
    """What the plan itself says about these files."""
    found = advice_on(view.issue.body, paths)
    return f" The plan says in line {found.line}: {sentence(inline(found.text, 200))}" if found is not None else ""


def _landed_owners(view: PlanView, key: Key, paths: tuple[str, ...]) -> list[str]:
    """The workstreams that landed and own one of the paths, by name."""
    return [
        stream_text(each)
        for each in view.streams
        if each.landing is not None
        and each.landing.stands
        and each.workstream.key != key
        and set(each.workstream.files) & set(paths)
    ]
