"""Structured log lines: one JSON object per event on standard error, with whatever ids the context has bound.

Must not be imported by anything but app.py and __main__.py: everybody else asks structlog for a logger. No secret
passes, whoever logs it; not in the traceback of a crash either.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.core.redaction import REMOVED, without_secrets

SHORTEST = 6  # characters of a secret that is looked for: less would take out half of all words

#: What JSON leaves as it is and is still no letter: it would end a line, turn its direction, or be no text at all.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_JSON = json.JSONEncoder(ensure_ascii=False, default=repr)  # made once: that takes longer than most lines


def configure(level: str, *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging alike, from `level` ("info") up, without `secrets`."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redactor(secrets),
    ]
    number = getattr(logging, level.upper())
    output = stream if stream is not None else sys.stderr
    structlog.configure(
        processors=[*shared, _rendered],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=output),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _rendered,
            ],
        )
    )
    # Other people's libraries have something to say to us only when something is wrong.
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    sys.excepthook = _crashed


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write what ends the program as a line like any other: Python's own traceback would quote what it likes."""
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("crashed", exc_info=(kind, error, trace))


def _rendered(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """Return JSON that is one line for whoever splits it, and shows in a terminal as what it is."""
    text = _JSON.encode(event)
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def redactor(secrets: Iterable[str]) -> Processor:
    """Return a processor that clears every text of an event, however deep, of `secrets` and of what looks like one."""
    known = [each for each in secrets if len(each) >= SHORTEST]

    def clean(text: str) -> str:
        for secret in known:
            text = text.replace(secret, REMOVED)
        return without_secrets(text)

    def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: _cleaned(value, clean) for key, value in event.items()}

    return redact


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    match value:
        case str():
            return clean(value)
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {clean(str(key)): _cleaned(each, clean) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return _cleaned_all(list(value), clean)
        case _:
            return clean(repr(value) if not isinstance(value, bytes) else value.decode(errors="replace"))


def _cleaned_all(values: list[Any], clean: Callable[[str], str]) -> list[Any]:
    """Clean each; where all are texts by one look at all of them, for hardly any list has a secret in it."""
    if all(type(each) is str for each in values):
        together = "\n".join(values)
        if clean(together) == together:
            return values
    return [_cleaned(each, clean) for each in values]
