"""Writes docs/commands.md from the commands themselves: `python -m scripts.make_docs` (`--check`: only says if it is old)."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.core.commands import Command, Target
from bot.core.commands.bounds import MOST_ANSWERS, MOST_LINES
from bot.core.commands.log import MOST, SHOWN
from bot.core.commands.parse import MAX_COMMANDS
from bot.core.registry import load_commands
from bot.core.render.parts import sections, sentence, table
from bot.core.render.replies import ROLES
from bot.core.text import code

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
PAGE_LIMIT = 100_000  # bytes of a table: as good as none

TARGETS: Mapping[Target, str] = {
    Target.PLAN: "The plan as a whole. On a workstream's pull request it means the plan of that pull request.",
    Target.WORKSTREAM: "One workstream: that of the pull request it is written on, or the one whose key is named.",
    Target.EITHER: "One workstream if a key is named or it is written on a pull request, else the plan as a whole.",
}

#: What the page says of a command beside what the command says of itself.
NOTES: Mapping[str, str] = {
    "log": f"Without NUMBER it shows {SHOWN} entries; NUMBER may be {MOST} at most.",
}

INTRODUCTION = f"""\
A command is a new comment on a plan's issue or on a workstream's pull request, with `/signalbox VERB` or `/sb VERB`
first on a line. Several lines may hold several commands. Commands in quotes, lists, code or HTML do not count, nor do
those in a comment that was edited later.

Signalbox answers with reactions: 👀 it was seen, 🚀 it was done, 😕 it was refused, with a reply that says why. A
workstream's key may be left out on its own pull request.

Commands for which the role read is enough are answered in every state of a plan. Of the others only `start` is taken before
the start, only `rollback` and `unfreeze` when the plan is complete, and none once it was cancelled.

Who has the role write or more is always answered, for up to {MAX_COMMANDS} commands in one comment. Everybody else is
answered too, within bounds, since every answer takes a second in which Signalbox writes nothing else:

- after what the plan itself needs, merges above all;
- {MOST_LINES} commands of one comment, and {MOST_ANSWERS} commands within an hour in one repository.

The last answer says so. What comes beyond is ignored without a reaction, and the audit trail shows it as `ignored`."""


def commands_page(commands: Mapping[str, Command]) -> str:
    """Return the whole page as markdown."""
    overview = table(
        ("Command", "What it does", "Least role"),
        [(code(each.usage), sentence(each.summary), ROLES[each.role]) for each in commands.values()],
        PAGE_LIMIT,
    )
    details = [
        sections(
            f"## {each.name}",
            f"{code(each.usage)}",
            sentence(each.summary),
            NOTES.get(each.name, ""),
            f"**About:** {TARGETS[each.target]}",
            f"**Least role in the repository:** {ROLES[each.role]}",
        )
        for each in commands.values()
    ]
    written = "<!-- Written by scripts/make_docs.py from bot/core/commands/. Do not edit. -->"
    return sections("# Commands", written, INTRODUCTION, overview, *details) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with --check return 1 if it is out of date."""
    page = commands_page(load_commands())
    if "--check" in arguments:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page
        print("docs/commands.md is up to date" if current else "docs/commands.md is out of date: run make_docs.py")
        return 0 if current else 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
