"""Combinations of heads that CI tested together, as the memory keeps them. Must not choose what is tested: together.py does."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Key, Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """Some heads on a base. Whatever they are called later: the same commits give the same result."""

    base: Sha
    keys: tuple[Key, ...]
    heads: tuple[Sha, ...]  # of the keys, in their order: the order of merging

    @property
    def name(self) -> str:
        """Under what it is kept."""
        return "..".join((self.base, *self.heads))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One combination and what CI said."""

    combination: Combination
    at: datetime  # UTC, when it was begun
    building: bool = True  # its branch is not known to be there yet
    commit: Sha | None = None  # of its branch; None = it could not be merged
    red: bool | None = None  # None = CI has not spoken yet, or never will
    reason: str = ""  # safe markdown, without a full stop
    url: str = ""
    given_up: bool = False  # its heads or its base moved on, or nothing reported
    removed: bool = False  # its branch is gone

    @property
    def over(self) -> bool:
        """Whether nothing is waited for any more."""
        return self.red is not None or self.given_up or (self.commit is None and not self.building)
