"""Templates to pages: one Jinja environment a language, with the site's addresses and words."""

import contextlib
import hashlib
import io
import marshal
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from keyword import iskeyword
from pathlib import Path
from types import CodeType
from typing import Any, cast

import jinja2
from babel.numbers import format_decimal
from babel.units import format_unit
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.bccache import Bucket
from jinja2.compiler import CodeGenerator, Frame, MacroRef
from jinja2.runtime import Macro
from markupsafe import Markup, escape

from app import catalogues, figures, urls
from app.assets import Asset
from app.embedding import snippet
from app.facets import Parameters
from app.footnotes import runs
from app.formats.citations import meta, work_of
from app.formats.dataset import linked_dataset
from app.formats.described import Described, licence_url
from app.formats.linked_data import data_block, graph_in_page
from app.formats.prose import STYLES, cite
from app.kinds import PAGED, kind_of, opening
from app.language import (
    LANGUAGES,
    PUBLISHED,
    Chosen,
    Held,
    Language,
    choose,
    foreign,
    held,
    marks,
    name_of,
    printed_in,
    tag_of,
    when,
)
from app.models import Event, Meeting, Record, RecordRow
from app.pages import Connected, ConnectionsPage
from app.queries import MOST_MATCHES
from app.urls import Addresses
from app.values import LONGEST_QUERY, PRIMARY, Name, Text, wordings_of

_DIGEST_SIZE = hashlib.sha256().digest_size
_LAST_SIGNS = ",;:.，；：。、 "
"""What a sentence or a part of one may end in that is to be followed by a stop."""
_MAIN_PAGES = (urls.TIMELINE, urls.CONNECTIONS, "about")
"""The pages that every page leads to beside the lists."""
_MOST_SAID = 130
"""How many characters of a quote are told in a line that also says whose they are."""


class Compiled(BytecodeCache):
    """Templates as programs, the same in every language: compiled once for all.

    Those of a file that `compile_templates` wrote are ready at the start; each is taken only
    for the source, the Python and the Jinja that it was made from. Without them serving only
    starts a little later, so that no file is taken which somebody else could have written, and
    none that is damaged.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.programs: dict[str, CodeType | None] = {}
        self.ready: dict[str, bytes] = {}
        told = _own(file) if file else b""
        digest, programs = told[:_DIGEST_SIZE], told[_DIGEST_SIZE:]
        if hashlib.sha256(programs).digest() != digest:
            return
        with contextlib.suppress(ValueError, EOFError, TypeError):
            version, ready = marshal.loads(programs)  # noqa: S302 - our own, as .pyc is
            self.ready = ready if version == jinja2.__version__ else {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was compiled before, or for another language."""
        if bucket.key in self.programs:
            bucket.code = self.programs[bucket.key]
        elif bucket.key in self.ready:
            bucket.bytecode_from_string(self.ready.pop(bucket.key))
            self.programs[bucket.key] = bucket.code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Note what was compiled."""
        self.programs[bucket.key] = bucket.code
        self.ready[bucket.key] = bucket.bytecode_to_string()


def _own(file: Path) -> bytes:
    """What stands in a file that nobody but this user can have written; else nothing."""
    try:
        # Neither a link is followed nor a pipe waited for.
        with io.FileIO(file, opener=_opened) as stream:
            about = os.fstat(stream.fileno())
            is_own = stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid()
            is_written_by_others = about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            return stream.readall() if is_own and not is_written_by_others else b""
    except OSError:
        return b""


def _opened(file: str, flags: int) -> int:
    return os.open(file, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


@dataclass(frozen=True)
class Renderer:
    """Renders templates in one language."""

    environment: Environment
    language: str

    @property
    def words(self) -> Mapping[str, str]:
        """The words for kinds, fields and values in that language."""
        return cast("Mapping[str, str]", self.environment.globals["words"])

    def render(self, template: str, **context: Any) -> str:
        """A template's text with its context filled in."""
        return self.environment.get_template(template).render(**context)


def compile_templates(renderer: Renderer, file: Path) -> None:
    """Compile every template into a file, whole or not at all, so that serving starts at once."""
    environment = renderer.environment
    for name in environment.list_templates():
        environment.get_template(name)
    compiled = cast("Compiled", environment.bytecode_cache)
    programs = marshal.dumps((jinja2.__version__, compiled.ready))
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    try:
        # A file of ours, which nobody else may write, whatever is usual here.
        unfinished.touch(0o644, exist_ok=False)
        unfinished.write_bytes(hashlib.sha256(programs).digest() + programs)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def renderers(
    templates: Path,
    addresses: Addresses,
    assets: Mapping[str, Asset],
    meeting: Meeting,
    names: Any,
    *,
    compiled: Compiled,
) -> dict[str, Renderer]:
    """A renderer for each published language."""
    made = {
        language: Renderer(
            _environment(templates, compiled, _Writer(addresses, assets, language), meeting, names),
            language,
        )
        for language in PUBLISHED
    }
    # A page offers itself in other languages in the words of each.
    words_in = {language: renderer.words for language, renderer in made.items()}
    for renderer in made.values():
        renderer.environment.globals["words_in"] = words_in
    return made


class _Generator(CodeGenerator):
    """Writes attributes, items and calls of a template as those of Python.

    Jinja would ask on every page whether an attribute is an item, whether a function takes the
    context, and whether what a macro made is markup.
    """

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        """An attribute."""
        self.visit(node.node, frame)
        self.write(f".{node.attr}")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802
        """An item."""
        self.visit(node.node, frame)
        self.write("[")
        self.visit(node.arg, frame)
        self.write("]")

    def visit_Call(  # noqa: N802
        self,
        node: nodes.Call,
        frame: Frame,
        forward_caller: bool = False,  # noqa: FBT002
    ) -> None:
        """A call; what is called never asks for more than it is given."""
        if node.dyn_args or node.dyn_kwargs or any(iskeyword(named.key) for named in node.kwargs):
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.visit(node.node, frame)
        self.write("(")
        for argument in (*node.args, *node.kwargs):
            self.visit(argument, frame)
            self.write(", ")
        self.write("caller=caller)" if forward_caller else ")")

    def macro_def(self, macro_ref: MacroRef, frame: Frame) -> None:
        """A macro, one of ours."""
        self.write("environment.")
        super().macro_def(macro_ref, frame)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write("environment.written(")


class _Macro(Macro):
    """A macro that takes its arguments as they are where it is given all of them."""

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        """What it writes."""
        if kwargs or self.caller or len(args) != self._argument_count:
            return super().__call__(*args, **kwargs)
        return str.__new__(Markup, self._func(*args))


class _Environment(Environment):
    """One whose templates share its own globals: Jinja would look up each through a chain."""

    code_generator_class = _Generator
    Macro = _Macro

    @staticmethod
    def written(value: Any) -> str:
        """A value as it stands on a page: markup as it is, anything else escaped."""
        return value if type(value) is Markup else escape(value)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template: those of the environment, as no template has more."""
        return super().make_globals(d) if d else self.globals


def _environment(
    templates: Path,
    compiled: Compiled,
    writer: "_Writer",
    meeting: Meeting,
    meeting_names: Any,
) -> Environment:
    environment = _Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=compiled,
    )
    # What is said in a template leaves room for values by their names.
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.globals |= dict.fromkeys(("_", "gettext"), writer.gettext)
    environment.globals["ngettext"] = writer.ngettext
    environment.filters |= {
        "say": writer.say,
        "paragraphs": writer.paragraphs,
        "dated": writer.dated,
        "unbroken": _unbroken,
        "plainly": writer.plainly,
        "titled": writer.titled,
        "field": getattr,
        "language_name": writer.language_name,
        "marks": marks,
        "runs": runs,
        "opening": opening,
        "beginning": writer.beginning,
        "row_href": lambda row: writer.href(row.kind, row.slug),
        "tag_of": tag_of,
        "named": writer.named,
        "bar": figures.bar,
        "web": writer.web,
        "numeral": writer.numeral,
        "sized": writer.sized,
        "printed": writer.printed,
        "paragraph": _paragraph,
        "held": lambda quote: held(quote, writer.language),
        "saying": writer.saying,
        "in_language": urls.in_language,
        "programme": writer.programme,
        "lanes": writer.lanes,
        "ladder": writer.ladder,
    }
    environment.globals |= {
        "language": LANGUAGES[writer.language],
        "languages": [LANGUAGES[code] for code in PUBLISHED],
        "primary": LANGUAGES[PRIMARY],
        "site": meeting,
        "site_names": meeting_names,
        "side_at": {side.slug: at for at, side in enumerate(meeting.sides, start=1)},
        "side_named": {side.slug: side.name for side in meeting.sides},
        "kinds": PAGED,
        "most_matches": MOST_MATCHES,
        "longest_query": LONGEST_QUERY,
        "href": writer.href,
        "page_link": writer.addresses.link,
        "page_href": writer.page_href,
        "list_href": writer.list_href,
        "suggestions_href": writer.suggestions_href,
        "asked_link": writer.asked_link,
        "page_in": writer.page_in,
        "asked_path": urls.asked,
        "focus_href": writer.focus_href,
        "static_href": writer.static_href,
        "absolute": writer.addresses.absolute,
        "noun_of": lambda record: kind_of(record).noun,
    }
    environment.filters |= {
        "to_passage": urls.to_passage,
        "gist": lambda described: described.kind.gist(described.record),
    }
    environment.globals |= _sharing(writer, meeting)
    environment.globals |= {
        "is_export": writer.addresses.is_export,
        "search_index_href": lambda: writer.addresses.link(urls.search_index_path(writer.language)),
    }
    made: Any = environment.get_template("words.html").make_module()
    words = {key: escape(word).unescape() for key, word in made.words.items()}
    environment.globals["words"] = words
    main = [
        *((writer.list_href(kind.noun), words[f"kind.{kind.noun}"]) for kind in PAGED),
        *((writer.page_href(name), words[f"page.{name}"]) for name in _MAIN_PAGES),
    ]
    environment.globals["sections"] = lambda path: _sections(main, writer.addresses.link(path))
    environment.filters |= {
        # Documents and undertakings have a word of their own.
        "one_of_kind": lambda row: words.get(f"one.{row.part}") or words[f"one.{row.kind}"],
        "dataset": lambda page: data_block(
            linked_dataset(page.meeting, writer.addresses, page.files)
        ),
        "linked_data": lambda described: data_block(
            graph_in_page(described, writer.language, words)
        ),
    }
    return environment


def _sections(main: Iterable[tuple[str, str]], own: str) -> list[tuple[str, str, str]]:
    """The main links and their words, each with what `aria-current` says of it on a page."""
    return [
        (link, word, "page" if link == own else "true" if urls.is_under(own, link) else "")
        for link, word in main
    ]


def _sharing(writer: "_Writer", meeting: Meeting) -> dict[str, Any]:
    """What templates ask for of a record's other addresses, and of how it is cited."""
    addresses, language = writer.addresses, writer.language

    def in_language(path_of: Callable[[str, str, str], str]) -> Callable[[str, str], str]:
        return lambda noun, slug: addresses.link(path_of(noun, slug, language))

    def citations(described: Described) -> list[tuple[str, Markup]]:
        work = work_of(described, language)
        return [(style, cite(work, style, language, writer.texts.gettext)) for style in STYLES]

    return {
        "card_href": in_language(urls.card_path),
        "qr_href": in_language(urls.qr_path),
        "absolute_short": lambda reference: addresses.absolute(
            urls.reference_path(reference, language)
        ),
        "embed_href": in_language(urls.embed_path),
        "format_href": lambda *named: addresses.link(urls.record_format_path(*named)),
        "format_type": urls.RECORD_FORMATS.__getitem__,
        "list_formats": lambda noun: [
            (suffix, urls.LIST_FORMATS[suffix], addresses.link(urls.list_format_path(noun, suffix)))
            for suffix in urls.list_formats(noun)
        ],
        "data_href": lambda name: addresses.link(urls.data_path(name)),
        "api_href": lambda: addresses.link(urls.page_path(urls.API_PAGE, language)),
        "openapi_href": lambda: addresses.link(urls.OPENAPI),
        "feed_href": lambda: addresses.link(urls.FEED),
        "opensearch_href": lambda: addresses.link(urls.OPENSEARCH),
        "oembed_href": lambda path: addresses.absolute(urls.oembed_path(addresses.absolute(path))),
        "absolute_card": lambda noun, slug: addresses.absolute(
            urls.card_path(noun, slug, language)
        ),
        "absolute_static": lambda name: addresses.absolute(
            urls.static_path(name, writer.digests[name])
        ),
        "sitemap_path": urls.SITEMAP,
        "security_path": urls.SECURITY,
        "search_path": urls.page_path(urls.SEARCH, language),
        "answer_href": lambda query: addresses.absolute(urls.api_search_path(query)),
        "suggestions_path": urls.suggestions_path(language),
        "snippet": lambda noun, slug, title: snippet(addresses, noun, slug, language, title),
        "mail_href": urls.mail_address,
        "report_href": urls.report_address,
        "licence_link": lambda: licence_link(meeting),
        "citations": citations,
        "metadata": lambda described: meta(described, language),
    }


class _Writer:
    """What templates ask for, in one language."""

    def __init__(self, addresses: Addresses, assets: Mapping[str, Asset], language: str) -> None:
        self.addresses = addresses
        self.language = language
        self.locale = LANGUAGES[language].locale
        self.texts = catalogues.translations(LANGUAGES[language].region)
        self.messages: dict[str, Markup] = {}
        self.digests = {name: asset.digest for name, asset in assets.items()}

    def gettext(self, message: str, **variables: Any) -> Markup:
        """A word or sentence of the interface, with what it leaves room for."""
        said = self.messages.get(message)
        if said is None:
            # A message is markup, as the template is that has it.
            said = Markup(_unbroken(self.texts.gettext(message)))  # noqa: S704
            self.messages[message] = said
        return said % variables if "%" in said else said

    def ngettext(self, one: str, many: str, number: int, /, **variables: Any) -> Markup:
        """The same with a number in it."""
        said = Markup(_unbroken(self.texts.ngettext(one, many, number)))  # noqa: S704
        return said % variables

    def href(self, noun: str, slug: str) -> str:
        """The link to a record."""
        return self.addresses.link(urls.record_path(noun, slug, self.language))

    def page_href(self, name: str, parameters: Parameters = ()) -> str:
        """The link to a page that is neither list nor record."""
        return self.addresses.link(urls.page_path(name, self.language, parameters))

    def list_href(self, noun: str, parameters: Parameters = ()) -> str:
        """The link to a kind's list, narrowed or not."""
        return self.addresses.link(urls.list_path(noun, self.language, parameters))

    def suggestions_href(self) -> str:
        """The link to the suggestions for what is being typed."""
        return self.addresses.link(urls.suggestions_path(self.language))

    def asked_link(self, path: str, parameters: Parameters) -> str:
        """The link to a page's path with other query parameters."""
        return self.addresses.link(urls.asked(path, parameters))

    def page_in(self, language: Language, path: str, parameters: Parameters) -> str:
        """The link to a page in another language, with the query parameters it was asked with."""
        bare = path.partition("?")[0] if parameters else path
        return self.asked_link(urls.in_language(bare, language.code), parameters)

    def focus_href(self, row: RecordRow) -> str:
        """The link to the connections of a record, or to itself where only the whole is a file."""
        if self.addresses.is_export:
            return self.href(row.kind, row.slug)
        return self.addresses.link(urls.connections_path(row, self.language))

    def static_href(self, name: str) -> str:
        """The link to a static file."""
        return self.addresses.link(urls.static_path(name, self.digests[name]))

    def say(self, value: Text | Name | Mapping[str, str]) -> Markup:
        """A text in the page's language, or else another, marked with its language."""
        chosen = choose(wordings_of(value), self.language)
        return _marked(_whole(chosen.text), chosen.lang)

    def beginning(self, value: Text, length: int) -> Markup:
        """The first words of a text, as `say` says the whole."""
        chosen = choose(value.root, self.language)
        return (
            self.say({self.language: opening(chosen.text, length)})
            if chosen.lang is None
            else (Markup('<span lang="%s">%s</span>') % (chosen.lang, opening(chosen.text, length)))
        )

    def plainly(self, value: Text | Name | Mapping[str, str]) -> str:
        """The same without a mark: for titles and attributes, which cannot carry one."""
        return choose(wordings_of(value), self.language).text

    def paragraphs(self, value: Text, after: str = "") -> Markup:
        """A text as paragraphs, the last with something after it; an empty line separates two."""
        chosen = choose(value.root, self.language)
        lang = Markup(' lang="%s"') % chosen.lang if chosen.lang else ""
        *others, last = map(_whole, re.split(r"\n\s*\n|\n", chosen.text.strip()))
        ended = [*((piece, "") for piece in others), (last, after)]
        return Markup("\n").join(Markup("<p%s>%s%s</p>") % (lang, *piece) for piece in ended)

    def dated(self, day: str) -> Markup:
        """A partial date as a `time` element, as exact as it is known."""
        said = escape(when(day, self.locale))
        return Markup(f'<time datetime="{escape(day)}">{said}</time>')  # noqa: S704 - escaped

    def quoted(self, text: str, language: str) -> Markup:
        """A wording in the quotation marks of its own language, marked with it."""
        opening_mark, closing_mark = marks(language)
        quoted = escape(f"{opening_mark}{_unbroken(text)}{closing_mark}")
        return _marked(quoted, foreign(language, self.language))

    def numeral(self, number: int) -> str:
        """A number as the language writes it."""
        return str(format_decimal(number, locale=self.locale))

    def sized(self, count: int) -> str:
        """A number of bytes as people tell it."""
        unit, size = ("megabyte", 10**6) if count >= 10**6 else ("kilobyte", 10**3)
        number = count / size
        rounded = round(number, 1) if number < 10 else round(number)
        return str(format_unit(rounded, f"digital-{unit}", "short", locale=self.locale))

    def printed(self, text: str) -> Markup:
        """A name as printed, marked where it is not in the letters of the page's language."""
        return _marked(escape(text), printed_in(text, self.language))

    def saying(self, held: Held, stop: str) -> str:
        """What a quote says, as a sentence of plain text that another follows.

        These are its words in quotation marks, or else what they come to. An ellipsis, a question
        or a call needs no stop.
        """
        before, after = ("", "") if held.paraphrase else marks(held.first.language)
        text = self.plainly(held.paraphrase) if held.paraphrase else held.first.text
        said = opening(text, _MOST_SAID).rstrip(_LAST_SIGNS)
        is_ended = said.endswith(("…", "?", "!", "？", "！"))
        return f"{before}{said}{after}{LANGUAGES[self.language].space if is_ended else stop}"

    def language_name(self, tag: str) -> str:
        """What a language is called in the page's own."""
        return name_of(tag, self.language)

    def titled(self, item: Record | RecordRow) -> Markup:
        """What a record is called where it is linked; a quote by its first words."""
        if isinstance(item, RecordRow):
            noun, title = item.kind, item.title
        else:
            kind = kind_of(item)
            noun, title = kind.noun, kind.titled(item)
        if noun == "quotes":
            language = next(iter(title))
            return self.quoted(title[language], language)
        chosen = choose(title, self.language)
        return _marked(_title(chosen.text), chosen.lang)

    def named(self, row: RecordRow) -> Chosen:
        """The same for a figure, which sets its own marks of language."""
        if row.kind == "quotes":
            language, text = next(iter(row.title.items()))
            before, after = marks(language)
            return Chosen(f"{before}{text}{after}", foreign(language, self.language))
        return choose(row.title, self.language)

    def web(self, page: ConnectionsPage, words: Mapping[str, str]) -> figures.Web:
        """The figure of the connections."""

        def block(heading: str, items: Iterable[Connected]) -> figures.Block:
            named = [figures.Item(item.row.id, self.named(item.row).text) for item in items]
            return figures.Block(words[heading], named)

        return figures.web(
            (block("kind.people", page.left), block("figure.right", page.right)),
            [block("figure.middle", items) for items in page.middle],
            [(one.row.id, tied.other.row.id) for one, ties in page.rows for tied in ties],
            page.focus.row.id if page.focus else None,
        )

    def programme(
        self, days: Mapping[str, Sequence[Event]], width: int, columns: int
    ) -> figures.Programme:
        """The figure of the visit."""
        moments = [
            (
                when(day, self.locale),
                [
                    figures.Moment(
                        event.slug,
                        self.plainly(event.title),
                        self.plainly(event.time_of_day) if event.time_of_day else "",
                    )
                    for event in events
                ],
            )
            for day, events in days.items()
        ]
        return figures.programme(moments, width, columns)

    def lanes(self, series: Sequence[Event], number: int, unknown: str) -> figures.Axis:
        """The figure of the series of meetings, for a wide page."""
        return figures.lanes(self._meetings(series, number, unknown))

    def ladder(self, series: Sequence[Event], number: int, unknown: str) -> figures.Axis:
        """The same for a narrow page."""
        return figures.ladder(self._meetings(series, number, unknown))

    def _meetings(
        self, series: Sequence[Event], number: int, unknown: str
    ) -> list[figures.Meeting]:
        return [
            figures.Meeting(
                event.slug,
                str(event.number),
                self.plainly(event.place) if event.place else unknown,
                *figures.extent(event.held_on),
                is_this=event.number == number,
            )
            for event in series
        ]


def licence_link(meeting: Meeting) -> Markup:
    """The licence of the texts and data by its identifier, linked to its terms."""
    address, name = licence_url(meeting.licence), meeting.licence
    return Markup('<a rel="license" href="%s">%s</a>') % (address, name)


def _marked(text: Markup, lang: str | None) -> Markup:
    """A text, marked with its language where that is not the page's."""
    return Markup('<span lang="%s">%s</span>') % (lang, text) if lang else text


_NO_BREAK = "\u00a0"
_UNBROKEN = re.compile(r" (?:(?=[—–] )|(?<=\b[авикосуяАВИКОСУЯ] )|(?<=\d{4} )(?=год))")
"""The spaces that no line ends at: before a dash, and after a word of one letter."""

_HAN_DATE = r"\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|(?:\d{1,2}月)?\d{1,2}日"
_HAN_ORDINAL = "第[〇一二三四五六七八九十百]+[次届年]"
_IN_TEXTS = re.compile(
    r"\d+–\d+(?: [^\W\d_]+)?|\b\d{1,2} [^\W\d_]{3,12}\b|\b\d+-[^\W\d_]{1,3}\b"
    f"|{_HAN_DATE}|{_HAN_ORDINAL}"
)
_IN_TITLES = re.compile(rf"{_IN_TEXTS.pattern}|\b(?=[\w-]{{5,16}}\b)[^\W\d_]+-[^\W\d_]+\b")


def _unbroken(text: str) -> str:
    """A text with spaces that do not break where no line should end."""
    return _UNBROKEN.sub(_NO_BREAK, text)


_NUMERAL = re.compile(r"[\d第]")
"""What all that is found in texts begins with."""


def _whole(text: str, kept: re.Pattern[str] = _IN_TEXTS) -> Markup:
    """A text with what no line should end within: a number and its word, a span of numbers."""
    held = escape(_unbroken(text))
    if kept is _IN_TEXTS and not _NUMERAL.search(held):
        return held
    return Markup(kept.sub(r'<span class="whole">\g<0></span>', str(held)))  # noqa: S704


@lru_cache(maxsize=512)
def _title(text: str) -> Markup:
    """The same of a title, which a page tells several times, and its neighbours, too."""
    return _whole(text, _IN_TITLES if "-" in text else _IN_TEXTS)


def _paragraph(locator: str) -> str | None:
    """The number of the paragraph that a locator names, if that is what it names."""
    match = re.fullmatch(r"paragraph (\d+)", locator)
    return match[1] if match else None
