"""Cuts what there may be any number of into parts that a request or a statement has room for."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of at most `size`, in their order."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
