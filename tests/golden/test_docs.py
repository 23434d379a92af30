"""The page of commands says what the commands say of themselves."""

from bot.core.registry import load_commands
from scripts.make_docs import PAGE, commands_page


def test_the_page_of_commands_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == commands_page(load_commands()), "run `python -m scripts.make_docs`"


def test_every_command_has_its_section() -> None:
    page = commands_page(load_commands())
    assert all(f"\n## {name}\n" in page for name in load_commands())
