"""The API: what it promises in its own description, held for every record and by a fuzzer."""

import csv
import io
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from conftest import Site, parsed
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from app import queries, urls
from app.database import open_database
from app.facets import PAGE_SIZE, Parameters
from app.formats.answers import PROBLEM_TYPE
from app.kinds import KINDS, LISTED, PAGED

BASE = "https://meeting.example"
NOUNS = [kind.noun for kind in LISTED]

FUZZING = """
seed = 1
[generation]
max-examples = 6
deterministic = true
database = "none"
"""


def description_of(site: Site) -> dict[str, Any]:
    """The OpenAPI document of a site."""
    described: dict[str, Any] = site.client.get(urls.OPENAPI).json()
    return described


def faults(document: dict[str, Any], schema: str, value: Any) -> list[str]:
    """What a schema of the document has against a value."""
    rooted = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    validator = Draft202012Validator(rooted, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def listed_slugs(site: Site, path: str, parameters: Parameters = ()) -> list[str]:
    """The slugs of a list over all its pages, as the JSON leads from one to the next."""
    found: list[str] = []
    at, before = urls.asked(path, parameters), None
    while at:
        response = site.client.get(at.removeprefix(BASE))
        assert response.status_code == 200, at
        page = response.json()
        assert page["previous"] == before
        found += [item["slug"] for item in page["items"]]
        before, at = page["url"], page["next"]
    return found


def every_row(site: Site) -> list[tuple[str, str]]:
    with open_database(site.database)[0] as session:
        return [(row.kind, row.slug) for row in queries.every_record(session)]


def test_the_description_is_openapi_and_says_everything(site: Site) -> None:
    document = description_of(site)
    validate(document)
    expected = {urls.api_path("meeting"), urls.API_SEARCH, urls.OPENAPI}
    for noun in NOUNS:
        expected |= {urls.api_path(noun), urls.api_path(noun, "{slug}")}
    assert set(document["paths"]) == expected
    assert document["servers"][0]["url"] == BASE
    assert document["info"]["license"]["identifier"] == "CC-BY-4.0"
    for path, methods in document["paths"].items():
        assert set(methods) == {"get", "head", "options"}, path
        for operation in methods.values():
            assert operation["summary"].endswith("."), path
            for parameter in operation.get("parameters", ()):
                assert parameter["description"].endswith("."), path
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"].endswith((".", ")")), name
        for field, inner in schema.get("properties", {}).items():
            is_told = "description" in inner or "$ref" in inner or "const" in inner
            assert is_told or field in {"slug", "official", "descriptive", "transliterated"}, name


def test_the_examples_of_the_description_are_there(site: Site) -> None:
    document = description_of(site)
    for methods in document["paths"].values():
        content = methods["get"]["responses"]["200"]["content"]["application/json"]
        address = content["examples"]["live"]["externalValue"]
        response = site.client.get(address.removeprefix(BASE))
        assert response.status_code == 200, address
        schema = content["schema"]["$ref"].rpartition("/")[2]
        assert faults(document, schema, response.json()) == []
    for answer in document["components"]["responses"].values():
        for content in answer.get("content", {}).values():
            assert faults(document, "Problem", content["example"]) == []


def test_every_record_is_as_described_and_the_bytes_of_its_json(site: Site) -> None:
    document = description_of(site)
    for noun, slug in every_row(site):
        response = site.client.get(urls.api_path(noun, slug))
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        told = response.json()
        assert faults(document, KINDS[noun].model.__name__, told) == [], slug
        assert told["url"] == BASE + urls.api_path(noun, slug)
        assert told["html_url"] == BASE + urls.record_path(noun, slug)
        assert told["licence"]["name"] == "CC-BY-4.0"
        if urls.record_formats(noun):
            same = site.client.get(urls.record_format_path(noun, slug, "json"))
            assert same.content == response.content


@pytest.mark.parametrize("noun", NOUNS)
def test_a_list_over_all_its_pages_is_every_record(site: Site, noun: str) -> None:
    document = description_of(site)
    path = urls.api_path(noun)
    first = site.client.get(path)
    assert faults(document, f"{KINDS[noun].model.__name__}List", first.json()) == []
    expected = [slug for kind, slug in every_row(site) if kind == noun]
    assert sorted(listed_slugs(site, path)) == sorted(expected)
    counts = first.json()["counts"]
    assert sum(counts.values()) == len(expected)
    assert set(counts) <= set(KINDS[noun].parts)
    if KINDS[noun].has_pages:
        assert site.client.get(urls.list_format_path(noun, "json")).content == first.content


def selections(site: Site, noun: str) -> list[Parameters]:
    """Ways to narrow and sort a list: each parameter alone, a facet by two values, several."""
    given = description_of(site)["paths"][urls.api_path(noun)]["get"]["parameters"]
    alone: list[Parameters] = []
    for parameter in given:
        name, example = parameter["name"], parameter["example"]
        if isinstance(example, list):
            values = parameter["schema"]["items"]["enum"]
            alone += [((name, example[0]),), tuple((name, value) for value in values[:2])]
        elif name != "page":
            alone.append(((name, example),))
    together = tuple(dict(pair for pairs in alone for pair in pairs[:1]).items())
    return [(), *alone, together]


@pytest.mark.parametrize("noun", [kind.noun for kind in PAGED])
def test_json_and_csv_are_the_list_however_it_is_narrowed(site: Site, noun: str) -> None:
    for parameters in selections(site, noun):
        slugs = listed_slugs(site, urls.api_path(noun), parameters)
        table = site.client.get(urls.asked(urls.list_format_path(noun, "csv"), parameters))
        rows = csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"), newline=""))
        assert [row["slug"] for row in rows] == slugs, parameters
        shown: list[str] = []
        for number in range(1, -(-len(slugs) // PAGE_SIZE) + 1):
            path = urls.list_path(noun, parameters=(*parameters, ("page", str(number))))
            main = parsed(site.client.get(path).text).find(".//main")
            assert main is not None
            # The whole list of sectors is a table.
            entries = main.findall(".//ul[@class='entries']/li") or main.findall(".//tbody/tr")
            links = (str(one.get("href")) for entry in entries for one in entry.iter("a"))
            shown += [link for link in links if link.startswith(f"/{noun}/")]
        assert [link.rpartition("/")[2] for link in dict.fromkeys(shown)] == slugs, parameters


def test_a_search_finds_what_the_page_finds(site: Site) -> None:
    document = description_of(site)
    title = next(row for row in every_row(site) if row[0] == "agreements")[1]
    for query in (title, "a", "zzzqq", "\x00", '"', "NEAR(", "\ufffd", "x" * 200):
        response = site.client.get(urls.API_SEARCH, params={"q": query})
        assert response.status_code == 200, query
        told = response.json()
        assert faults(document, "Search", told) == []
        assert told["query"] == query
        again = site.client.get(told["url"].removeprefix(BASE))
        assert again.content == response.content
        main = parsed(site.client.get(told["html_url"].removeprefix(BASE)).text).find(".//main")
        assert main is not None
        links = {BASE + str(one.get("href")) for one in main.iter("a")}
        for group in told["groups"]:
            assert group["count"] >= len(group["items"])
            assert {item["html_url"] for item in group["items"]} <= links
            for item in group["items"]:
                assert KINDS[item["kind"]].noun == group["kind"]
                pieces = item.get("excerpt", {"pieces": [{"text": item["slug"]}]})["pieces"]
                assert "".join(one["text"] for one in pieces).strip()


def test_a_search_keeps_parts_apart(our_site: Site) -> None:
    told = our_site.client.get(urls.API_SEARCH, params={"q": "nuclear"}).json()
    found = {(group["kind"], group["part"]): group["count"] for group in told["groups"]}
    assert {("agreements", "documents"), ("agreements", "undertakings")} <= set(found)
    assert "count" not in told
    marked = [
        piece["text"].lower()
        for group in told["groups"]
        for item in group["items"]
        for piece in item.get("excerpt", {"pieces": ()})["pieces"]
        if piece["is_match"]
    ]
    assert "nuclear" in marked


def test_a_misspelt_search_is_told_another_spelling(our_site: Site) -> None:
    told = our_site.client.get(urls.API_SEARCH, params={"q": "nuclaer"}).json()
    assert (told["groups"], told["did_you_mean"]) == ([], "nuclear")


@pytest.mark.parametrize(
    ("path", "parameter", "value", "valid"),
    [
        ("/api/people?colour=red", "colour", "red", ["q", "sort", "page"]),
        ("/api/people?fbclid=x", "fbclid", "x", ["q", "sort", "page"]),
        ("/api/people/bo-marsh?q=a", "q", "a", []),
        ("/api/meeting?focus=people/bo-marsh", "focus", "people/bo-marsh", []),
        ("/api/openapi.json?v=1", "v", "1", []),
        ("/api/people?sort=", "sort", "", ["title"]),
        ("/api/people?sort=sideways", "sort", "sideways", ["title"]),
        ("/api/people?sort=title&sort=title", "sort", None, ["title"]),
        ("/api/people?q=", "q", "", []),
        ("/api/people?page=0", "page", "0", []),
        ("/api/people?page=two", "page", "two", []),
        ("/api/people?page=2", "page", "2", ["1"]),
        ("/api/people?page=1&page=1", "page", None, []),
        ("/api/quotes?speaker=nobody", "speaker", "nobody", ["ada-lind", "bo-marsh"]),
        ("/api/search", "q", None, []),
        ("/api/search?q=", "q", "", []),
        ("/api/search?q=%20", "q", " ", []),
        ("/api/agreements?q=%20%09", "q", " \t", []),
        ("/api/search?q=a&q=b", "q", None, []),
        ("/api/search?q=a&page=1", "page", "1", ["q"]),
        (f"/api/search?q={'x' * 201}", "q", "x" * 201, []),
        (f"/api/people?q={'x' * 201}", "q", "x" * 201, []),
    ],
)
def test_what_can_not_be_used_is_refused_by_name(
    world_site: Site, path: str, parameter: str, value: str | None, valid: list[str]
) -> None:
    response = world_site.client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (422, PROBLEM_TYPE)
    told = response.json()
    assert faults(description_of(world_site), "Problem", told) == []
    assert (told["parameter"], told.get("value"), told["valid"]) == (parameter, value, valid)
    assert f'"{parameter}"' in told["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/nothing", 404),
        ("/api/agreements/nothing", 404),
        ("/api/agreements/a/b", 404),
        ("/api/agreements/strait-protocol", 301),
        ("/API/Agreements/", 308),
    ],
)
def test_what_is_not_there_is_a_problem(world_site: Site, path: str, status: int) -> None:
    response = world_site.client.get(path)
    assert response.status_code == status
    if path.startswith(urls.API):
        assert response.headers["content-type"] == PROBLEM_TYPE
        assert response.headers["access-control-allow-origin"] == "*"
        told = response.json()
        assert faults(description_of(world_site), "Problem", told) == []
        assert (told["status"], bool(told["detail"])) == (status, True)
    locations = {301: "/api/agreements/lighting-protocol", 308: "/api/agreements"}
    assert response.headers.get("location") == locations.get(status)


def test_what_was_taken_back_says_why(world_site: Site) -> None:
    response = world_site.client.get("/api/agreements/ferry-contract")
    assert (response.status_code, response.headers["content-type"]) == (410, PROBLEM_TYPE)
    told = response.json()
    assert faults(description_of(world_site), "Problem", told) == []
    assert told["detail"] == "It was a rumour, as the paper said later."
    assert set(told["reasons"]) == {"en", "ru"}
    assert told["withdrawn_on"] == "1994-04-02"


@pytest.mark.parametrize(
    ("accepted", "status"),
    [
        (None, 200),
        ("*/*", 200),
        ("application/*", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("application/problem+json", 200),
        ("text/html", 406),
        ("application/xml, text/*", 406),
        ("application/json;q=0", 406),
        ("*/*;q=0", 406),
    ],
)
def test_accept_must_admit_json(world_site: Site, accepted: str | None, status: int) -> None:
    for path in ("/api/sectors", "/api/search?q=a", "/api/openapi.json"):
        usual = world_site.client.get(path).content
        headers = {"accept": accepted} if accepted else {}
        response = world_site.client.get(path, headers=headers)
        assert response.status_code == status, path
        assert "accept" in response.headers["vary"].split(", ")
        assert (response.headers["content-type"] == PROBLEM_TYPE) == (status == 406)
        assert world_site.client.get(path).content == usual, "a refusal is not kept"


def test_only_the_api_refuses_by_accept(world_site: Site) -> None:
    for path in ("/", "/sectors", "/sectors.json", "/data", "/data/meeting21.json", "/api"):
        assert world_site.client.get(path, headers={"accept": "image/png"}).status_code == 200
    document = world_site.client.get("/api", headers={"accept": "application/json"})
    assert document.headers["content-location"] == urls.OPENAPI
    assert document.json() == description_of(world_site)


OPEN = ("/api", "/api/sectors", "/api/search", "/data", "/data/meeting21.json", "/api/people/x")


@pytest.mark.parametrize("path", OPEN)
def test_any_other_site_may_ask(world_site: Site, path: str) -> None:
    asked = {"origin": "https://other.example", "access-control-request-method": "GET"}
    response = world_site.client.options(path, headers=asked)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert response.headers["access-control-allow-origin"] == "*"
    assert int(response.headers["access-control-max-age"]) > 0
    assert "content-length" not in response.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
@pytest.mark.parametrize("path", OPEN)
def test_the_api_can_only_be_read(world_site: Site, path: str, method: str) -> None:
    response = world_site.client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_nothing_to_ask_is_nothing_there(world_site: Site) -> None:
    for path in ("/api/nothing", "/apiary", "/data/a/b"):
        assert world_site.client.options(path).status_code == 404


def test_head_and_unchanged_are_as_for_pages(world_site: Site) -> None:
    for path in ("/api/sectors", "/api/search?q=a", "/api/meeting"):
        full, head = world_site.client.get(path), world_site.client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert dict(head.headers) == dict(full.headers)
        asked = {"if-none-match": full.headers["etag"]}
        assert world_site.client.get(path, headers=asked).status_code == 304


def test_the_page_says_what_the_description_says(site: Site) -> None:
    document = description_of(site)
    page = parsed(site.client.get("/api").text)
    shown = " ".join(" ".join(page.itertext()).split())
    for path, methods in document["paths"].items():
        assert path in shown
        for parameter in methods["get"].get("parameters", ()):
            assert parameter["description"] in shown
    for answer in document["components"]["responses"].values():
        assert answer["description"] in shown
    followed = ("link", "script", "img", "source", "iframe")
    for element in page.iter():
        if element.tag in followed and element.get("rel") not in {"canonical", "alternate"}:
            address = element.get("href") or element.get("src") or ""
            assert not urlsplit(address).netloc


def test_a_fuzzer_finds_nothing(world_site: Site) -> None:
    """Valid and invalid data, known and unknown methods, with every check that there is."""
    config = SchemathesisConfig.from_str(FUZZING)
    app = world_site.client.app
    schema = schemathesis.openapi.from_asgi(urls.OPENAPI, app, config=config)
    found: list[str] = []
    statuses: Counter[int] = Counter()
    checks: set[str] = set()
    for event in from_schema(schema).execute():
        assert not isinstance(event, events.FatalError | events.NonFatalError), event
        if isinstance(event, events.ScenarioFinished):
            answers = event.recorder.interactions.values()
            statuses.update(one.response.status_code for one in answers if one.response)
            for case, made in event.recorder.checks.items():
                checks |= {check.name for check in made}
                wrong = [check for check in made if check.failure_info is not None]
                asked = event.recorder.cases[case].value.as_curl_command()
                found += [f"{check.name}: {check.failure_info}: {asked}" for check in wrong]
    assert found == []
    # Both what is valid and what is not was asked, in numbers, and more than the status looked at.
    assert set(statuses) >= {200, 204, 404, 405, 422}
    assert min(statuses[200], statuses[422]) > 100
    assert checks >= {
        "allow_header_conformance",
        "content_type_conformance",
        "negative_data_rejection",
        "not_a_server_error",
        "positive_data_acceptance",
        "response_headers_conformance",
        "response_schema_conformance",
        "status_code_conformance",
        "unsupported_method",
    }
