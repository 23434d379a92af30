"""A table of records by id that also knows them by one other thing: the repository, the thread or the commit they hang on.

That other thing must not change while a record is in the table. Must not know what the records mean.
"""

from collections.abc import Hashable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

Record = TypeVar("Record")


class Table(dict[int, Record]):
    """Records by id, oldest first, as a dict whose records `of` finds by their key without a look at all others."""

    def __init__(self, key: str, records: Mapping[int, Record] = MappingProxyType({})) -> None:
        super().__init__()
        self.key = key  # the attribute's name
        self._key = attrgetter(key)
        self._by_key: dict[Hashable, dict[int, Record]] = {}
        for number, record in records.items():
            self[number] = record

    def of(self, key: Hashable) -> list[Record]:
        """Return the records of that key, oldest first."""
        return list(self._by_key.get(key, {}).values())

    def __setitem__(self, number: int, record: Record) -> None:
        """Put a record in, or another in its place."""
        if number in self:
            del self[number]
        super().__setitem__(number, record)
        self._by_key.setdefault(self._key(record), {})[number] = record

    def __delitem__(self, number: int) -> None:
        """Take a record out. KeyError if there is none."""
        key = self._key(self[number])
        super().__delitem__(number)
        del self._by_key[key][number]
        if not self._by_key[key]:
            del self._by_key[key]

    def _only_items(self, *_: Any, **__: Any) -> Any:
        raise TypeError("set and delete the items of a table one by one")

    pop = popitem = clear = update = setdefault = __ior__ = _only_items

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Be saved as a plain dict of the records, and loaded as one."""
        return handler.generate_schema(dict[int, get_args(source)[0]])  # type: ignore[misc]
