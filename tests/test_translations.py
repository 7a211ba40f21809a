"""The trees of pages in every language: the same records, in that language's own words."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element, fromstring

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from conftest import ROOT, WORLD, Site, quickly_parsed
from test_pages import BASE, UNSAID, pages_of, text_of

from app import catalogues, urls
from app.language import LANGUAGES, PUBLISHED, is_in
from app.seed import read
from app.translations import translations_of
from app.values import PRIMARY

OTHERS = [code for code in PUBLISHED if code != PRIMARY]

_LATIN = r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ’'-]*"
ENGLISH = re.compile(rf"{_LATIN}(?:[\s,;:“”()]+{_LATIN})+")
"""Two words in Latin letters or more, one after the other."""

PRINTED = {
    "Beijing Enterprises Group",
    "Beijing Enterprises Group (rcc",
    "Beijing Gas",
    "China Daily",
    "Executive Intelligence Review",
    "InoTV (RT",
    "Konstantin, Constantine",
    "Konstantinovsky Palace",
    "La Franja Económica de la Ruta de la Seda",
    "RT Deutsch",
    "st China-Russia Prime Ministers’ Regular Meeting",
}
"""Names as printed, inside a text or a title of another language."""

UNREAD = {"script", "textarea"}
"""What is for machines."""


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
        expected = {LANGUAGES[code].tag: BASE + urls.in_language(path, code) for code in PUBLISHED}
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
        assert not UNSAID.search(text_of(page.find("./body"))), path
    assert [title for title, number in titles.items() if number > 1] == []


def unmarked(element: Element, language: str) -> Iterator[str]:
    """Every text inside an element that stands in no other language than its page."""
    lang = element.get("lang") or element.get("xml:lang")
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
        for body in page.findall("./body")
        for text in unmarked(body, language)
        for match in ENGLISH.finditer(text)
        if match[0] not in PRINTED
    }
    assert found == {}


def extracted() -> Catalog:
    """Every message of the templates and the program."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(mapping["pattern"], mapping["method"]) for mapping in mappings]
    catalog = Catalog()
    for _, _, message, *_ in extract_from_dir(ROOT, methods):
        catalog.add(message)
    return catalog


@pytest.mark.parametrize("name", catalogues.names())
def test_every_message_is_in_the_catalogue_and_no_other(name: str) -> None:
    """What differs is mended by `make texts`, and then translated."""
    expected = {message.id for message in extracted() if message.id}
    assert {message.id for message in catalogues.catalogue(name) if message.id} == expected


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


def test_what_a_catalogue_lacks_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = Catalog(locale="ru")
    lacking.add("Light")
    monkeypatch.setattr(catalogues, "catalogue", lambda _: lacking)
    assert translations_of(read(WORLD)).messages == [
        f"app/locale/{name}/LC_MESSAGES/messages.po: Light" for name in catalogues.names()
    ]


def test_no_space_follows_a_chinese_stop(our_site: Site) -> None:
    """The sign has its space in itself (W3C, Requirements for Chinese Text Layout, 3.1)."""
    for path, page in pages_of(our_site.client, "zh").items():
        for part in page.iter("p"):
            found = re.search(r".{0,9}[。，；] [\u3400-\u9fff].{0,9}", text_of(part))
            assert not found, (path, found)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, "1 запись"),
        (2, "2 записи"),
        (5, "5 записей"),
        (11, "11 записей"),
        (21, "21 запись"),
        (22, "22 записи"),
        (112, "112 записей"),
    ],
)
def test_russian_counts_in_three_forms(number: int, expected: str) -> None:
    texts = catalogues.translations("ru")
    found = texts.ngettext("%(count)s record", "%(count)s records", number)
    assert found % {"count": number} == expected


@pytest.mark.parametrize(
    ("language", "heading"),
    [
        ("en", "There is nothing at this address"),
        ("ru", "По этому адресу ничего нет"),
        ("zh", "此地址没有内容"),
    ],
)
def test_what_is_not_there_is_said_in_the_language_of_the_address(
    site: Site, language: str, heading: str
) -> None:
    response = site.client.get(urls.in_language("/nothing", language))
    assert response.status_code == 404
    page = quickly_parsed(response.text)
    assert (page.get("lang"), text_of(page.find(".//h1"))) == (LANGUAGES[language].tag, heading)


def test_no_page_depends_on_what_a_browser_prefers(site: Site) -> None:
    for path in ("/", "/ru", "/zh/agreements"):
        usual = site.client.get(path)
        other = site.client.get(path, headers={"accept-language": "zh-CN, ru;q=0.5"})
        assert (other.status_code, other.content) == (200, usual.content)
        assert "accept-language" not in usual.headers.get("vary", "")


def test_the_switch_keeps_what_was_asked_for(our_site: Site) -> None:
    for path in (
        "/ru/agreements?kind=plan&sector=energy&sort=date",
        "/ru/search?q=%D0%B0%D1%82%D0%BE%D0%BC",
        "/ru/connections?focus=organizations/sco",
    ):
        page = quickly_parsed(our_site.client.get(path).text)
        (link,) = page.findall(".//ul[@class='languages']/li/a[@hreflang='en']")
        assert link.get("href") == path.removeprefix("/ru")


def test_the_sitemap_knows_every_language_and_the_last_change(site: Site) -> None:
    tree = fromstring(site.client.get(urls.SITEMAP).text)
    spaces = {
        "m": "http://www.sitemaps.org/schemas/sitemap/0.9",
        "x": "http://www.w3.org/1999/xhtml",
    }
    pages = {
        str(entry.findtext("m:loc", "", spaces)): {
            link.get("hreflang"): link.get("href") for link in entry.findall("x:link", spaces)
        }
        for entry in tree
    }
    assert all(
        pages[other] == found for found in pages.values() for other in map(str, found.values())
    )
    assert {len(found) for found in pages.values()} == {len(PUBLISHED) + 1}
    days = {entry.findtext("m:lastmod", "", spaces) for entry in tree}
    assert all(re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", str(day)) for day in days)


def test_the_wording_in_the_readers_language_comes_first(world_site: Site) -> None:
    """Lind's words are held in English and Arabic, Marsh's in Chinese only."""

    def shown(path: str) -> list[tuple[str | None, str]]:
        page = quickly_parsed(world_site.client.get(path).text)
        return [(quote.get("lang"), text_of(quote)) for quote in page.iter("blockquote")]

    assert [lang for lang, _ in shown("/quotes/lind-on-light")][:2] == ["en", "ar"]
    assert shown("/ru/quotes/marsh-on-oil")[0] == ("zh-Hant", "「灯光，先要有油！」")


def test_a_wording_that_readers_cannot_read_is_told_in_their_language(our_site: Site) -> None:
    def told(path: str) -> str:
        return text_of(quickly_parsed(our_site.client.get(path).text).find(".//main"))

    assert "Paraphrased" not in told("/quotes/medvedev-key-issues")
    assert "язык публикации: английский" in told("/ru/quotes/medvedev-key-issues")
    assert "В пересказе Он сказал, что обсуждены" in told("/ru/quotes/medvedev-key-issues")
    assert "转述 他表示，双方讨论了" in told("/zh/quotes/medvedev-key-issues")


def test_a_publisher_is_named_in_the_readers_language_where_that_name_is_known(
    our_site: Site,
) -> None:
    def told(path: str, selector: str) -> list[Element]:
        return quickly_parsed(our_site.client.get(path).text).findall(selector)

    (read_at, *_) = told("/ru/agreements/nuclear-statement", ".//p[@class='read']")
    assert "официальная публикация, Правительство Российской Федерации" in text_of(read_at)
    (where,) = told("/zh/sources/cri-2016-11-07", ".//main")
    assert "新华社" in text_of(where)
    assert ("en", "China Radio International") in [
        (name.get("lang"), text_of(name)) for name in where.iter("span")
    ]


@pytest.mark.parametrize(("language", "first"), [("ru", "Шанхайская"), ("zh", "上海合作组织")])
def test_a_search_and_its_suggestions_answer_in_the_language_of_the_page(
    our_site: Site, language: str, first: str
) -> None:
    page = quickly_parsed(our_site.client.get(f"/{language}/search?q=SCO").text)
    titles = [text_of(link) for link in page.iter("a") if link.get("class") == "entry__title"]
    assert any(title.startswith(first) for title in titles)
    _, texts, _, addresses = our_site.client.get(f"/{language}/suggest?q=SCO").json()
    assert texts[0].startswith(first)
    assert addresses[0] == f"/{language}/organizations/sco"
