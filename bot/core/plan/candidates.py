"""Everything in a text that could be a workstream, in groups of one granularity: headings, table rows, list items.

Must not choose between the groups; choice.py does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.core.plan.draft import Candidate
from bot.core.plan.inline import Text, label_of, plain, struck
from bot.core.plan.keys import LABEL, Named, is_key, labelled, name_of
from bot.core.plan.leads import leads_of
from bot.core.plan.listings import listed_in
from bot.core.plan.markdown import Fence, Item, Items, Section, Table
from bot.core.plan.vocabulary import HOLDERS, UNITS, Field, field_of, folded

MAX_TITLE = 200  # characters
LONGEST_OWNER = 4  # words
LONG_TITLE = 100  # characters; a longer item is told by its first clause
_BRANCH_BEHIND = re.compile(r"\s*[–—-]\s*`([^`\s]+/[^`\s]+)`\s*$")
_FIELD_REMARK = re.compile(
    r"\s*\((?:needs|depends on|requires|blocked by|after|branch|base|files)\b[^()]{0,300}\)", re.IGNORECASE
)
_STATUS_BEHIND = re.compile(r"[\s✅☑✔❌⏳🚧📝⭐🎯]+$")
_STRUCK = re.compile(r"^~[^~\s](?:[^~]{0,300}[^~\s])?~(?!~)")  # GitHub strikes through with one tilde too
_LEGEND = re.compile(r"^[=≙→:]\s")  # "- [x] = complete"
_OWNERS = frozenset({Field.KEY, Field.TITLE})
_MARKERS = re.compile(r"^(?:\[[A-Z]{1,3}\d{0,2}\]\s+){1,3}")  # "[P]", "[US1]": may run in parallel, of which story
_DECLARED = re.compile(r"^I(?:['’](?:ve|m|d)| (?:have|am|agree|will|would|searched|confirm|understand|checked|read))\b")
_NUMBER = re.compile(r"^1(?:\.1){0,3}$")  # the shape of keys that are numbers only
_STATE_BEHIND = re.compile(
    r"\s*\[(?:done|pending|todo|open|wip|in[ -]progress|review|deferred|blocked)\]$", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=\w)(?::\s|\.\s|\s[–—]\s)")


@dataclass(slots=True)
class Group:
    """Candidates of one granularity: the same kind of block, the same depth, the same family of keys."""

    kind: str  # "heading", "row", "checkbox", "item", "lead", "listed"
    family: tuple[str, ...]
    members: list[Candidate] = field(default_factory=list)


def groups_of(root: Section) -> list[Group]:
    """Return every group of candidates of a text, in the order of their first members."""
    groups: dict[tuple[str, ...], Group] = {}
    held = {id(child) for section in root.walk() for child in _held(section)}
    for section in root.walk():
        for family, candidate in _candidates(section, is_held=id(section) in held):
            groups.setdefault(family, Group(family[0], family)).members.append(candidate)
    for group in groups.values():
        if group.kind == "checkbox":
            group.members = _without_lone_numbers(group.members)
    return list(groups.values())


def _without_lone_numbers(members: list[Candidate]) -> list[Candidate]:
    """Give the number back to the title where only one of several checkboxes begins with one: "3.0 Release"."""
    numbered = [n for n, each in enumerate(members) if _NUMBER.match(each.shape) and not each.word]
    if len(numbered) != 1 or len(members) < 3:
        return members
    lone = members[numbered[0]]
    bare = replace(lone, key="", shape="", title=tidy(f"{lone.key} {lone.title}"))
    return [bare if each is lone else each for each in members]


def _candidates(section: Section, *, is_held: bool) -> Iterator[tuple[tuple[str, ...], Candidate]]:
    if section.level:
        named = name_of(section.title.raw) or (labelled(section.title.raw) if is_held else None)
        if named is not None:
            family = ("heading", str(section.level), named.word or "key", "" if named.word else named.shape)
            yield family, _of_heading(section, named)
    for block in section.blocks:
        if isinstance(block, Items):
            yield from _of_items(block, section)
        elif isinstance(block, Table):
            yield from _of_table(block, section)
        elif isinstance(block, Fence):
            for listed, title, line in listed_in(block):
                yield (
                    ("listed", listed.word, listed.shape),
                    _of_name(listed, title=title, line=line.line, remark=line, section=section),
                )
    for lead in leads_of(section.blocks):
        named = lead.named
        yield (
            ("lead", named.word or "key", named.shape),
            replace(
                _of_name(named, title=lead.title, line=lead.rest.line, remark=lead.rest, section=section),
                blocks=tuple(lead.blocks),
            ),
        )


def _of_name(named: Named, *, title: str, line: int, remark: Text, section: Section) -> Candidate:
    return Candidate(
        key=named.key,
        title=tidy(title),
        line=line,
        word=named.word,
        shape=named.shape,
        remarks=(remark,) if remark.raw else (),
        section=section,
    )


def _held(parent: Section) -> list[Section]:
    """Return the headings below whose labels count: all below "Workstreams", else those of a run of letters, "A — Lexer".

    A run is at least two beside each other whose labels are single letters, A first.
    """
    if folded(parent.title.plain) in HOLDERS:
        return parent.children
    labels = [labelled(each.title.raw) for each in parent.children]
    lettered = [n for n, named in enumerate(labels) if named is not None and len(named.key) == 1]
    first = labels[lettered[0]] if len(lettered) > 1 else None
    return [parent.children[n] for n in lettered] if first is not None and first.key == "A" else []


def _of_heading(section: Section, named: Named) -> Candidate:
    branch = _BRANCH_BEHIND.search(section.title.raw)
    remarks = (Text(f"(branch `{branch[1]}`)", section.line),) if branch else ()
    title = named.title
    if branch:
        title = title.removesuffix(branch[1]).rstrip(" –—-")
    return Candidate(
        key=named.key,
        title=tidy(title),
        line=section.line,
        word=named.word,
        shape=named.shape,
        blocks=tuple(section.blocks),
        remarks=remarks,
        section=section,
        heads=True,
        ticked=_ticked(section.title.raw),
    )


def _ticked(raw: str) -> bool | None:
    if raw.startswith(("[ ] ", "[x] ", "[X] ")):
        return raw[1] != " "
    return True if raw.rstrip().endswith("✅") else None


def tidy(title: str) -> str:
    """Return a title without status marks behind it, cut to a length that a person reads."""
    shown = _STATE_BEHIND.sub("", _FIELD_REMARK.sub("", _MARKERS.sub("", title)).strip())
    return _STATUS_BEHIND.sub("", shown).strip(" :")[:MAX_TITLE]


def _of_items(block: Items, section: Section) -> Iterator[tuple[tuple[str, ...], Candidate]]:
    for item in block.items:
        if not item.lines or _is_dead(item.text.raw):
            continue
        named, title, remark = _split_item(item)
        candidate = Candidate(
            key=named.key if named else "",
            title=tidy(title),
            line=item.line,
            word=named.word if named else "",
            shape=named.shape if named else "",
            blocks=item.blocks,
            remarks=(remark,) if remark.raw else (),
            section=section,
            ticked=item.checked,
        )
        if item.checked is not None:
            yield ("checkbox",), candidate
        elif named is not None:
            yield ("item", named.word or "key", named.shape), candidate


def _is_dead(raw: str) -> bool:
    """Say whether an item is struck through, explains what a box means, or is what a form has its author declare."""
    text = raw.lstrip()
    return struck(raw) or any(each.match(text) for each in (_STRUCK, _LEGEND, _DECLARED))


def _split_item(item: Item) -> tuple[Named | None, str, Text]:
    """Return the key, the title and what stands behind the title on the item's own lines."""
    text = item.text
    label = label_of(text)
    if label is not None and label.strong:
        named = name_of(label.name)
        title = named.title if named and named.title else label.name
        if named and not named.title:
            title = plain(label.rest.raw)
        return named, title, label.rest
    raw = text.raw
    if raw.startswith(("**", "__")) and (end := raw.find(raw[:2], 2)) > 0:
        inner, rest = raw[2:end], raw[end + 2 :].strip()
        named = name_of(inner)
        if named is not None:
            return named, named.title or plain(rest), Text(rest, text.line)
    named = name_of(raw)
    title = named.title if named is not None else plain(raw)
    cut = _SENTENCE.search(title) if len(title) > LONG_TITLE else None
    shown = title[: cut.start()] if cut and cut.start() > 3 else title
    return named, shown or plain(raw), Text(raw, text.line)


def _of_table(table: Table, section: Section) -> Iterator[tuple[tuple[str, ...], Candidate]]:
    columns = [each.plain for each in table.header]
    kinds = [field_of(each) for each in columns]
    key_at = _key_column(table, kinds)
    owners = key_at is None
    if key_at is None:
        key_at = _owner_column(table, kinds)
    if key_at is None:
        return
    title_at = _title_column(kinds, key_at)
    for row in table.rows:
        cell = row.cells[key_at]
        named = Named(cell.plain, "", "", LABEL) if owners and cell.plain else name_of(cell.raw)
        if named is None:
            continue
        title = named.title or (row.cells[title_at].plain if title_at is not None else "")
        rest = [n for n in range(len(row.cells)) if n not in {key_at, title_at}]
        yield (
            ("row", *sorted(each.lower() for each in columns)),
            Candidate(
                key=named.key,
                title=tidy(title),
                line=row.line,
                word=named.word,
                shape=named.shape,
                cells=tuple((columns[n], row.cells[n]) for n in rest),
                section=section,
            ),
        )


def _key_column(table: Table, kinds: list[Field | None]) -> int | None:
    """Return the column whose cells are keys (or begin with one, in the first column), None if there is none."""
    for n, kind in enumerate(kinds):
        if kind in {Field.NEEDS, Field.BLOCKS, Field.FILES, Field.BRANCH}:
            continue
        cells = [row.cells[n].plain for row in table.rows]
        keys = sum(is_key(each) and not each.isdecimal() for each in cells)
        if cells and keys * 2 > len(cells):
            return n
    cells = [row.cells[0].raw for row in table.rows]
    return 0 if cells and sum(name_of(each) is not None for each in cells) * 2 > len(cells) else None


def _owner_column(table: Table, kinds: list[Field | None]) -> int | None:
    """Return the column "Agent" or "Track" of a table that says who owns which files or branch, by names without a number."""
    if not {Field.FILES, Field.BRANCH} & set(kinds):
        return None
    words = [folded(each.plain) for each in table.header]
    column = next((n for n, word in enumerate(words) if word in UNITS and kinds[n] in _OWNERS), None)
    if column is None:
        return None
    names = [row.cells[column].plain for row in table.rows]
    short = all(len(each.split()) <= LONGEST_OWNER and "/" not in each for each in names)
    return column if short and len(set(names)) == len(names) > 1 else None


def _title_column(kinds: list[Field | None], key_at: int) -> int | None:
    known = {Field.TITLE, Field.SCOPE}
    titles = [n for n, kind in enumerate(kinds) if kind in known and n != key_at]
    if kinds[key_at] is Field.KEY:  # "# | Agent | Responsibility": the name is the title
        titles = [n for n, kind in enumerate(kinds) if kind is Field.KEY and n > key_at] or titles
    if titles:
        return titles[0]
    return next((n for n, kind in enumerate(kinds) if kind is None and n != key_at), None)
