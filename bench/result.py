"""The outcome of one benchmark: a table, what it says, and whether a stated limit was exceeded."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A table with a title and, below it, how it was measured; `exceeded` names what broke a stated limit, "" if nothing did."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    method: str = ""
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

    def as_markdown(self) -> str:
        """Return the table as a section of a page."""
        head, _, rest = self.title.partition(":")
        table = [self.columns, ["---", *("--:" for _ in self.columns[1:])], *self.rows]
        lines = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in table]
        below = [each for each in (self.method, self.exceeded and f"**Exceeded: {self.exceeded}**") if each]
        said = " ".join(rest.split())
        return (
            "\n\n".join([f"## {head}", *([said[:1].upper() + said[1:]] if said else []), "\n".join(lines), *below])
            + "\n"
        )
