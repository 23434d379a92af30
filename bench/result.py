"""The outcome of one benchmark: a table of text, and whether a stated limit was exceeded."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A table with a title; `exceeded` names what broke a stated limit, "" if nothing did."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    exceeded: str = ""

    def as_text(self) -> str:
        """Return the table for a terminal, columns aligned."""
        lines = [list(self.columns), *(list(each) for each in self.rows)]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        shown = [
            "  ".join(
                cell.ljust(width) if n == 0 else cell.rjust(width)
                for n, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        ]
        return "\n".join([self.title, *shown, *([f"EXCEEDED: {self.exceeded}"] if self.exceeded else [])])
