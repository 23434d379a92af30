"""Chooses the granularity that the author of a plan would call the unit of work, by evidence and not by words alone.

Must not read values; it counts which fields the candidates have.
"""

from dataclasses import dataclass

from bot.core.plan.candidates import Group
from bot.core.plan.draft import Candidate
from bot.core.plan.entries import entries_of
from bot.core.plan.genre import LIKELY, signs_of
from bot.core.plan.keys import LABEL, name_of
from bot.core.plan.markdown import Section
from bot.core.plan.vocabulary import (
    ASIDE_HEADINGS,
    CONTAINERS,
    ORDER_HEADINGS,
    UNIT_HEADINGS,
    UNITS,
    Field,
    is_about,
)

#: How much it says for a group that its members have a field.
_WEIGHTS = {
    Field.BRANCH: 3.0,
    Field.FILES: 2.5,
    Field.NEEDS: 2.5,
    Field.BLOCKS: 1.5,
    Field.ACCEPTANCE: 1.5,
    Field.SCOPE: 1.0,
    Field.VALIDATION: 1.0,
    Field.OUT_OF_SCOPE: 1.0,
    Field.OTHER: 0.7,
}
ENOUGH = 3.0  # a group below it is no list of workstreams
ENOUGH_ELSEWHERE = 7.0  # the same in a text that is a README or a bug report by its headings
_CLAIMS = frozenset({Field.BRANCH, Field.FILES, Field.NEEDS})
_AS_UNIT = 3.5  # what a word for a unit weighs more than one for a container
FEW = 4  # a list below it needs fields to be taken for workstreams
MAX_JUDGED = 200  # members of a group that are looked at


@dataclass(frozen=True, slots=True)
class Choice:
    """The group that was chosen, with its score."""

    group: Group
    score: float


def choose(groups: list[Group], root: Section, title: str = "") -> Choice | None:
    """Return the best group, None if no group is convincing. Ties go to the larger one, then to the first."""
    enough = ENOUGH if signs_of(root, title).count < LIKELY else ENOUGH_ELSEWHERE
    judged = [Choice(each, score(each)) for each in groups]
    best = max(judged, key=lambda each: (each.score, len(each.group.members)), default=None)
    if best is None or best.score < enough:
        return _nothing_smaller(judged, enough)
    return _over_its_rows(_over_its_steps(_below_a_title(best, judged, enough), groups), groups)


def _below_a_title(best: Choice, judged: list[Choice], enough: float) -> Choice:
    """Return the workstreams below a heading that looks like one itself and only holds them: the title "#12: The plan"."""
    head = best.group.members[0]
    if best.group.kind != "heading" or len(best.group.members) != 1 or head.section is None:
        return best
    below = {id(each) for each in head.section.walk()} - {id(head.section)}
    inner = [
        each
        for each in judged
        if each.score >= enough
        and len(each.group.members) > 1
        and all(id(one.section) in below for one in each.group.members)
    ]
    return max(inner, key=lambda each: each.score, default=best)


def _nothing_smaller(judged: list[Choice], enough: float) -> Choice | None:
    """Return milestones or phases that say what they need or own, or the pulls of a merge order, where nothing else is there."""
    for choice in judged:
        group, first = choice.group, choice.group.members[0]
        count = len({each.key.lower() for each in group.members})
        if group.kind == "heading" and first.word in CONTAINERS and count > 1 and _CLAIMS & _kinds(group):
            return Choice(group, choice.score) if choice.score + _AS_UNIT >= enough else None
        numbered = group.kind == "item" and first.shape in {"#", "PR"} and count >= FEW
        if numbered and all(_under(each, ORDER_HEADINGS) for each in group.members) and enough == ENOUGH:
            return choice
    return None


def _kinds(group: Group) -> set[Field | None]:
    return {entry.kind for each in group.members[:MAX_JUDGED] for entry in entries_of(each)}


def _over_its_steps(best: Choice, groups: list[Group]) -> Choice:
    """Return the sections "1. Title" where the best group is their checkboxes "1.1", "1.2": those are steps of one branch."""
    if best.group.kind != "checkbox":
        return best
    members = best.group.members
    inside = [each for each in members if each.section is not None and _is_step(each, each.section)]
    if len(inside) * 10 < len(members) * 9:
        return best
    sections = {id(each.section) for each in inside}
    for group in groups:
        if group.kind == "heading" and sections <= {id(each.section) for each in group.members}:
            return Choice(group, best.score)
    return best


def _over_its_rows(best: Choice, groups: list[Group]) -> Choice:
    """Return the tracks or epics that the best group's rows stand in, where no row says what it owns or needs.

    The unit is what gets a branch: the level at which branches, files or needs are stated.
    """
    if best.group.kind != "row" or not _CLAIMS.isdisjoint(_kinds(best.group)):
        return best
    members = best.group.members
    for group in groups:
        if group.kind != "heading" or group.members[0].word not in UNITS or len(group.members) < 2:
            continue
        sections = {id(each.section) for each in group.members}
        held = sum(any(id(part) in sections for part in _sections_of(each)) for each in members)
        if held * 10 >= len(members) * 8:
            return Choice(group, best.score)
    return best


def _sections_of(candidate: Candidate) -> tuple[Section, ...]:
    return () if candidate.section is None else (candidate.section, *candidate.section.ancestors())


def _is_step(candidate: Candidate, section: Section) -> bool:
    named = name_of(section.title.raw)
    if named is None or named.word or "." not in candidate.key:
        return False
    return candidate.key.rpartition(".")[0] == named.key


def score(group: Group) -> float:
    """Return how much a group looks like the workstreams of a plan."""
    members = [each for each in group.members if not is_aside(each)]
    if not members:
        return 0.0
    found: dict[Field, set[str]] = {}
    keys = set()
    for number, member in enumerate(members[:MAX_JUDGED]):
        key = member.key.lower() or str(number)  # mentioned twice, judged once
        keys.add(key)
        for entry in entries_of(member):
            if entry.kind is not None:
                found.setdefault(entry.kind, set()).add(key)
    evidence = sum(_WEIGHTS.get(kind, 0.0) * len(owners) / len(keys) for kind, owners in found.items())
    if group.kind in {"lead", "listed"} and not evidence:  # bold words and drawings speak of units everywhere
        return 0.0
    if len(keys) == 1 and found.keys().isdisjoint({Field.BRANCH, Field.FILES}):
        return 0.0
    return evidence + _of_kind(group, members, len(keys), bare=not evidence) + _of_place(group, members)


def _of_kind(group: Group, members: list[Candidate], count: int, *, bare: bool) -> float:
    """Weigh the kind of block: lists without any field say little unless they are long."""
    weight = _of_keys(group, members, bare=bare) + min(count, 4) * 0.25
    if group.kind in {"item", "listed"} and count < FEW:
        weight -= 1.0 if count > 2 else 2.0
    if group.kind == "item" and bare and (count < FEW or members[0].shape == "1"):
        weight -= 2.0
    if group.kind == "row":
        weight += 1.0 if sum(bool(each.title) for each in members) * 2 > len(members) else -2.5
    return weight


def _of_keys(group: Group, members: list[Candidate], *, bare: bool) -> float:
    if group.kind == "checkbox":
        keyed = sum(bool(each.key) for each in members) / len(members)
        repeated = 1 - len({each.key or each.title.lower() for each in members}) / len(members)
        return (2.25 if len(members) > 2 else 1.0) + keyed - 4 * repeated  # the same boxes everywhere are a form
    first = members[0]
    if first.word:
        return -1.5 if first.word in CONTAINERS else 2.0
    if first.shape == LABEL and bare:
        return -2.0
    return {"#": 1.0, "1": -0.5, "1.1": 1.5}.get(first.shape, 1.5)


def _of_place(group: Group, members: list[Candidate]) -> float:
    """Weigh the headings around: what holds units, what divides a plan into phases or tracks, what states an order."""
    held = sum(_under(each, UNIT_HEADINGS, longest=4) for each in members) / len(members)
    ordering = sum(_under(each, ORDER_HEADINGS) for each in members) / len(members)
    divided = sum(_divided(each) for each in members) / len(members)
    return 1.5 * held + divided - (0.0 if group.kind == "row" else 3.0) * ordering


def _divided(candidate: Candidate) -> bool:
    if candidate.heads or candidate.section is None:
        return False
    named = name_of(candidate.section.title.raw)
    return named is not None and bool(named.word)


def _under(candidate: Candidate, phrases: tuple[str, ...], longest: int = 99) -> bool:
    """Say whether a heading around it, of at most `longest` words, is about one of the phrases."""
    section = candidate.section
    if section is None:
        return False
    around = list(section.ancestors()) if candidate.heads else [section, *section.ancestors()]
    titles = [each.title.plain for each in around if each.level > 1]
    return any(is_about(each, phrases) for each in titles if len(each.split()) <= longest)


def is_aside(candidate: Candidate) -> bool:
    """Say whether a list entry stands under "Out of scope" or the like; a heading with a key speaks for itself."""
    return not candidate.heads and _under(candidate, ASIDE_HEADINGS)


def members_of(choice: Choice) -> list[Candidate]:
    """Return the members of the chosen group without those that stand in an aside ("Out of scope", "Later")."""
    return [each for each in choice.group.members if not is_aside(each)]
