"""The difference of two plans: what the newer text adds, leaves out and changes.

Asked by whoever shows an edit and by `accept`. Must not judge whether an edit is good, or know that a plan runs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from bot.core.model import Branch, Key, Plan, Workstream

Waves = tuple[tuple[Key, ...], ...]


class Aspect(Enum):
    """What of a workstream changed; the value is the word for it."""

    TITLE = "title"
    BRANCH = "branch"
    NEEDS = "needs"
    FILES = "files"
    SCOPE = "scope"
    OUT_OF_SCOPE = "out of scope"
    ACCEPTANCE = "acceptance"
    VALIDATION = "validation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One aspect of a workstream that both plans have: the entries that only one of them has.

    Both are empty where only the order of the entries changed.
    """

    aspect: Aspect
    gone: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that differs, in plan order. A key written differently is another workstream: one removed, one added."""

    added: tuple[Workstream, ...] = ()
    removed: tuple[Workstream, ...] = ()
    changed: Mapping[Key, tuple[Change, ...]] = field(default_factory=dict)  # no key without a change
    base: tuple[Branch | None, Branch | None] | None = None  # before and after; None = the same
    order: tuple[Waves, Waves] | None = None  # the stated merge order before and after; None = the same

    @property
    def empty(self) -> bool:
        """Whether the two plans read the same."""
        return not (self.added or self.removed or self.changed or self.base or self.order)


def difference(old: Plan, new: Plan) -> Difference:
    """Return what `new` has other than `old`. Titles of the plans, lines, ticks and problems do not count."""
    before = {each.key: each for each in old.workstreams}
    after = {each.key: each for each in new.workstreams}
    changes = {key: _changes(before[key], stream) for key, stream in after.items() if key in before}
    waves = (old.merge_order or (), new.merge_order or ())
    return Difference(
        added=tuple(stream for key, stream in after.items() if key not in before),
        removed=tuple(stream for key, stream in before.items() if key not in after),
        changed={key: found for key, found in changes.items() if found},
        base=None if old.base == new.base else (old.base, new.base),
        order=None if _unordered(waves[0]) == _unordered(waves[1]) else waves,
    )


def _changes(old: Workstream, new: Workstream) -> tuple[Change, ...]:
    found = []
    for aspect, entries in _ENTRIES.items():
        before, after = entries(old), entries(new)
        same = set(before) == set(after) if aspect in _WITHOUT_ORDER else before == after
        if not same:
            gone = tuple(each for each in before if each not in after)
            found.append(Change(aspect=aspect, gone=gone, new=tuple(each for each in after if each not in before)))
    return tuple(found)


def _unordered(waves: Waves) -> tuple[frozenset[Key], ...]:
    return tuple(frozenset(wave) for wave in waves)


_ENTRIES: Mapping[Aspect, Callable[[Workstream], tuple[str, ...]]] = {
    Aspect.TITLE: lambda stream: (stream.title,),
    Aspect.BRANCH: lambda stream: (stream.branch,) if stream.branch is not None else (),
    Aspect.NEEDS: lambda stream: stream.needs,
    Aspect.FILES: lambda stream: stream.files,
    Aspect.SCOPE: lambda stream: stream.scope,
    Aspect.OUT_OF_SCOPE: lambda stream: stream.out_of_scope,
    Aspect.ACCEPTANCE: lambda stream: stream.acceptance,
    Aspect.VALIDATION: lambda stream: stream.validation,
}
_WITHOUT_ORDER = frozenset({Aspect.NEEDS, Aspect.FILES})
