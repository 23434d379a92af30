"""What comes back from GitHub, before it means anything: a reply, a page of REST data, a GraphQL answer.

Between transport.py and those who understand the data. Must not know any endpoint.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import gidgethub
from gidgethub import sansio

from bot.core.redaction import without_secrets
from bot.errors import GitHubError, NotFound, NotInstalled, ReadFailed

NO_ANSWER = 0  # a "status" for a request that got no response

_LONGEST_MESSAGE = 500  # characters

#: How GraphQL calls the error of a quota that is used up: https://github.com/yanyongyu/githubkit/issues/271 saw the second.
_LIMITS = frozenset({"RATE_LIMITED", "RATE_LIMIT"})
_LIMIT_WORDS = ("secondary rate limit", "abuse detection", "rate limit exceeded", "rate limit already exceeded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One response, or the lack of one (status NO_ANSWER, `message` says why)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # without regard to case, or all lower case
    body: bytes = field(default=b"", repr=False)
    message: str = ""  # GitHub's words on an error, without secrets
    sent: bool = True  # False = the connection never came about: nothing can have happened
    late: bool = False  # no answer came in time

    @property
    def too_slow(self) -> bool:
        """Whether it may be that what was asked takes GitHub longer than it takes for anything: 10 seconds."""
        return self.late or self.status in {502, 504}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Decoded REST data and the address of the next page."""

    data: Any
    next_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLError:
    """One entry of `errors`."""

    kind: str  # "NOT_FOUND", "FORBIDDEN", "STALE_DATA", "RATE_LIMITED", ... or ""
    message: str
    path: tuple[str | int, ...]  # () = the request as a whole

    @property
    def is_limit(self) -> bool:
        """Whether a rate limit refused it; what is said of one field may quote what people wrote."""
        return self.kind in _LIMITS or (not self.path and names_a_limit(self.message))

    @property
    def is_quota(self) -> bool:
        """Whether that was the hourly quota, whose reset GitHub names."""
        return self.is_limit and not any(word in self.message.lower() for word in _LIMIT_WORDS[:2])


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLAnswer:
    """The answer to one GraphQL request: for a mutation both halves count."""

    data: dict[str, Any]
    errors: tuple[GraphQLError, ...]

    @property
    def limit(self) -> GraphQLError | None:
        """The limit that the request met; GitHub reports one with status 200."""
        return next((error for error in self.errors if error.is_limit), None)


def clean(text: str) -> str:
    """Return a text from outside as it may stand in errors and logs: no secrets, no end of lines, not endless."""
    return " ".join(without_secrets(text).split())[:_LONGEST_MESSAGE]


def names_a_limit(message: str) -> bool:
    """Whether the words of a refusal as a whole are those of a rate limit."""
    return any(word in message.lower() for word in _LIMIT_WORDS)


def message_of(status: int, body: bytes) -> str:
    """Return what an error response says, with its list of errors if it has one."""
    try:
        data = json.loads(body)
    except ValueError:
        return f"HTTP {status}"
    if not isinstance(data, dict):
        return f"HTTP {status}"
    parts = [str(data.get("message") or f"HTTP {status}")]
    errors = data.get("errors")
    for error in errors if isinstance(errors, list) else [errors] if isinstance(errors, str) else []:
        words = error.get("message") or error.get("code") if isinstance(error, dict) else error
        if words:
            parts.append(str(words))
    return clean(": ".join(parts))


def time_of(reply: Reply) -> datetime | None:
    """Return when GitHub answered, by its own clock (UTC); None if it does not say."""
    try:
        return parsedate_to_datetime(reply.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None


def page_of(reply: Reply) -> Page:
    """Decode a successful REST reply. Raises ReadFailed if it cannot be read."""
    try:
        data, _, more = sansio.decipher_response(reply.status, reply.headers, reply.body)
    except (gidgethub.HTTPException, ValueError) as error:
        raise ReadFailed(f"an unreadable answer with status {reply.status}") from error
    return Page(data=data, next_url=more)


def graphql_answer(reply: Reply) -> GraphQLAnswer:
    """Decode a GraphQL reply. Raises ReadFailed if it is not one."""
    try:
        body = _decoded(reply.body)
        errors = tuple(
            GraphQLError(
                kind=str(error.get("type") or error.get("extensions", {}).get("code") or ""),
                message=clean(str(error.get("message", ""))),
                path=tuple(error.get("path") or ()),
            )
            for error in body.get("errors") or ()
        )
        data = body.get("data") or {}
        if not isinstance(data, dict) or not (data or errors):
            raise ReadFailed("a GraphQL answer without data")
    except (ValueError, AttributeError, TypeError) as error:
        raise ReadFailed(f"an unreadable GraphQL answer with status {reply.status}") from error
    return GraphQLAnswer(data=data, errors=errors)


def _decoded(body: bytes) -> Any:
    """Decode JSON. Half of a surrogate pair, which JSON can say and no encoding can, becomes a replacement character."""
    data = json.loads(body)
    if b"\\ud" not in body.lower():
        return data
    text = json.dumps(data, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.loads(text)


def read_error(what: str, status: int, message: str) -> GitHubError:
    """Return the exception for a REST read that was refused."""
    if status in {404, 410}:
        return NotFound(f"{what}: {message}")
    if status == 403:
        return NotInstalled(f"{what}: {message}")
    return ReadFailed(f"{what}: {message}")


def graphql_read_error(what: str, errors: tuple[GraphQLError, ...]) -> GitHubError:
    """Return the exception for a GraphQL read with errors: part of an answer is no answer."""
    first = errors[0]
    text = f"{what}: {first.message} (at {'.'.join(map(str, first.path)) or 'the request'})"
    if len(errors) == 1 and first.kind == "NOT_FOUND" and first.path in {("repository",), ("repository", "issue")}:
        return NotFound(text)
    if any(error.kind == "FORBIDDEN" for error in errors):
        return NotInstalled(text)
    return ResourceLimits(text) if any("esource limits" in error.message for error in errors) else ReadFailed(text)


@contextmanager
def documented_shapes(what: str) -> Iterator[None]:
    """Report an answer that lacks what GitHub documents as a failed read."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ReadFailed(f"GitHub's answer about {what} is not of the documented shape: {error!r}") from error


class ResourceLimits(ReadFailed):
    """The query was too heavy for GitHub; a smaller one may pass."""
