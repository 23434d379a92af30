"""Turns what went wrong into the `errors` of a GraphQL answer; does not decide that something went wrong.

GitHub adds `type` beside the members of the specification. The kinds used here: NOT_FOUND, FORBIDDEN, UNPROCESSABLE,
STALE_DATA, RATE_LIMITED. The HTTP status stays 200.
"""

from typing import Any

from graphql import GraphQLError

from sandbox.errors import ApiError

from .connection import InvalidCursorError

KINDS = {403: "FORBIDDEN", 404: "NOT_FOUND", 410: "NOT_FOUND", 429: "RATE_LIMITED"}
#: REST's error code -> how GraphQL says it of a field.
SENTENCES = {"already_exists": "has already been taken", "missing_field": "can't be blank", "missing": "does not exist"}


class QueryError(Exception):
    """A refusal by the GraphQL layer itself, for example an id that leads nowhere."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def not_found(message: str) -> QueryError:
    return QueryError("NOT_FOUND", message)


def forbidden() -> QueryError:
    return QueryError("FORBIDDEN", "Resource not accessible by integration")


def _message(refusal: ApiError) -> str:
    """Return the sentence that says what is wrong: REST's "Validation Failed" has it in its list of errors."""
    if refusal.message != "Validation Failed" or not refusal.errors:
        return refusal.message
    error = refusal.errors[0]
    if isinstance(error, str):
        return error
    field = str(error.get("field", "Input")).replace("_", " ").capitalize()
    return str(error.get("message") or f"{field} {SENTENCES.get(str(error.get('code')), 'is invalid')}")


def formatted(error: GraphQLError) -> dict[str, Any]:
    """Return one entry of `errors`; an error that nobody expected is raised again, as a fault of the sandbox."""
    answer: dict[str, Any] = {}
    message = error.message
    match error.original_error:
        case None | GraphQLError():
            pass
        case QueryError(kind=kind):
            answer["type"] = kind
        case ApiError() as refusal:
            message = _message(refusal)
            is_limit = "rate limit" in message.lower()
            answer["type"] = "RATE_LIMITED" if is_limit else KINDS.get(refusal.status, "UNPROCESSABLE")
        case InvalidCursorError():
            answer["type"] = "INVALID_CURSOR_ARGUMENTS"
        case unexpected:
            raise unexpected
    if error.path is not None:
        answer["path"] = list(error.path)
    if error.locations:
        answer["locations"] = [{"line": location.line, "column": location.column} for location in error.locations]
    return answer | {"message": message}
