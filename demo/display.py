"""What the demo prints: one line per thing that happened, with the time since it began."""

import sys
import time


class Display:
    """Prints to the terminal; colours only where it is one."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._colour = sys.stdout.isatty()

    @property
    def seconds(self) -> float:
        """How long the demo has been going."""
        return time.monotonic() - self._start

    def title(self, text: str) -> None:
        """Print a heading."""
        print(f"\n{self._paint('1', text)}", flush=True)

    def say(self, who: str, text: str) -> None:
        """Print that somebody did something."""
        print(f"  {self._paint('2', f'{self.seconds:5.1f}s')}  {self._paint('36', f'{who:<9}')} {text}", flush=True)

    def line(self, text: str = "") -> None:
        """Print a line as it is."""
        print(f"  {text}" if text else "", flush=True)

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text
