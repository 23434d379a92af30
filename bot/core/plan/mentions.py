"""Merges what other places say about a workstream into its draft: a second section, "**For W1:**", a table row.

Must not add workstreams.
"""

from collections.abc import Sequence

from bot.core.model import Key
from bot.core.plan.draft import Candidate, Draft, Said, own_sections
from bot.core.plan.entries import Entry, cut, cut_sections, entries_of, said
from bot.core.plan.fields import read_entry
from bot.core.plan.groups import groups_around
from bot.core.plan.inline import plain
from bot.core.plan.keys import name_of
from bot.core.plan.markdown import Section
from bot.core.plan.ownership import add_tables
from bot.core.plan.references import Names
from bot.core.plan.vocabulary import CONTAINERS, EXCLUSIVE_WORDS, PHRASES, Field, field_of, folded

_INHERITED = (Field.FILES, Field.VALIDATION, Field.ACCEPTANCE, Field.NEEDS, Field.OUT_OF_SCOPE)


def merge_candidates(drafts: Sequence[Draft], others: Sequence[Candidate]) -> None:
    """Add the fields of other candidates with the same key, such as the row of a summary table."""
    by_key = {each.key.lower(): each for each in drafts}
    for other in others:
        draft = by_key.get(other.key.lower())
        if draft is not None and other is not draft.candidate:
            if draft.title in {"", draft.key} and other.title and not _is_place(other.title):
                draft.title = other.title
            if other.cells:  # the row of a table says in which wave or phase it is
                draft.groups = tuple(dict.fromkeys((*draft.groups, *groups_around(other))))
            for entry in entries_of(other):
                if entry.kind is not None:
                    _fill(draft, entry)


def _is_place(title: str) -> bool:
    """Say whether a title tells only where the workstream stands: "Phase 1"."""
    named = name_of(title)
    return named is not None and named.word in CONTAINERS and not named.title


def merge_sections(root: Section, drafts: Sequence[Draft], names: Names) -> None:
    """Add what stands under a heading or a bold label that names exactly one workstream."""
    by_key = {each.key: each for each in drafts}
    own = own_sections(drafts)
    for section in root.walk():
        if id(section) in own:
            continue
        inherited = _inherited(section)
        keys = _named(section.title.raw, names) if section.level > 1 else ()
        if len(keys) == 1:
            for entry in (*cut(section.blocks), *cut_sections(section.children)):
                _fill(by_key[keys[0]], _as(entry, inherited))
            continue
        for entry in cut(section.blocks):
            if entry.kind is None and entry.label and inherited is not None:
                keys = _named(entry.label, names)
                if len(keys) == 1:
                    _fill(by_key[keys[0]], _as(entry, inherited))
    add_tables(root, drafts, names)


def _named(raw: str, names: Names) -> tuple[Key, ...]:
    """Return the workstreams that a heading names at its beginning."""
    text, found = names.find(raw)
    if not found or len(text[: found[0].start].split()) > 1:
        return ()
    return tuple(dict.fromkeys(key for each in found for key in each.keys))


def _inherited(section: Section) -> Field | None:
    """Return the field that the headings above announce: "Validate each worker", "Ownership boundaries"."""
    for each in (section, *section.ancestors()):
        named = name_of(each.title.raw)
        title = folded(named.title if named else plain(each.title.raw))
        kind = field_of(title)
        if kind is None and title:
            kind = next((one for one in _INHERITED if title.split()[0] in PHRASES[one]), None)
        if kind in _INHERITED:
            return kind
    return None


def _as(entry: Entry, inherited: Field | None) -> Entry:
    return Entry(entry.kind or inherited, entry.label, entry.line, entry.texts, entry.blocks)


def _fill(draft: Draft, entry: Entry) -> None:
    """Read an entry where the draft says nothing yet: the workstream's own section wins."""
    present = {
        Field.FILES: draft.files,
        Field.NEEDS: draft.needs,
        Field.ACCEPTANCE: draft.acceptance,
        Field.VALIDATION: draft.validation,
        Field.SCOPE: draft.scope,
        Field.OUT_OF_SCOPE: draft.out_of_scope,
    }
    if entry.kind is not None and not present.get(entry.kind):
        read_entry(draft, entry)
    elif entry.kind is Field.NEEDS:
        draft.needs_again += said(entry, depth=9)


def exclusive_ownership(root: Section) -> Said | None:
    """Return the sentence that says that no two workstreams own one file, None without one."""
    for section in root.walk():
        for entry in cut(section.blocks):
            for each in said(entry):
                if any(words in each.value.lower() for words in EXCLUSIVE_WORDS):
                    return each
    return None
