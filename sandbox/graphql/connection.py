"""Cuts a list into the page that a connection's arguments ask for; sorts and filters nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

CURSOR_PREFIX = "cursor:v2:"


class Connection:
    """One page of a list; read by the fields of every `XConnection`.

    A cursor holds the 1-based position in the list, as opaque text. `node` turns an item into what the resolvers
    read, and is called for the items of the page only.
    """

    def __init__(
        self,
        items: Sequence[Any],
        *,
        node: Callable[[Any], Any] = lambda item: item,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        **_others: Any,
    ) -> None:
        start, end = _position(after, 0), _position(before, len(items) + 1) - 1
        end = max(start, min(end, len(items)))
        if first is not None:
            end = min(end, start + first)
        if last is not None:
            start = max(start, end - last)
        self.total_count = len(items)
        self.items = items
        self.start, self.end = start, end
        self.nodes = [node(item) for item in items[start:end]]

    @property
    def edges(self) -> list[dict[str, Any]]:
        """The page's nodes with their cursors."""
        return [{"cursor": _cursor(self.start + index + 1), "node": node} for index, node in enumerate(self.nodes)]

    @property
    def page_info(self) -> dict[str, Any]:
        """GitHub's PageInfo for this page."""
        return {
            "startCursor": _cursor(self.start + 1) if self.nodes else None,
            "endCursor": _cursor(self.end) if self.nodes else None,
            "hasNextPage": self.end < self.total_count,
            "hasPreviousPage": self.start > 0,
        }


def _cursor(position: int) -> str:
    return base64.b64encode(f"{CURSOR_PREFIX}{position}".encode()).decode()


def _position(cursor: str | None, default: int) -> int:
    """Read a cursor; GitHub answers an unreadable one with an error, here the caller sees ValueError."""
    if cursor is None:
        return default
    try:
        text = base64.b64decode(cursor, validate=True).decode()
        return int(text.removeprefix(CURSOR_PREFIX))
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise InvalidCursorError(cursor) from error


class InvalidCursorError(ValueError):
    """The cursor was not made by this server."""

    def __init__(self, cursor: str) -> None:
        super().__init__(f"`{cursor}` does not appear to be a valid cursor.")
