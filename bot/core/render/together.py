"""What testing the whole plan at once has shown, in the status comment. Must not find out anything: together.py does."""

from bot.core.memory import Memory
from bot.core.model import Key
from bot.core.render.parts import bullets, link, listed, sections
from bot.core.render.words import keys_text
from bot.core.text import code, name
from bot.core.together import search
from bot.core.trial import Tested
from bot.core.views import PlanView

LIMIT = 4_000  # bytes of the list
MOST_SHOWN = 10  # combinations, newest first


def together(view: PlanView, memory: Memory) -> str:
    """Return the section on the combinations that were tested, "" if none was."""
    shown = [each for each in memory.tested.values() if each.red is not None or not each.over or each.commit is None]
    if not view.config.trial or not shown:
        return ""
    found = search(view, memory).found
    head = _found(view, found, memory) if found else ""
    lines = (_line(view, each) for each in reversed(shown[-MOST_SHOWN:]))
    return sections("### Tested together", head, bullets(lines, LIMIT))


def _found(view: PlanView, found: tuple[Key, ...], memory: Memory) -> str:
    """The smallest set that is red."""
    if len(found) == 2:
        return f"⚠️ {keys_text(view, found)} break each other: each is green alone, together they are red."
    return f"⚠️ {keys_text(view, found)} break each other: any smaller part that was tested is green."


def _line(view: PlanView, tested: Tested) -> str:
    keys = listed([f"**{name(key)}**" for key in tested.combination.keys])
    onto = f" on {code(tested.combination.base[:7])}"
    if tested.building:
        return f"{keys}{onto}: being put together"
    if tested.commit is None:
        return f"{keys}{onto}: cannot be merged with each other"
    commit = link(code(tested.commit[:7]), f"{view.repository.url}/commit/{tested.commit}")
    if tested.red is None:
        return f"{keys}{onto} as {commit}: CI is testing"
    return f"{keys}{onto} as {commit}: {'❌ red' if tested.red else '✅ green'}: {tested.reason}"
