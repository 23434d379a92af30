"""Turns the bytes that a fuzzer invents into choices, so that it can learn which bytes lead where.

Must not draw on anything but its bytes: the same bytes are the same input.
"""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Bytes, taken one after the other; zeros when they are used up."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def ended(self) -> bool:
        """Whether all bytes are used up."""
        return self._at >= len(self._data)

    def byte(self) -> int:
        """Return the next byte."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def one_of(self, several: Sequence[T]) -> T:
        """Return one of them."""
        return several[self.byte() % len(several)]

    def text(self) -> str:
        """Return a text of at most 255 bytes, in no way a well formed one: halves of pairs and all of ASCII are in it."""
        length = self.byte()
        taken = self._data[self._at : self._at + length]
        self._at += length
        try:
            return taken.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return taken.decode("latin-1")

    def rest(self) -> bytes:
        """Return what is left."""
        return self._data[self._at :]
