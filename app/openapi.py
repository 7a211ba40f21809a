"""What the API is, as an OpenAPI document, made from the registry of kinds and the records.

(OpenAPI Specification 3.1.1; schemas are those of JSON Schema 2020-12.) Its descriptions are
data, and in the primary language like those of the data package.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from app import queries, urls
from app.facets import PAGE_SIZE, Selection, last_page
from app.formats.answers import PROBLEM_TYPE, problem_details
from app.formats.prose import STYLES
from app.kinds import KINDS, LISTED, Facet, Kind
from app.language import choose
from app.models import Meeting, RecordRow
from app.queries import MOST_TIED
from app.search import words_of
from app.sentences import sentences_of
from app.urls import RECORD_FORMATS, Addresses, record_formats
from app.values import LONGEST_QUERY, PRIMARY, SLUG_PATTERN, Part

Schema = dict[str, Any]

MOST_NAMED = 250
"""How many records of a kind are named as values of a parameter."""

_ABOUT = (
    "Everything that this site says, for programs. It is read only and needs no key; "
    "any other site may ask it (CORS)."
)
_RULES = (
    "GET and HEAD read, OPTIONS tells what may be asked; there are no other methods.",
    f"A text is an object by language: {PRIMARY} is always there, others where they are held.",
    "What is absent is left out; only previous and next of a list are null.",
    f"Lists come in pages of {PAGE_SIZE}, and next leads on.",
    "A list is in the order of the seed unless it is sorted.",
    "Documents and undertakings are counted apart and never added up.",
    "An unknown, empty or bad parameter is refused, and so is a single-valued one given twice.",
    "Every error is a problem detail (RFC 9457) that says what is wrong.",
    "Only what is broken, or too much at once (503), is refused unread and with a line of text.",
    "Answers change with the version of the data only: ask again with their ETag.",
    "Every record and list says its licence, every record how to cite it.",
)


_STATUSES = {
    "301": ("Moved", "The record has another slug now; Location leads to it."),
    "304": ("Unchanged", "Nothing has changed since the answer whose ETag was sent."),
    "404": ("NotFound", "There is nothing at this address."),
    "405": ("MethodNotAllowed", "This address can only be read; Allow lists how."),
    "406": ("NotAcceptable", "The Accept header does not admit JSON."),
    "410": ("Gone", "The record was taken back; the problem says why."),
    "422": ("Unprocessable", "A parameter is unknown, empty, given twice, or has a bad value."),
    "500": ("Fault", "The fault is the site's."),
}
"""Every status but those of success: its name, and what it means."""

_STATUS_HEADERS = {"301": "Location", "304": "ETag", "405": "Allow"}
_EVERYWHERE = ("304", "405", "406", "422", "500")
_OF_RECORDS = (*_EVERYWHERE, "301", "404", "410")


def document(session: Session, addresses: Addresses) -> Schema:
    """The description of the whole API; its examples are the site's own records and answers."""
    meeting = queries.meeting(session)
    site_name = choose(meeting.short_title.root, PRIMARY).text
    title = choose(meeting.title.wordings, PRIMARY).text
    return {
        "openapi": "3.1.1",
        "info": {
            "title": f"{site_name}: the API",
            "summary": f"{title}: the records, as JSON.",
            "description": "\n* ".join((f"{_ABOUT}\n", *_RULES)),
            "version": meeting.version,
            "license": {"name": meeting.licence, "identifier": meeting.licence},
        },
        "servers": [{"url": addresses.base_url, "description": "This site."}],
        "externalDocs": {
            "description": "The same for people.",
            "url": addresses.absolute(urls.page_path(urls.API_PAGE)),
        },
        "tags": [
            *(
                {"name": noun, "description": (kind.model.__doc__ or "").strip()}
                for noun, kind in KINDS.items()
            ),
            {"name": "search", "description": "All kinds at once."},
            {"name": "description", "description": "This document."},
        ],
        "paths": dict(_paths(session, addresses)),
        "components": {
            "schemas": _schemas(meeting),
            "responses": dict(_problems()),
        },
    }


def _paths(session: Session, addresses: Addresses) -> Iterator[tuple[str, Schema]]:
    """Every path with its operations."""
    rows = {noun: queries.first_rows(session, noun, MOST_NAMED + 1) for noun in KINDS}

    def success(schema: str, description: str, path: str) -> Schema:
        return _ok(schema, description, addresses.absolute(path))

    yield (
        urls.api_path("meeting"),
        _path(
            "meeting",
            "readMeeting",
            "The meeting itself.",
            success=success("Meeting", "The meeting.", urls.api_path("meeting")),
        ),
    )
    for kind in LISTED:
        name, first = kind.model.__name__, next(iter(rows[kind.noun]), None)
        example = urls.api_path(kind.noun, first.slug if first else "")
        yield (
            urls.api_path(kind.noun),
            _path(
                kind.noun,
                f"list{kind.noun.capitalize()}",
                f"A page of the list of {kind.noun}, narrowed and sorted.",
                success=success(f"{name}List", "One page of the list.", urls.api_path(kind.noun)),
                parameters=list(_filters(session, kind, rows)),
            ),
        )
        yield (
            urls.api_path(kind.noun, "{slug}"),
            _path(
                kind.noun,
                f"read{name}",
                f"One {kind.singular}.",
                success=success(name, f"The {kind.singular}.", example),
                statuses=_OF_RECORDS,
                parameters=[_slug(kind, first)],
            ),
        )
    word = _word(row for held in rows.values() for row in held)
    found = urls.api_search_path(word)
    yield (
        urls.API_SEARCH,
        _path(
            "search",
            "search",
            "The best hits of every kind, each part of a kind apart.",
            success=success("Search", "What was found.", found),
            parameters=[_query(word) | {"required": True}],
        ),
    )
    yield (
        urls.OPENAPI,
        _path(
            "description",
            "describe",
            "This document.",
            success=success("OpenApi", "An OpenAPI document.", urls.OPENAPI),
        ),
    )


def _path(
    tag: str,
    name: str,
    summary: str,
    *,
    success: Schema,
    statuses: Sequence[str] = _EVERYWHERE,
    parameters: Sequence[Schema] = (),
) -> Schema:
    """The three methods of one path.

    To HEAD nothing is answered but headers, and OPTIONS looks at no parameter.
    """
    given = {"parameters": list(parameters)} if parameters else {}
    ordered = sorted(statuses)
    named = [one | {"schema": {"type": "string"}} for one in parameters if one["in"] == "path"]
    return {
        "get": {
            "operationId": name,
            "tags": [tag],
            "summary": summary,
            **given,
            "responses": {
                "200": success,
                **{status: _ref("responses", _STATUSES[status][0]) for status in ordered},
            },
        },
        "head": {
            "operationId": f"{name}Head",
            "tags": [tag],
            "summary": "The headers of the same GET request.",
            **given,
            "responses": {
                "200": {key: success[key] for key in ("description", "headers")},
                **{status: {"description": _STATUSES[status][1]} for status in ordered},
            },
        },
        "options": {
            "operationId": f"{name}Options",
            "tags": [tag],
            "summary": "What may be asked here, also by another site (CORS).",
            **({"parameters": named} if named else {}),
            "responses": {"204": {"description": "Allow lists it.", "headers": _PREFLIGHT}},
        },
    }


def _ok(schema: str, description: str, example: str) -> Schema:
    """A successful answer of a schema; the example is a real one, at its address."""
    content = {
        "schema": _ref("schemas", schema),
        "examples": {"live": {"externalValue": example}},
    }
    return {
        "description": description,
        "headers": _HEADERS,
        "content": {"application/json": content},
    }


def _filters(
    session: Session, kind: Kind, rows: Mapping[str, Sequence[RecordRow]]
) -> Iterator[Schema]:
    """The query parameters of a kind's list; a facet that has no values is none."""
    for facet in kind.facets:
        used = sorted(queries.facet_counts(session, kind, Selection({}), facet.name))
        values = _values(facet, rows) or used
        if values:
            yield {
                "name": facet.name,
                "in": "query",
                "description": f"Only what has this {facet.name}, or of several any.",
                "style": "form",
                "explode": True,
                "schema": {"type": "array", "items": _one_of(values)},
                **({"example": used[:1]} if used else {}),
            }
    yield _query(_word(rows[kind.noun]))
    if kind.sorts:
        names = [sort.name for sort in kind.sorts]
        yield {
            "name": "sort",
            "in": "query",
            "description": "The order, in place of that of the seed.",
            "schema": {"type": "string", "enum": names},
            "example": names[0],
        }
    last = last_page(queries.counts(session)[kind.noun], PAGE_SIZE)
    yield {
        "name": "page",
        "in": "query",
        "description": f"Which page of {PAGE_SIZE}; a narrowed list may have fewer.",
        "schema": {"type": "integer", "minimum": 1, "maximum": last},
        "example": 1,
    }


def _one_of(values: Sequence[str]) -> Schema:
    """A schema of one of some values, or of any slug where they are too many to tell."""
    return _SLUG if len(values) > MOST_NAMED else {"type": "string", "enum": values}


def _values(facet: Facet, rows: Mapping[str, Sequence[RecordRow]]) -> list[str]:
    """What a facet can be, where that is known before any record is looked at."""
    if facet.vocabulary is not None:
        return [str(word) for word in facet.vocabulary]
    return [row.slug for row in rows[facet.noun]] if facet.noun else []


def _query(word: str) -> Schema:
    return {
        "name": "q",
        "in": "query",
        "description": "Words in any language, all of which must occur; the last may go on.",
        "schema": {"type": "string", "pattern": r"\S", "maxLength": LONGEST_QUERY},
        "example": word,
    }


def _slug(kind: Kind, first: RecordRow | None) -> Schema:
    return {
        "name": "slug",
        "in": "path",
        "required": True,
        "description": f"The slug of the {kind.singular}.",
        "schema": _SLUG,
        **({"example": first.slug} if first else {}),
    }


def _word(rows: Iterable[RecordRow]) -> str:
    """A word that finds something: the longest in the title of the first of some records."""
    titles = (next(iter(row.title.values())) for row in rows)
    return max(words_of(next(titles, "")), key=len, default="a")


def _ref(section: str, name: str) -> Schema:
    return {"$ref": f"#/components/{section}/{name}"}


def _object(description: str, *optional: str, **properties: Schema) -> Schema:
    """A schema of an object with these properties and no others, all of them but some required."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _said(description: str, **keywords: Any) -> Schema:
    """A schema of a text."""
    return {"type": "string", "description": description, **keywords}


def _several(description: str, schema: str) -> Schema:
    """A schema of an array of a schema."""
    return {"type": "array", "description": description, "items": _ref("schemas", schema)}


_SLUG: Schema = {"type": "string", "pattern": f"^{SLUG_PATTERN}$"}
_URI: Schema = {"format": "uri"}


def _schemas(meeting: Meeting) -> Schema:
    """Every schema: what is sent, then the parts of records as the models have them."""
    found: Schema = {}
    parts: Schema = {}
    for kind in KINDS.values():
        name = kind.model.__name__
        schema = kind.model.model_json_schema(ref_template="#/components/schemas/{model}")
        parts |= schema.pop("$defs")
        _describe(schema, kind.model)
        for own in ("id", "slug"):
            del schema["properties"][own]
            schema["required"].remove(own)
        found[name] = _of_record(kind)
        found[f"{name}Record"] = _as_sent(schema)
        if kind in LISTED:
            found[f"{name}List"] = _of_list(kind)
    found["Search"], found["SearchGroup"], found["Hit"] = _SEARCH, _SEARCH_GROUP, _HIT
    found |= {"Tie": _TIE, "Licence": _licence(meeting), "Problem": _PROBLEM}
    found["OpenApi"] = {
        "type": "object",
        "description": "An OpenAPI document (https://spec.openapis.org/oas/v3.1.1.html).",
        "required": ["openapi", "info", "paths"],
    }
    known = {part.__name__: part for part in Part.__subclasses__()}
    for name in parts.keys() & known.keys():
        _describe(parts[name], known[name])
    return found | {name: _as_sent(part) for name, part in sorted(parts.items())}


def _describe(schema: Schema, model: type[BaseModel]) -> None:
    """Add to each property of a model's schema the sentence that says what it is."""
    sentences = sentences_of(model)
    for name, inner in schema.get("properties", {}).items():
        if name in sentences:
            inner["description"] = sentences[name]


def _as_sent(schema: Any) -> Schema:
    """A model's schema as its values are sent: what is absent is left out, and nothing is null."""
    kept: Schema = {}
    for key, value in schema.items():
        if key in {"properties", "patternProperties"}:
            kept[key] = {name: _as_sent(inner) for name, inner in value.items()}
        elif key in {"items", "additionalProperties"} and isinstance(value, dict):
            kept[key] = _as_sent(value)
        elif key == "anyOf":
            (present,) = (option for option in value if option != {"type": "null"})
            kept |= _as_sent(present)
        elif key not in {"title", "default"}:
            kept[key] = value
    if kept.get("type") == "array":
        kept["minItems"] = 1
    # A word with a default is always told.
    told = [name for name, inner in schema.get("properties", {}).items() if inner.get("default")]
    return kept | ({"required": [*schema.get("required", []), *told]} if told else {})


def _of_record(kind: Kind) -> Schema:
    """The schema of the answer for a record."""
    quoted = {
        "selector": _object(
            "Where the words stand in their source (W3C Web Annotation Data Model, 4.2.4).",
            "prefix",
            "suffix",
            type={"const": "TextQuoteSelector"},
            exact=_said("The words."),
            prefix=_said("What stands before them."),
            suffix=_said("What stands after them."),
        )
    }
    formats = {suffix: _said(media_type, **_URI) for suffix, media_type in RECORD_FORMATS.items()}
    served = record_formats(kind.noun)
    return _object(
        (kind.model.__doc__ or "").strip(),
        kind={"const": kind.noun, "description": "The kind of record."},
        slug=_SLUG | {"description": "Its name in its address."},
        title=_TITLE,
        html_url=_said("The page for people.", **_URI),
        url=_said("This answer.", **_URI),
        short_url=_said("The address that survives renaming.", **_URI),
        formats=_object(
            "The record in every format.", **{suffix: formats[suffix] for suffix in served}
        ),
        version=_said("The version of the data."),
        updated_on=_DATE | {"description": "The day of its last correction, or of the release."},
        record=_ref("schemas", f"{kind.model.__name__}Record"),
        **(quoted if kind.noun == "quotes" else {}),
        links=_several("The records that it leads to.", "Tie"),
        linked_from=_several(
            f"The records that lead to it: of one part of a kind and in one role, {MOST_TIED}.",
            "Tie",
        ),
        citation=_object(
            "How to cite this record.",
            key=_said("A key that never changes.", pattern="^[a-z0-9]+$"),
            **{style: _said(f"In the style of {style}.") for style in STYLES},
        ),
        licence=_ref("schemas", "Licence"),
    )


def _of_list(kind: Kind) -> Schema:
    """The schema of a page of a list; without a page before or after, that one is null."""
    address = {"type": ["string", "null"], "format": "uri"}
    count = {"type": "integer", "minimum": 1}
    counted = _object(
        "How many records the whole list has, each part apart.",
        *kind.parts,
        **dict.fromkeys(kind.parts, count),
    )
    return _object(
        f"One page of the list of {kind.noun}.",
        kind={"const": kind.noun},
        html_url=_said("The same list for people.", **_URI),
        url=_said("This page.", **_URI),
        previous=address | {"description": "The page before."},
        next=address | {"description": "The page after."},
        counts=counted,
        licence=_ref("schemas", "Licence"),
        items=_several("The records, each as at its own address.", kind.model.__name__)
        | {"maxItems": PAGE_SIZE},
    )


def _licence(meeting: Meeting) -> Schema:
    return _object(
        "The licence of the texts and data.",
        name=_said("Its SPDX identifier.", const=meeting.licence),
        url=_said("Where it stands.", **_URI),
        note=_said("What it does not cover."),
    )


_DATE: Schema = {"type": "string", "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"}
_TITLE: Schema = {
    "type": "object",
    "description": "What it is called, by language.",
    "minProperties": 1,
    "additionalProperties": {"type": "string"},
}
_NOUN: Schema = {"enum": list(KINDS), "description": "The kind of record."}
_PAGE_URL = _said("The page for people.", **_URI)
_TIE = _object(
    "A record at the other end of a link.",
    "locator",
    role=_said("The part that the record which is led to plays for the other."),
    kind=_NOUN,
    slug=_SLUG,
    title=_TITLE,
    html_url=_PAGE_URL,
    locator=_said("The place inside it."),
)
_HIT = _object(
    "A record that was found.",
    "excerpt",
    kind=_NOUN,
    slug=_SLUG,
    title=_TITLE,
    html_url=_PAGE_URL,
    url=_said("The record in the API.", **_URI),
    excerpt=_object(
        "The part of its text that has the words, in one language.",
        language=_said("The language of the excerpt."),
        pieces={
            "type": "array",
            "description": "Joined they are the excerpt.",
            "items": _object(
                "A stretch of it.",
                text=_said("The stretch."),
                is_match={"type": "boolean", "description": "Whether it was searched for."},
            ),
        },
    ),
)
_SEARCH_GROUP = _object(
    "The best hits of one part of a kind.",
    "list_url",
    kind=_NOUN,
    part={
        "enum": sorted({part for kind in KINDS.values() for part in kind.parts}),
        "description": "The part of the kind; parts are never added up.",
    },
    count={"type": "integer", "minimum": 1, "description": "How many there are in all."},
    list_url=_said("The list of the kind, narrowed to the same words.", **_URI),
    items=_several("The best of them.", "Hit"),
)
_SEARCH = _object(
    "What was found, the group with the best hit first.",
    "did_you_mean",
    query=_said("The words that were searched for."),
    html_url=_said("The same for people.", **_URI),
    url=_said("This answer.", **_URI),
    is_bounded={
        "type": "boolean",
        "description": "Whether there is more than was counted.",
    },
    did_you_mean=_said("A spelling that finds something, where this one finds nothing."),
    groups=_several("Every part of every kind that has hits.", "SearchGroup"),
    licence=_ref("schemas", "Licence"),
)
_PROBLEM = _object(
    "Problem details (RFC 9457).",
    "detail",
    "parameter",
    "value",
    "valid",
    "reasons",
    "withdrawn_on",
    type={"const": "about:blank"},
    title=_said("The name of the status."),
    status={"type": "integer", "description": "The status."},
    detail=_said("What is wrong with this request."),
    parameter=_said("The parameter that is wrong."),
    value=_said("What it was given."),
    valid={
        "type": "array",
        "description": "What could stand in its place, where that can be listed.",
        "items": {"type": "string"},
    },
    reasons=_TITLE | {"description": "Why the record was taken back, by language."},
    withdrawn_on=_DATE | {"description": "The day on which it was taken back."},
)

_ANY_ORIGIN: Schema = {
    "description": "Any other site may read it.",
    "schema": {"const": "*"},
    "required": True,
}
_HEADERS: Schema = {
    "ETag": {
        "description": "What to send as If-None-Match when asking again.",
        "schema": {"type": "string"},
        "required": True,
    },
    "Access-Control-Allow-Origin": _ANY_ORIGIN,
}
_PREFLIGHT: Schema = {
    name: {"description": description, "schema": {"type": "string"}, "required": True}
    for name, description in (
        ("Allow", "The methods."),
        ("Access-Control-Allow-Methods", "The same."),
        ("Access-Control-Allow-Headers", "Any header may be sent."),
        ("Access-Control-Max-Age", "For how many seconds that holds."),
    )
} | {"Access-Control-Allow-Origin": _ANY_ORIGIN}


def _problems() -> Iterator[tuple[str, Schema]]:
    """The answers other than success, by name, each with an example where it has content."""
    members: dict[str, dict[str, Any]] = {
        "422": {"parameter": "sort", "value": "sideways", "valid": ["date", "title"]},
        "410": {"reasons": {"en": "It was a copy."}, "withdrawn_on": "2020-01-31"},
    }
    for status, (name, description) in _STATUSES.items():
        told: Schema = {"description": description}
        if status != "304":
            example = problem_details(int(status), description, **members.get(status, {}))
            content = {"schema": _ref("schemas", "Problem"), "example": example}
            told["content"] = {PROBLEM_TYPE: content}
        header = _STATUS_HEADERS.get(status)
        if header:
            told["headers"] = {header: {"schema": {"type": "string"}, "required": True}}
        yield name, told
