"""The trees of pages in every language: the same records, in that language's own words."""

import re
from collections import Counter
from collections.abc import Iterator
from string import Formatter
from xml.etree.ElementTree import Element

import pytest
from conftest import ROOT, Site
from test_pages import BASE, pages_of, text_of

from app import catalogues, urls
from app.language import LANGUAGES, PUBLISHED, is_in
from app.values import PRIMARY

OTHERS = [code for code in PUBLISHED if code != PRIMARY]

ENGLISH = re.compile(r"[A-Za-z][\w’'-]*(?:[\s,;:“”()]+[A-Za-z][\w’'-]*){3,}")
"""Four words in Latin letters, one after the other."""

UNREAD = {"script", "style", "textarea", "title"}
"""Where words cannot be marked with their language, or are for machines."""


@pytest.mark.parametrize("language", OTHERS)
def test_the_tree_has_the_same_pages_at_the_same_paths(site: Site, language: str) -> None:
    ours = {urls.in_language(path, PRIMARY) for path in pages_of(site.client, language)}
    assert ours == set(pages_of(site.client))


@pytest.mark.parametrize("language", PUBLISHED)
def test_every_page_leads_to_itself_in_every_language(site: Site, language: str) -> None:
    for path, page in pages_of(site.client, language).items():
        assert page.get("lang") == LANGUAGES[language].tag, path
        found = {
            link.get("hreflang"): link.get("href")
            for link in page.findall("./head/link[@rel='alternate'][@hreflang]")
        }
        expected = {
            LANGUAGES[code].tag: BASE + urls.in_language(path, code) for code in PUBLISHED
        }
        assert found == expected | {"x-default": BASE + urls.in_language(path, PRIMARY)}, path
        switch = page.find(".//ul[@class='languages']")
        assert switch is not None
        (current,) = switch.findall("./li/span[@aria-current]")
        assert current.text == LANGUAGES[language].own_name
        assert {link.get("href") for link in switch.iter("a")} == {
            urls.in_language(path, code) for code in PUBLISHED if code != language
        }, path


@pytest.mark.parametrize("language", OTHERS)
def test_every_page_of_a_tree_is_whole(our_site: Site, language: str) -> None:
    titles: Counter[str] = Counter()
    for path, page in pages_of(our_site.client, language).items():
        assert len(page.findall(".//h1")) == 1, path
        titles[text_of(page.find("./head/title"))] += 1
        (description,) = page.findall("./head/meta[@name='description']")
        assert 5 <= len(description.get("content", "")) <= 200, path
        assert not re.search(r"None|\{\{|\{%|%\(|Undefined", text_of(page.find("./body"))), path
    assert [title for title, number in titles.items() if number > 1] == []


def unmarked(element: Element, language: str) -> Iterator[str]:
    """Every text inside an element that stands in no other language than its page."""
    lang = element.get("lang") or element.get("{http://www.w3.org/XML/1998/namespace}lang")
    is_foreign = bool(lang) and not is_in(str(lang), language)
    is_read = element.tag not in UNREAD and element.get("class") not in {"address", "code"}
    if is_read and not is_foreign:
        yield from (element.get(name, "") for name in ("aria-label", "placeholder", "title", "alt"))
        yield element.text or ""
        for child in element:
            yield from unmarked(child, language)
            yield child.tail or ""


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_stands_unmarked(our_site: Site, language: str) -> None:
    found = {
        match[0]: path
        for path, page in pages_of(our_site.client, language).items()
        for text in unmarked(page, language)
        for match in ENGLISH.finditer(text)
    }
    assert found == {}


@pytest.mark.parametrize("name", catalogues.names())
def test_every_message_is_translated_and_keeps_its_placeholders(name: str) -> None:
    for message in catalogues.catalogue(name):
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        ids = message.id if message.pluralizable else (message.id,)
        strings = message.string if message.pluralizable else (message.string,)
        assert all(strings), message.id
        placeholders = set(re.findall(r"%\(\w+\)s", "".join(ids)))
        for string in strings:
            used = set(re.findall(r"%\(\w+\)s", string))
            assert used <= placeholders, message.id
            assert placeholders - used <= {"%(count)s"}, message.id
