"""Templates to pages: one Jinja environment a language, with the site's addresses and words."""

import gettext
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app import urls
from app.assets import Asset
from app.kinds import PAGED, kind_of, opening
from app.language import LANGUAGES, PUBLISHED, choose, marks, name_of, tag_of, when
from app.models import Meeting, Record, RecordRow
from app.urls import Addresses
from app.values import Name, Text


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


def renderers(
    templates: Path, addresses: Addresses, assets: Mapping[str, Asset], meeting: Meeting, names: Any
) -> dict[str, Renderer]:
    """A renderer for each published language."""
    return {
        language: Renderer(
            _environment(templates, _Writer(addresses, assets, language), meeting, names), language
        )
        for language in PUBLISHED
    }


def _environment(
    templates: Path, writer: "_Writer", meeting: Meeting, meeting_names: Any
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_translations(gettext.NullTranslations(), newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "say": writer.say,
        "paragraphs": writer.paragraphs,
        "dated": writer.dated,
        "quoted": writer.quoted,
        "plainly": writer.plainly,
        "titled": writer.titled,
        "language_name": writer.language_name,
        "marks": marks,
        "opening": opening,
        "tag_of": tag_of,
    }
    environment.globals |= {
        "language": LANGUAGES[writer.language],
        "site": meeting,
        "site_names": meeting_names,
        "side_at": {side.slug: at for at, side in enumerate(meeting.sides, start=1)},
        "side_named": {side.slug: side.name for side in meeting.sides},
        "kinds": PAGED,
        "href": writer.href,
        "page_link": writer.addresses.link,
        "page_href": writer.page_href,
        "list_href": writer.list_href,
        "static_href": writer.static_href,
        "absolute": writer.addresses.absolute,
        "noun_of": lambda record: kind_of(record).noun,
    }
    words = environment.get_template("words.html").make_module()
    environment.globals["words"] = words.words  # type: ignore[attr-defined]
    return environment


class _Writer:
    """What templates ask for, in one language."""

    def __init__(self, addresses: Addresses, assets: Mapping[str, Asset], language: str) -> None:
        self.addresses = addresses
        self.language = language
        self.locale = LANGUAGES[language].locale
        self.digests = {name: asset.digest for name, asset in assets.items()}

    def href(self, noun: str, slug: str) -> str:
        """The link to a record."""
        return self.addresses.link(urls.record_path(noun, slug, self.language))

    def page_href(self, name: str) -> str:
        """The link to a page that is neither list nor record."""
        return self.addresses.link(urls.page_path(name, self.language))

    def list_href(self, noun: str) -> str:
        """The link to a kind's list."""
        return self.addresses.link(urls.list_path(noun, self.language))

    def static_href(self, name: str) -> str:
        """The link to a static file."""
        return self.addresses.link(urls.static_path(name, self.digests[name]))

    def say(self, value: Text | Name | Mapping[str, str]) -> Markup:
        """A text in the page's language, or else another, marked with its language."""
        chosen = choose(_wordings(value), self.language)
        if chosen.lang is None:
            return escape(chosen.text)
        return Markup('<span lang="{}">{}</span>').format(chosen.lang, chosen.text)

    def plainly(self, value: Text | Name | Mapping[str, str]) -> str:
        """The same without a mark: for titles and attributes, which cannot carry one."""
        return choose(_wordings(value), self.language).text

    def paragraphs(self, value: Text) -> Markup:
        """A text as paragraphs; an empty line in it separates two."""
        chosen = choose(value.root, self.language)
        lang = Markup(' lang="{}"').format(chosen.lang) if chosen.lang else ""
        pieces = re.split(r"\n\s*\n|\n", chosen.text.strip())
        return Markup("\n").join(Markup("<p{}>{}</p>").format(lang, piece) for piece in pieces)

    def dated(self, day: str) -> Markup:
        """A partial date as a `time` element, as exact as it is known."""
        return Markup('<time datetime="{}">{}</time>').format(day, when(day, self.locale))

    def quoted(self, text: str, language: str) -> Markup:
        """A wording in the quotation marks of its own language, marked with it."""
        opening_mark, closing_mark = marks(language)
        quotation = f"{opening_mark}{text}{closing_mark}"
        if tag_of(language) == LANGUAGES[self.language].tag:
            return escape(quotation)
        return Markup('<span lang="{}">{}</span>').format(tag_of(language), quotation)

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
        return self.say(title)


def _wordings(value: Text | Name | Mapping[str, str]) -> Mapping[str, str]:
    if isinstance(value, Name):
        return value.as_text().root
    return value.root if isinstance(value, Text) else value
