"""Reads the values of a candidate's entries into a draft: branch, files, needs, acceptance, validation, scope.

Must not look beyond the candidate; mentions.py and branches.py add what other places of the plan say about it.
"""

import re

from bot.core.model import Key
from bot.core.plan.draft import Candidate, Draft, Said
from bot.core.plan.entries import Entry, entries_of, said
from bot.core.plan.inline import Text, codes, plain
from bot.core.plan.markdown import Fence
from bot.core.plan.ownership import owned_in, owned_in_steps
from bot.core.plan.vocabulary import COMMANDS, Field, folded

#: Labels of a workstream's state; all of them announce `Field.OTHER`.
STATUS_LABELS = frozenset({"status", "state", "estado", "statut"})
_NO_BRANCH = frozenset({"", "-", "–", "—", "tbd", "none", "n/a", "todo", "same", "?", "no response"})
_TEMPLATE = re.compile(r"[<>{}$]|\.\.\.|…")
_COMMENT = re.compile(r"\s+#\s.*$")


def draft_of(candidate: Candidate, key: Key, groups: tuple[str, ...] = ()) -> Draft:
    """Return the draft of a candidate with everything it says about itself."""
    draft = Draft(
        key=key,
        title=candidate.title,
        line=candidate.line,
        candidate=candidate,
        word=candidate.word,
        shape=candidate.shape,
        groups=groups,
        ticked=bool(candidate.ticked),
    )
    entries = entries_of(candidate)
    for entry in entries:
        read_entry(draft, entry)
    draft.status = next((said for entry in entries if (said := _status_in(entry)) is not None), None)
    if not any(each.kind is Field.ACCEPTANCE for each in entries) and candidate.ticked is None:
        draft.acceptance += [each for entry in entries for each in checkboxes(entry)]
    return draft


def finish(draft: Draft) -> None:
    """Fill in what follows from other fields, once everything that speaks of the workstream was read."""
    if not draft.files:
        own = [
            each for each in draft.prose if each.line == draft.line and not draft.candidate.heads
        ]  # an item's own text
        owned = list(owned_in_steps([*own, *draft.scope, *draft.acceptance]))
        draft.owned += owned
        _add(draft.files, [Said(each.path, each.line) for each in owned])
    if not draft.validation:  # "`pytest` passes" as acceptance is a command too
        draft.validation += [
            Said(span, each.line) for each in draft.acceptance for span in codes(each.value) if is_command(span)
        ]


def _status_in(entry: Entry) -> Said | None:
    """Return what an entry such as "Status: done" says, without marks."""
    if entry.kind is not Field.OTHER or folded(entry.label) not in STATUS_LABELS:
        return None
    return next((Said(text.plain, text.line) for text, _ in entry.rows()), None)


def read_entry(draft: Draft, entry: Entry) -> None:
    """Add what one entry says to a draft."""
    match entry.kind:
        case Field.BRANCH:
            draft.branch = draft.branch or branch_in(entry)
        case Field.BASE:
            draft.base = draft.base or branch_in(entry)
        case Field.FILES:
            owned = owned_in(entry)
            draft.owned += owned
            _add(draft.files, [Said(each.path, each.line) for each in owned])
        case Field.NEEDS:
            draft.needs += [Said(each.value, each.line) for each in said(entry, depth=9)]
        case Field.BLOCKS:
            draft.blocks += said(entry, depth=9)
        case Field.SCOPE:
            draft.scope += said(entry)
        case Field.OUT_OF_SCOPE:
            draft.out_of_scope += said(entry)
        case Field.ACCEPTANCE:
            draft.acceptance += said(entry)
        case Field.VALIDATION:
            draft.validation += commands_in(entry)
        case Field.COORDINATION | Field.OTHER:  # "Priority: critical, others depend on this"
            draft.prose += said(entry, depth=9)
        case None:
            draft.prose += said(entry, depth=9)
        case _:
            return


def _add(values: list[Said], more: list[Said]) -> None:
    known = {each.value for each in values}
    for each in more:
        if each.value not in known:
            known.add(each.value)
            values.append(each)


def is_template(name: str) -> bool:
    """Say whether a branch name has a part to be filled in: `task/<name>`."""
    return bool(_TEMPLATE.search(name))


def branch_in(entry: Entry) -> Said | None:
    """Return the branch name an entry gives; a template such as `task/<name>` is none."""
    for text, _ in entry.rows():
        spans = codes(text.raw)
        value = spans[0] if spans else plain(text.raw)
        if value.lower().rstrip(".") in _NO_BRANCH or is_template(value):
            continue
        return Said(value, text.line)
    return None


def is_command(text: str) -> bool:
    """Say whether a text begins with a program people run to check something."""
    words = text.split(maxsplit=1)
    return bool(words) and (words[0] in COMMANDS or words[0].startswith(("./", "scripts/", "bin/")))


def commands_in(entry: Entry) -> list[Said]:
    """Return the commands of an entry: lines of its code blocks, else code spans, else lines that are commands."""
    found = [each for fence in entry.fences() for each in commands_of(fence)]
    for text, _ in entry.rows():
        spans = [each for each in codes(text.raw) if is_command(each)]
        if spans:
            found += [Said(each, text.line) for each in spans]
        elif is_command(plain(text.raw)):
            found.append(Said(plain(text.raw), text.line))
    return found


def commands_of(fence: Fence) -> list[Said]:
    """Return the lines of a shell code block that are commands."""
    lines = [Text(_COMMENT.sub("", each.raw).strip().removeprefix("$ "), each.line) for each in fence.lines]
    return [Said(each.raw, each.line) for each in lines if each.raw and not each.raw.startswith("#")]


def checkboxes(entry: Entry) -> list[Said]:
    """Return the checkboxes of an entry, wherever they stand in it."""
    return [Said(item.text.raw, item.line) for item in entry.items() if item.checked is not None and item.lines]
