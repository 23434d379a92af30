"""Renders GitHub-flavoured markdown to safe HTML for the pages; it must not let through anything that runs.

GitHub sanitises after rendering (https://github.github.com/gfm/ and the sanitisation filter of html-pipeline): a
short list of elements, no handlers, no style, no script. Here the rendered HTML is read once and written anew from
an allow list.
"""

import html
import re
from functools import lru_cache
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

from .layout import draw

VOID = frozenset({"br", "hr", "img", "input"})
DROPPED = frozenset({"script", "style", "iframe", "object", "template", "textarea", "title", "svg", "math"})
PLAIN_ELEMENTS = """
    b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li p pre s span strong sub summary
    sup table tbody thead tr ul
"""
#: Element -> its attributes that survive.
ALLOWED: dict[str, frozenset[str]] = dict.fromkeys(PLAIN_ELEMENTS.split(), frozenset[str]()) | {
    "a": frozenset({"href", "title"}),
    "img": frozenset({"src", "alt", "title", "width", "height"}),
    "input": frozenset({"type", "checked"}),
    "ol": frozenset({"start"}),
    "pre": frozenset({"lang"}),
    "details": frozenset({"open"}),
    "td": frozenset({"align"}),
    "th": frozenset({"align"}),
}
#: Classes that the renderer below writes; no other class survives.
OWN_CLASSES = frozenset({"task", "mention", "alert", "alert-title"})
TASK = re.compile(r"^\[([ xX])\]\s+")
ALERT = re.compile(r"^\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")
REFERENCE = re.compile(
    r"(?P<url>https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]])|(?<![\w&/#])#(?P<number>\d+)\b|(?<![\w/`@.])@(?P<login>[A-Za-z\d][A-Za-z\d-]*)"
)


def _build() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True, "maxNesting": 100}).enable(["table", "strikethrough"])
    markdown.core.ruler.push("tasks", _mark_tasks)
    markdown.core.ruler.push("references", _link_references)
    markdown.add_render_rule("fence", lambda _self, tokens, index, _options, _env: _fence(tokens[index]))
    markdown.add_render_rule("th_open", lambda _self, tokens, index, _options, _env: _cell(tokens[index]))
    markdown.add_render_rule("td_open", lambda _self, tokens, index, _options, _env: _cell(tokens[index]))
    return markdown


def render(text: str, repository_url: str = "") -> Markup:
    """Return the HTML of a comment; `#12` and `@login` become links when the repository's URL is given."""
    return _render(text, repository_url)


@lru_cache(maxsize=512)
def _render(text: str, repository_url: str) -> Markup:
    sanitiser = Sanitiser()
    sanitiser.feed(MARKDOWN.render(text, {"repository_url": repository_url}))
    sanitiser.close()
    return Markup(sanitiser.finish())  # noqa: S704 - written from an allow list just above


def plain(text: str) -> str:
    """Return the text without markup, as GitHub's `bodyText`."""
    return html.unescape(re.sub(r"<[^>]*>", "", str(render(text)))).strip()


def _fence(token: Token) -> str:
    language = token.info.split()[0] if token.info.strip() else ""
    return f'<pre lang="{html.escape(language)}"><code>{html.escape(token.content)}</code></pre>\n'


def _cell(token: Token) -> str:
    style = str(token.attrs.get("style", ""))
    align = f' align="{style.removeprefix("text-align:")}"' if style else ""
    return f"<{token.tag}{align}>"


def _mark_tasks(state: StateCore) -> None:
    """Turn `[ ]` at the start of a list item into a checkbox, and `[!NOTE]` at the start of a quote into its title."""
    for index, token in enumerate(state.tokens[:-2]):
        inline = state.tokens[index + 2]
        if inline.type != "inline" or not inline.children or inline.children[0].type != "text":
            continue
        first = inline.children[0]
        if token.type == "list_item_open" and (task := TASK.match(first.content)):
            first.content = first.content[task.end() :]
            checked = " checked" if task[1] != " " else ""
            inline.children.insert(0, Token("html_inline", "", 0, content=f'<input type="checkbox"{checked}> '))
            token.attrSet("class", "task")
        elif token.type == "blockquote_open" and (alert := ALERT.match(first.content)):
            first.content = first.content[alert.end() :]
            title = f'<strong class="alert-title">{alert[1].capitalize()}</strong><br>'
            inline.children.insert(0, Token("html_inline", "", 0, content=title))
            token.attrSet("class", "alert")


def _link_references(state: StateCore) -> None:
    """Link bare addresses, `#12` and `@login`, outside of links and code."""
    base = str(state.env.get("repository_url", ""))
    for token in state.tokens:
        if token.type != "inline" or not token.children:
            continue
        depth, children = 0, list[Token]()
        for child in token.children:
            depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            children += [child] if depth or child.type != "text" else _linked(child, base)
        token.children = children


def _linked(token: Token, base: str) -> list[Token]:
    out, position, text = list[Token](), 0, token.content
    for match in REFERENCE.finditer(text):
        if match["url"]:
            href = match["url"]
        elif not base:
            continue
        elif match["number"]:
            href = f"{base}/issues/{match['number']}"
        else:
            out += [_text(text[position : match.start()]), _raw(f'<strong class="mention">{match[0]}</strong>')]
            position = match.end()
            continue
        opening = Token("link_open", "a", 1, attrs={"href": href})
        out += [_text(text[position : match.start()]), opening, _text(match[0]), Token("link_close", "a", -1)]
        position = match.end()
    return [*out, _text(text[position:])]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _raw(content: str) -> Token:
    return Token("html_inline", "", 0, content=content)


class Sanitiser(HTMLParser):
    """Reads HTML and writes it anew: known elements and attributes only, everything escaped, every element closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.open: list[str] = []
        self.dropping: list[str] = []
        self.diagram: tuple[int, list[str]] | None = None  # where a mermaid fence began in `out`, and its text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            self.dropping.append(tag)
        if self.dropping or tag not in ALLOWED:
            return
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and given.get("type") != "checkbox":
            return
        if tag == "pre" and given.get("lang") == "mermaid":
            self.diagram = (len(self.out), [])
        self.out.append(f"<{tag}{_attributes(tag, given)}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.dropping:
            if tag == self.dropping[-1]:
                self.dropping.pop()
            return
        if tag not in self.open:
            return
        while self.open:
            closed = self.open.pop()
            self.out.append(f"</{closed}>")
            if closed == tag:
                break
        if tag == "pre" and self.diagram is not None:
            start, parts = self.diagram
            self.diagram = None
            picture = draw("".join(parts))
            if picture is not None:
                self.out[start:] = [f'<div class="diagram">{picture}</div>']

    def handle_data(self, data: str) -> None:
        if self.dropping:
            return
        if self.diagram is not None:
            self.diagram[1].append(data)
        self.out.append(html.escape(data, quote=False))

    def finish(self) -> str:
        """Return what was written, with the elements that are still open closed."""
        return "".join([*self.out, *(f"</{tag}>" for tag in reversed(self.open))])


def _attributes(tag: str, given: dict[str, str]) -> str:
    kept = {name: value for name, value in given.items() if name in ALLOWED[tag]}
    for name in ("href", "src"):
        if name in kept and not _is_safe_url(kept[name]):
            del kept[name]
    if tag == "a":
        kept["rel"] = "nofollow"
    if tag == "input":
        kept["disabled"] = ""
    if given.get("class") in OWN_CLASSES:
        kept["class"] = given["class"]
    return "".join(f' {name}="{html.escape(value)}"' for name, value in kept.items())


def _is_safe_url(url: str) -> bool:
    """Whether the address is http(s), or a path or fragment on this host."""
    return url.startswith(("https://", "http://", "#")) or (url.startswith("/") and not url.startswith("//"))


MARKDOWN: MarkdownIt = _build()
