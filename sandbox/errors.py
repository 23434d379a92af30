"""The refusals of the stand-in GitHub, raised by operations and turned into answers by REST and GraphQL; no I/O here.

SandboxError
ApiError          an answer with a status, a message and GitHub's `errors` list
RefConflict       a compare-and-set of git refs lost; operations turn it into an ApiError
MergeConflict     git could not merge two commits
"""

from collections.abc import Mapping, Sequence

DOCUMENTATION = "https://docs.github.com/rest"


class SandboxError(Exception):
    """Root of everything this package raises on purpose."""


class ApiError(SandboxError):
    """A refusal as GitHub words it: an HTTP `status`, a `message`, and `errors` (objects or plain sentences).

    GraphQL shows `message` and maps the status to an error type (`gql_type`).
    """

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Mapping[str, object] | str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = dict(headers or {})

    @property
    def gql_type(self) -> str:
        """Return the `type` that GitHub's GraphQL errors carry for the same refusal."""
        return {404: "NOT_FOUND", 403: "FORBIDDEN", 401: "FORBIDDEN"}.get(self.status, "UNPROCESSABLE")

    def body(self) -> dict[str, object]:
        """Return the JSON body of the REST answer."""
        answer: dict[str, object] = {"message": self.message}
        if self.errors:
            answer["errors"] = self.errors
        return answer | {"documentation_url": DOCUMENTATION, "status": str(self.status)}


def invalid(resource: str, field: str, code: str = "invalid", message: str | None = None) -> ApiError:
    """Return GitHub's `422 Validation Failed` for one field (docs.github.com/rest, "Validation Failed")."""
    error: dict[str, object] = {"resource": resource, "field": field, "code": code}
    if message:
        error["message"] = message
    return ApiError(422, "Validation Failed", [error])


def not_found() -> ApiError:
    """Return the 404 that GitHub gives for what is absent and for what the caller may not see."""
    return ApiError(404, "Not Found")


class RefConflict(SandboxError):
    """A ref did not have the expected old value (or was already there, or gone)."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"ref {ref} is not at its expected value")
        self.ref = ref


class MergeConflict(SandboxError):
    """Two commits cannot be merged by git without a person."""
