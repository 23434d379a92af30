"""Writing stops where GitHub asks for a pause, whatever it says it in."""

from collections.abc import Mapping
from typing import Any, cast

from bot.core.actions import CreateLabel, OutcomeKind
from bot.core.model import NodeId
from bot.github.answers import GraphQLAnswer, GraphQLError
from bot.github.client import Client
from bot.github.port import RepositoryRef
from bot.github.transport import Transport

REPOSITORY = RepositoryRef(installation_id=5, full_name="octo/demo", node_id=NodeId("R_77"))


class TooQuick:
    """A transport that is told so in the answer for one alias of an otherwise good request."""

    def __init__(self) -> None:
        self.requests = 0

    async def mutation(
        self, installation: int, operation: str, document: str, variables: Mapping[str, Any], *, weight: int
    ) -> GraphQLAnswer:
        self.requests += 1
        data: dict[str, Any] = {f"a{number}": {"label": {"id": f"L_{number}"}} for number in range(len(variables) - 1)}
        last = f"a{len(variables) - 1}"
        return GraphQLAnswer(
            data={**data, last: None},
            errors=(GraphQLError(kind="", message="was submitted too quickly", path=(last,)),),
        )


async def test_nothing_more_is_sent_after_one_was_submitted_too_quickly() -> None:
    transport = TooQuick()
    labels = [CreateLabel(name=f"signalbox:{number}", color="ffffff", description="") for number in range(25)]
    outcomes = await Client(cast("Transport", transport), 1001).mutate(REPOSITORY, labels)
    kinds = [each.kind for each in outcomes]
    assert transport.requests == 1
    assert kinds == [OutcomeKind.DONE] * 9 + [OutcomeKind.LATER] * 16
    assert all(each.retry_after is not None for each in outcomes[9:])
