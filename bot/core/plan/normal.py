"""Writes a plan back in the canonical form of docs/plan-format.md, so that its author can adopt it.

Beside the reader, not part of it: whatever is written here is read back with the reader's own steps before it is
chosen, so the two cannot drift apart. Must not look at the text the plan came from: prose that belongs to no workstream
is not in the plan and therefore not in the normal form.

Reading a normal form gives the same plan, with three exceptions that hold at the second writing: a title that the reader
changes itself (status marks, white space, more than 200 characters), an item of several lines, which becomes one, and a
path, command or key that the reader knows no form for. Items of a checklist without keys keep the keys the reader gave
them ("item-3"), now in so many words.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import groupby

from bot.core.model import Plan, Workstream
from bot.core.plan.candidates import groups_of, tidy
from bot.core.plan.draft import Candidate
from bot.core.plan.fields import is_command
from bot.core.plan.inline import Text, codes, plain
from bot.core.plan.markdown import Items, parse
from bot.core.plan.paths import paths_in
from bot.core.plan.reader import read_plan

_TICKS = re.compile(r"`+")
_HOLDER = "## Workstreams"
_INDENT = "  "


def normal(plan: Plan) -> str:
    """Return the plan's canonical text, ending in a line end. It costs a reading of that text."""
    if _one_family(plan.workstreams):
        text = _text(plan, _section)
        if [each.key for each in read_plan(text).workstreams] == [each.key for each in plan.workstreams]:
            return text
    return _text(plan, _checkbox)  # headings would not be one list, or make a README of it ("### item-1: Usage")


def _text(plan: Plan, entry: Callable[[Workstream], str]) -> str:
    parts = [f"# {_title(plan.title)}"] if plan.title.strip() else []
    if plan.base:
        parts.append(f"Base: {span(plan.base)}")
    if plan.workstreams:
        parts += [_HOLDER, *(entry(each) for each in plan.workstreams)]
    if plan.merge_order:
        waves = (f"{n}. {', '.join(wave)}" for n, wave in enumerate(plan.merge_order, 1))
        parts += ["## Merge order", "\n".join(waves)]
    return "\n\n".join(parts) + "\n"


def span(text: str) -> str:
    """Return a code span that shows the text, whatever backticks it holds."""
    longest = max((len(each) for each in _TICKS.findall(text)), default=0)
    marks = "`" * (longest + 1 if longest else 1)
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{marks}{room}{text}{room}{marks}"


def fence(lines: Iterable[str]) -> str:
    """Return a code block whose fence is longer than any run of backticks in it."""
    body = "\n".join(lines)
    marks = "`" * max(3, 1 + max((len(each) for each in _TICKS.findall(body)), default=0))
    return f"{marks}\n{body}\n{marks}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _title(text: str) -> str:
    """Return the text as it is if a heading shows it so, else as code, in which nothing is markup."""
    text = _one_line(text)
    section = next(iter(parse(f"# {text}").children), None)
    return text if section is not None and section.title.plain == text else span(text)


def _heads(stream: Workstream) -> list[str]:
    """Return the ways to write a key and a title, the plainest first."""
    key, title = stream.key, tidy(_one_line(stream.title))
    alone = [key] if title in {"", key} else []
    return [*alone, f"{key}: {title}", f"{key}: {span(title)}", f"{span(key)}: {span(title)}"]


def _head(stream: Workstream, before: str, after: str) -> str:
    """Return the first way that is read back between the marks around it; if there is none, one that keeps the key."""
    ways = [f"{before}{each}{after}" for each in _heads(stream)]
    read = next((each for each in ways if _named(each) == (stream.key, stream.title)), None)
    kept = read or next((each for each in ways if (_named(each) or ("",))[0] == stream.key), None)
    return kept or ways[-1]


@lru_cache(maxsize=1024)
def _candidate(text: str) -> tuple[tuple[str, ...], Candidate] | None:
    """Return the one candidate that stands below a heading "Workstreams", with its family; None for none or several."""
    found = [each for each in groups_of(parse(f"{_HOLDER}\n\n{text}")) if each.members[-1].line > 1]
    if len(found) != 1 or len(found[0].members) != 1:
        return None
    return found[0].family, found[0].members[0]


def _named(text: str) -> tuple[str, str] | None:
    read = _candidate(text)
    return (read[1].key, read[1].title or plain(read[1].key)) if read else None


def _one_family(streams: Sequence[Workstream]) -> bool:
    """Say whether headings would be read as one list: the reader takes headings of one family of keys only."""
    found = [_candidate(_heading(each)) for each in streams]
    return all(found) and len({each[0] for each in found if each}) == 1


def _heading(stream: Workstream) -> str:
    return _head(stream, "### ", " ✅" if stream.ticked else "")


def _section(stream: Workstream) -> str:
    return "\n\n".join([_heading(stream), *_fields(stream)])


def _checkbox(stream: Workstream) -> str:
    """Return the workstream as an item of a checklist, which may hold keys of any kind side by side."""
    lines = "\n\n".join(_fields(stream)).splitlines()
    head = _head(stream, f"- [{'x' if stream.ticked else ' '}] **", "**")
    return "\n".join([head, "", *(f"{_INDENT}{each}".rstrip() for each in lines)])


def _fields(stream: Workstream) -> list[str]:
    return [
        *([f"Branch: {span(stream.branch)}"] if stream.branch else []),
        *_spans("Files", stream.files, _is_path_span),
        f"Depends on: {', '.join(stream.needs) or 'none'}",
        *_items("Scope", stream.scope, ""),
        *_items("Out of scope", stream.out_of_scope, ""),
        *_items("Acceptance", stream.acceptance, "[ ] "),
        *_spans("Validation", stream.validation, _is_command_span),
    ]


def _spans(label: str, values: Sequence[str], fits: Callable[[str], bool]) -> list[str]:
    """Return the values as lists of code spans, and as code blocks where the reader would not take the span."""
    blocks = []
    for listed, run in groupby(values, key=fits):
        found = list(run)
        lines = [f"- {span(each)}" for each in found] if listed else ["", fence(found)]
        blocks.append("\n".join([f"{label}:", *lines]))
    return blocks


def _is_path_span(path: str) -> bool:
    return list(paths_in(Text(span(path), 0))) == [path]


def _is_command_span(command: str) -> bool:
    return is_command(command) and codes(span(command)) == (command,)


def _items(label: str, values: Sequence[str], box: str) -> list[str]:
    """Return the values as lists; what would be no plain item ("# x", "1. x", "<div>") stands right behind a label."""
    blocks = []
    texts = (shown for each in values if (shown := _one_line(each)))
    for listed, run in groupby(texts, key=lambda text: _is_item(text, box)):
        if listed:
            blocks.append("\n".join([f"{label}:", *(f"- {box}{each}" for each in run)]))
        else:
            blocks += [f"{label}: {each}" for each in run]
    return blocks


def _is_item(text: str, box: str) -> bool:
    """Say whether the text, as an item of a list, is read back as it is. What begins with a letter always is."""
    if text[0].isalpha():
        return True
    blocks = parse(f"- {box}{text}").blocks
    if len(blocks) != 1 or not isinstance(blocks[0], Items) or len(blocks[0].items) != 1:
        return False
    item = blocks[0].items[0]
    return not item.blocks and bool(item.lines) and item.text.raw == text and (item.checked is None) is (not box)
