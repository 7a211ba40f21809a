"""Addresses that never die, and clear answers where nothing is: for people and for programs."""

import json
from typing import Any

import pytest
from conftest import Site, parsed, site_of
from heads import names_of
from miniature import changed
from test_pages import links, text_of

from app import urls
from app.language import PUBLISHED
from app.values import PRIMARY

STRANGERS = "fbclid=IwAR0x&utm_source=a%26b&utm_medium=%D0%B6"


def addresses_of(noun: str, slug: str) -> list[str]:
    """Every address of a record but its short one."""
    formats = [urls.record_format_path(noun, slug, suffix) for suffix in urls.record_formats(noun)]
    return formats + [
        path_of(noun, slug, language)
        for language in PUBLISHED
        for path_of in (urls.record_path, urls.card_path, urls.qr_path, urls.embed_path)
    ]


def problem_of(response: Any) -> dict[str, Any]:
    """Problem details as RFC 9457, section 3.1, has them."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["access-control-allow-origin"] == "*"
    told: dict[str, Any] = json.loads(response.content)
    assert told["type"] == "about:blank"
    assert told["status"] == response.status_code
    assert isinstance(told["title"], str)
    assert told["title"]
    assert isinstance(told.get("detail", ""), str)
    return told


@pytest.fixture(scope="module")
def renamed_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The miniature world with a record that got another slug."""
    folder = tmp_path_factory.mktemp("renamed")
    seed = changed(
        folder,
        (
            "herring-plan:\n    reference: a2\n",
            "herring-season:\n    reference: a2\n    aliases: [herring-plan]\n",
        ),
    )
    return site_of(seed, folder)


@pytest.mark.parametrize("query", ["", f"?{STRANGERS}"])
def test_every_former_address_leads_on_and_keeps_its_query(world_site: Site, query: str) -> None:
    former = addresses_of("agreements", "strait-protocol")
    present = addresses_of("agreements", "lighting-protocol")
    assert len(former) == 6 + 4 * len(PUBLISHED)
    for old, new in zip(former, present, strict=True):
        for method in ("GET", "HEAD"):
            response = world_site.client.request(method, old + query)
            assert (response.status_code, response.headers["location"]) == (301, new + query)
        assert world_site.client.get(new).status_code == 200


def test_a_former_address_leads_on_whatever_is_accepted(world_site: Site) -> None:
    response = world_site.client.get(
        "/agreements/strait-protocol", headers={"accept": "application/json"}
    )
    assert response.status_code == 301
    assert response.headers["location"] == "/agreements/lighting-protocol.json"
    assert response.headers["vary"] == "accept"
    assert "content-location" not in response.headers
    page = world_site.client.get("/agreements/strait-protocol")
    assert page.headers["vary"] == "accept"


def test_a_renamed_record_keeps_its_name_for_the_world(
    world_site: Site, renamed_site: Site
) -> None:
    before, after = world_site.client, renamed_site.client
    moved = after.get("/agreements/herring-plan")
    assert (moved.status_code, moved.headers["location"]) == (301, "/agreements/herring-season")
    assert before.get("/r/a2").headers["location"] == "/agreements/herring-plan"
    assert after.get("/r/a2").headers["location"] == "/agreements/herring-season"
    old, new = (
        site.get(f"/agreements/{slug}.json").json()
        for site, slug in ((before, "herring-plan"), (after, "herring-season"))
    )
    assert old["short_url"] == new["short_url"]
    assert old["citation"]["key"] == new["citation"]["key"]
    focus = after.get("/connections?focus=agreements/herring-plan")
    assert focus.status_code == 200
    told = after.get("/oembed?url=https://meeting.example/agreements/herring-plan").json()
    assert 'src="https://meeting.example/embed/agreements/herring-season"' in told["html"]


def test_short_addresses_lead_to_every_record_and_keep_the_query(site: Site) -> None:
    for noun, slug, reference in names_of(site):
        for language, before in (("en", ""), ("ru", "/ru"), ("zh", "/zh")):
            response = site.client.get(f"{before}/r/{reference}?fbclid=x")
            target, mark, fragment = urls.record_path(noun, slug, language).partition("#")
            assert response.status_code == 302
            assert response.headers["location"] == f"{target}?fbclid=x{mark}{fragment}"


def test_what_was_withdrawn_says_so_at_every_address(world_site: Site) -> None:
    for path in [*addresses_of("agreements", "ferry-contract"), "/r/a9", "/ru/r/a9"]:
        response = world_site.client.get(f"{path}?{STRANGERS}")
        assert response.status_code == 410, path
        if path.endswith(tuple(f".{suffix}" for suffix in urls.RECORD_FORMATS)):
            told = problem_of(response)
            assert told["title"] == "Gone"
            assert told["detail"] == "It was a rumour, as the paper said later."
            assert told["reasons"]["ru"] == "Газета опровергла его."
            assert told["withdrawn_on"] == "1994-04-02"
        else:
            page = parsed(response.text)
            shown = text_of(page.find(".//main"))
            is_embed = "embed" in path.split("/")
            assert shown.startswith("410 ") is not is_embed
            # A page that frames it shows what became of it, and not an empty frame.
            assert ("x-frame-options" in response.headers) is not is_embed
            framed_by = "*" if is_embed else "'none'"
            assert f"frame-ancestors {framed_by}" in response.headers["content-security-policy"]
            is_russian = page.get("lang") == "ru"
            assert ("Газета опровергла его." if is_russian else "It was a rumour") in shown
            assert page.find(".//main//time[@datetime='1994-04-02']") is not None
            assert page.find("./head/meta[@name='robots']") is not None
    json_of_it = world_site.client.get(
        "/agreements/ferry-contract", headers={"accept": "application/json"}
    )
    assert problem_of(json_of_it)["status"] == 410


def test_what_was_withdrawn_is_nowhere_else(world_site: Site) -> None:
    for path in ("/agreements", "/sitemap.xml", "/agreements.json", "/feed.atom"):
        assert "ferry-contract" not in world_site.client.get(path).text


def test_every_near_miss_leads_to_the_canonical_address(world_site: Site) -> None:
    names = names_of(world_site)
    pages = urls.every_page((noun, slug) for noun, slug, _ in names)
    # Of many alike, some: each asks the database for every name.
    for path in [*dict.fromkeys([*pages, *urls.every_file(names)])][::5]:
        shouted = path.partition("#")[0].upper()
        for missed in {f"{path}/", shouted, f"{shouted}/"} - {path, "//", "/"}:
            response = world_site.client.get(f"{missed}?q=a&fbclid=b")
            assert response.status_code == 308, missed
            assert response.headers["location"] == f"{path}?q=a&fbclid=b"


@pytest.mark.parametrize(
    "missed", ["/agreements/strait-protocol/", "/Agreements/Ferry-Contract.JSON", "/R/A9/"]
)
def test_a_near_miss_of_a_former_address_is_none(world_site: Site, missed: str) -> None:
    response = world_site.client.get(missed)
    assert response.status_code == 308
    again = world_site.client.get(response.headers["location"])
    assert again.status_code in {301, 410}


def test_a_near_miss_leads_nowhere_else(site: Site) -> None:
    for path in ("//evil.example", "//evil.example/", "/agreements/NOTHING", "/%2F%2Fevil.example"):
        assert site.client.get(f"https://meeting.example{path}").status_code == 404


def test_what_messengers_add_changes_nothing(world_site: Site) -> None:
    names = names_of(world_site)
    pages = urls.every_page((noun, slug) for noun, slug, _ in names)
    files = urls.every_file(names)
    # A short address carries its query on; what the API does not know it refuses.
    for path in [*pages, *(path for path in files if not {"r", "api"} & {*path.split("/")})]:
        usual = world_site.client.get(path)
        other = world_site.client.get(f"{path}?{STRANGERS}")
        assert (other.status_code, other.content) == (200, usual.content), path
        assert other.headers == usual.headers


@pytest.mark.parametrize(
    ("path", "suffix", "there"),
    [
        ("/agreements/{slug}.pdf", "pdf", "/agreements/{slug}.bib"),
        ("/agreements/{slug}.html", "html", "/agreements/{slug}.json"),
        ("/agreements.xlsx", "xlsx", "/agreements.csv"),
        ("/meeting.pdf", "pdf", "/meeting.ris"),
    ],
)
def test_a_format_that_there_is_not_is_named(
    site: Site, path: str, suffix: str, there: str
) -> None:
    slug = next(slug for noun, slug, _ in names_of(site) if noun == "agreements")
    response = site.client.get(path.format(slug=slug))
    assert response.status_code == 404
    page = parsed(response.text)
    assert f"There is no format “{suffix}”." in text_of(page.find(".//main"))
    main = page.find(".//main")
    assert main is not None
    offered = [link for link in links(main) if "." in link]
    assert there.format(slug=slug) in offered
    assert {site.client.get(link).status_code for link in offered} == {200}


def test_no_format_is_offered_of_what_is_not_there(site: Site) -> None:
    response = site.client.get("/agreements/nothing.pdf")
    assert response.status_code == 404
    assert "There is no format" not in response.text
    assert "available" not in problem_of(site.client.get("/agreements/nothing.json"))


def test_a_program_is_told_which_formats_there_are(site: Site) -> None:
    slug = next(slug for noun, slug, _ in names_of(site) if noun == "agreements")
    for path in (f"/agreements/{slug}.csv", f"/agreements/{slug}.atom", "/sectors.atom"):
        response = site.client.get(path)
        assert response.status_code == 404
        told = problem_of(response)
        assert path in told["detail"]
        for address in told["available"]:
            assert site.client.get(address).status_code == 200


def test_data_that_is_not_there_leads_to_what_is(site: Site) -> None:
    response = site.client.get("/data/nothing.parquet")
    assert response.status_code == 404
    available = problem_of(response)["available"]
    assert len(available) == len(urls.DATA_FILES)
    assert {site.client.get(address).status_code for address in available} == {200}


@pytest.mark.parametrize("path", ["/agreements.json", "/agreements/nothing.bib", "/oembed"])
def test_programs_are_told_as_programs_that_nothing_can_be_written(site: Site, path: str) -> None:
    response = site.client.post(path)
    assert problem_of(response)["status"] == 405
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("?sort=colour", "sort"), ("?page=0", "page"), ("?q=a&q=b", "q"), ("?kind=ode", "kind")],
)
def test_a_bad_filter_is_named_in_the_form_that_was_asked_for(
    site: Site, query: str, parameter: str
) -> None:
    assert f"“{parameter}”" in site.client.get(f"/agreements{query}").text
    for suffix in urls.list_formats("agreements"):
        response = site.client.get(f"/agreements.{suffix}{query}")
        if (suffix, parameter) == ("csv", "page"):
            # A table is the whole, which has no pages.
            assert response.content == site.client.get("/agreements.csv").content
            continue
        assert response.status_code == 404
        assert problem_of(response)["parameter"] == parameter


@pytest.mark.parametrize("path", ["/nothing{}", "/ru/nothing{}", "/agreements/nothing{}.json"])
def test_a_long_address_is_not_repeated(site: Site, path: str) -> None:
    short = site.client.get(path.format(""))
    long = site.client.get(path.format("a" * 30_000))
    assert (short.status_code, long.status_code) == (404, 404)
    assert len(long.content) < len(short.content) + 1000


@pytest.mark.parametrize("written", ["//", "/%5C", "/%09/", "/%2f", "//zh//"])
@pytest.mark.parametrize("language", PUBLISHED)
def test_what_is_written_into_an_address_never_leads_to_another_site(
    site: Site, language: str, written: str
) -> None:
    start = "" if language == PRIMARY else f"/{language}"
    response = site.client.get(f"{start}{written}evil.example/login")
    assert response.status_code == 404
    assert "evil" not in response.text
    page = parsed(response.text)
    ways = {link.get("href") for link in page.iter("a") if link.get("hreflang")}
    assert ways == {urls.page_path(urls.HOME, other) for other in PUBLISHED if other != language}


def test_a_page_that_is_not_there_prints_no_address_to_come_back_to(our_site: Site) -> None:
    assert 'class="permalink' not in our_site.client.get("/nothing-here").text
    assert 'class="permalink' in our_site.client.get("/about").text


def test_a_bad_focus_is_answered_by_the_nearest_record_alone(our_site: Site) -> None:
    page = our_site.client.get("/connections?focus=people/li-kegiang")
    assert page.status_code == 404
    assert page.text.count("focus=") == 1
    assert "focus=people%2Fli-keqiang" in page.text or "focus=people/li-keqiang" in page.text
