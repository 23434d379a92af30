"""A plan with more tags than fit on one page of GitHub's."""

import pytest

from bot.core.actions import CreateRefs
from bot.errors import ReadFailed
from tests.github import answers
from tests.github.answers import nodes
from tests.github.fake import REPOSITORY, Stack
from tests.github.story import DONE, Story
from tests.github.test_client import question


async def test_all_tags_of_a_plan_are_read(story: Story) -> None:
    base = (await story.read()).base.sha
    assert base is not None
    names = [f"signalbox/{story.issue}/cp-{number}" for number in range(230)]
    outcome = await story.one(CreateRefs(refs=tuple((f"refs/tags/{name}", base) for name in names)))
    assert outcome.kind is DONE
    assert (await story.read()).tags == dict.fromkeys(names, base)


async def test_as_many_tags_as_no_plan_has_are_said_to_be_too_many(stack: Stack) -> None:
    page = nodes(answers.tag("signalbox/7/cp-0", answers.BASE), more=True, cursor="c1")
    stack.fake.graphql(answers.plan(tags=page), {"data": {"repository": {"tags": page}}})
    with pytest.raises(ReadFailed, match="more than 1000 tags below refs/tags/signalbox/7/: delete those"):
        await stack.client.read_plan(REPOSITORY, question())
    assert len(stack.fake.sent) == 10
