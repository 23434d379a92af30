"""Finds units of work that a bold line heads instead of a heading: "**Agent A: Storage**", "**6. schema-writer** (S1)".

Used by candidates.py on the blocks of one section. Must not judge whether such a line is a workstream; choice.py does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from bot.core.plan.inline import Text, plain
from bot.core.plan.keys import Named, name_of, second_name
from bot.core.plan.markdown import Block, Items, Paragraph, unlazy
from bot.core.plan.vocabulary import field_of

_STRONG = ("**", "__")


@dataclass(slots=True)
class Lead:
    """A bold line with a key: what it names, what stands behind it on its line, what stands below it."""

    named: Named
    title: str
    rest: Text
    blocks: list[Block]


def leads_of(blocks: Sequence[Block]) -> Iterator[Lead]:
    """Yield the bold lines with a key among the blocks of a section, each with everything up to the next one."""
    current: Lead | None = None
    parts = (unlazy(each, _is_lead) if isinstance(each, Items) else (each,) for each in blocks)
    for block in chain.from_iterable(parts):
        if not isinstance(block, Paragraph):
            if current is not None:
                current.blocks.append(block)
            continue
        waiting: list[Text] = []
        for text in block.lines:
            lead = _lead(text)
            if lead is None:
                waiting.append(text)
                continue
            _hand_over(current, waiting)
            if current is not None:
                yield current
            current, waiting = lead, []
        _hand_over(current, waiting)
    if current is not None:
        yield current


def _hand_over(lead: Lead | None, lines: Sequence[Text]) -> None:
    if lead is not None and lines:
        lead.blocks.append(Paragraph(tuple(lines)))


def _is_lead(text: Text) -> bool:
    return _lead(text) is not None


def _lead(text: Text) -> Lead | None:
    """Read one line; a bold key in the middle of a sentence ("**Task 3** (a.py) and **Task 4**") is none."""
    raw = text.raw
    if not raw.startswith(_STRONG):
        return None
    mark = raw[:2]
    end = raw.find(mark, 2)
    if end < 0:
        return None
    named, rest = name_of(raw[2:end]), raw[end + 2 :].strip()
    if named is None or field_of(named.key) is not None or mark in rest:
        return None
    if named.title:
        second = second_name(rest)
        if second is not None and not named.word:
            named = replace(named, word=second.word)
        return Lead(named, named.title, Text(rest, text.line), [])
    behind = plain(rest.lstrip(":：–—- "))
    divided = raw[2:end].rstrip().endswith((":", "：")) or rest.startswith((":", "：", "–", "—", "- "))
    return Lead(named, behind, Text(rest, text.line), []) if divided and behind else None
