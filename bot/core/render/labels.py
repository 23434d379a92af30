"""The labels that stand for the stages on pull requests. Must not hold anything that changes."""

from bot.core.actions import CreateLabel
from bot.core.model import Stage
from bot.core.render.words import LOOKS

#: One per stage. GitHub allows 50 characters of name and 100 of description
#: (https://docs.github.com/en/rest/issues/labels#create-a-label).
STAGE_LABELS: tuple[CreateLabel, ...] = tuple(
    CreateLabel(name=stage.label, color=LOOKS[stage].colour, description=LOOKS[stage].meaning) for stage in Stage
)
