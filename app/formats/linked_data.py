"""A record as JSON-LD in the vocabulary of schema.org."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from app import urls
from app.formats.described import Described, licence_url
from app.kinds import KINDS
from app.language import choose, tag_of
from app.models import AgreementKind, OrganizationKind, Source
from app.values import PRIMARY, Name, Text, wordings_of

CONTEXT = "https://schema.org"

_OF_GOVERNMENTS = {
    AgreementKind.JOINT_COMMUNIQUE,
    AgreementKind.JOINT_STATEMENT,
    AgreementKind.INTERGOVERNMENTAL_PROTOCOL,
    AgreementKind.INTERMINISTERIAL_PROTOCOL,
}
"""The documents of governments: a company's contract, a plan or a report is not legislation."""

_TYPES = {
    "meeting": "Event",
    "agreements": "CreativeWork",
    "sectors": "DefinedTerm",
    "quotes": "Quotation",
    "organizations": "Organization",
    "people": "Person",
    "commissions": "GovernmentOrganization",
    "events": "Event",
    "sources": "WebPage",
}
"""What a record of each kind is, where another one only names it."""

_ORGANIZATIONS = {
    OrganizationKind.GOVERNMENT: "GovernmentOrganization",
    OrganizationKind.MINISTRY: "GovernmentOrganization",
    OrganizationKind.COMPANY: "Corporation",
    OrganizationKind.MEDIA: "NewsMediaOrganization",
}

Node = dict[str, Any]


def graph(described: Described) -> Node:
    """A record with its place in the site, as one JSON-LD document.

    `@id` is the whole address of the record's page. Texts are tagged with their language, since
    a translation is not the name (JSON-LD 1.1, section 4.2.4).
    """
    way = _breadcrumbs(described, PRIMARY, described.words)
    return {"@context": CONTEXT, "@graph": [node(described), *way]}


def graph_in_page(described: Described, language: str, words: Mapping[str, str]) -> Node:
    """The same for the page itself, which says the rest below: texts in its language, no sources.

    A text that is not held in the language stays in those it is held in. A record is one thing
    with one `@id` in every language; where it is described, in which language, and the way there
    are the page's own. `words` are the site's words in that language.
    """
    record: Node = _in_language(node(described, has_sources=False), tag_of(language))
    if "subjectOf" in record:
        page = described.url_of(described.kind.noun, described.record.slug, language)
        record["url"] = page
        record["subjectOf"] |= {"url": page, "inLanguage": tag_of(language)}
    return {"@context": CONTEXT, "@graph": [record, *_breadcrumbs(described, language, words)]}


def _in_language(value: Any, tag: str) -> Any:
    if isinstance(value, dict):
        return {key: _in_language(item, tag) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    own = [item for item in value if isinstance(item, dict) and item.get("@language") == tag]
    return [_in_language(item, tag) for item in own or value]


def node(described: Described, *, has_sources: bool = True) -> Node:
    """The record itself, with the sources it rests on or without."""
    record, meeting = described.record, described.meeting
    own = _OWN[described.kind.noun](described)
    found = {
        "@id": described.url,
        "@type": own.pop("@type", _TYPES[described.kind.noun]),
        "name": tagged(described.title),
        "alternateName": _others(record),
        "description": tagged(record.summary) if hasattr(record, "summary") else None,
        "identifier": record.reference,
        "url": described.url,
        **own,
    }
    if described.kind.noun != "sources":
        found["subjectOf"] = {
            "@type": "WebPage",
            "url": described.url,
            "license": licence_url(meeting.licence),
            "dateModified": described.updated_on,
        }
        if has_sources:
            cited = [_source_node(described, item) for item in described.sources.values()]
            found["subjectOf"]["citation"] = cited
    return present(found)


def data_block(value: Node) -> Markup:
    """JSON-LD as the data block of an HTML page.

    A `<` is written as its escape, so that no text can end the block or open another
    (HTML, section 4.12.1.3).
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(f'<script type="application/ld+json">{text}</script>')  # noqa: S704 - see above


def tagged(value: Text | Name | Mapping[str, str] | None) -> list[Node] | None:
    """A text as one value a language."""
    if value is None:
        return None
    told = wordings_of(value).items()
    return [{"@value": text, "@language": tag_of(language)} for language, text in told]


def _meeting(described: Described) -> Node:
    meeting = described.meeting
    return {
        "startDate": meeting.held_on,
        "location": {
            "@type": "Place",
            "name": tagged(meeting.venue),
            "address": choose(meeting.place.root, PRIMARY).text,
        },
        "organizer": [_named(described, "organizations", s.government) for s in meeting.sides],
        "attendee": [_named(described, "people", side.head) for side in meeting.sides],
    }


def _agreement(described: Described) -> Node:
    agreement = described.record
    parties = [_named(described, "organizations", slug) for slug in agreement.parties]
    common = {
        "additionalType": described.words[f"agreement.{agreement.kind}"],
        "creativeWorkStatus": described.words[f"status.{agreement.status}"],
        "dateCreated": agreement.dated_on,
        "about": [_named(described, "sectors", slug) for slug in agreement.sectors],
        "mentions": [
            *(_named(described, "organizations", slug) for slug in agreement.organizations),
            *(_named(described, "commissions", slug) for slug in agreement.commissions),
        ],
        "recordedAt": _whole_meeting(described),
    }
    if agreement.is_undertaking:
        people = [_named(described, "people", slug) for slug in agreement.undertaken_by]
        within = [
            _named(described, "agreements", passage.agreement)
            for passage in agreement.within
            if passage.agreement
        ]
        return common | {"creator": [*people, *parties], "isPartOf": within}
    if agreement.kind in _OF_GOVERNMENTS:
        return common | {
            "@type": "Legislation",
            "legislationType": described.words[f"agreement.{agreement.kind}"],
            "legislationDate": agreement.signed_on or agreement.adopted_on,
            "legislationDateOfApplicability": agreement.in_force_on,
            "legislationPassedBy": parties,
        }
    return common | {"creator": parties}


def _quote(described: Described) -> Node:
    quote = described.record
    speaker = (
        _named(described, "people", quote.speaker)
        if quote.speaker
        else _named(described, "organizations", quote.speaking_organization)
    )
    return {
        "text": {"@value": quote.text, "@language": tag_of(quote.language)},
        "inLanguage": tag_of(quote.language),
        "creator": speaker,
        "dateCreated": quote.said_on,
        "datePublished": quote.published_on,
        "isBasedOn": [_source_node(described, source) for source in described.sources.values()],
        "about": [
            *(_named(described, "sectors", slug) for slug in quote.sectors),
            *(_named(described, "agreements", slug) for slug in quote.agreements),
        ],
        "recordedAt": _named(described, "events", quote.event)
        if quote.event
        else _whole_meeting(described),
    }


def _sector(described: Described) -> Node:
    return {
        "inDefinedTermSet": described.addresses.absolute(urls.list_path("sectors")),
        "termCode": described.record.slug,
    }


def _organization(described: Described) -> Node:
    organization = described.record
    return {
        "@type": _ORGANIZATIONS.get(organization.kind, "Organization"),
        "additionalType": described.words[f"organization.{organization.kind}"],
        "foundingDate": organization.founded_on,
        "location": choose(organization.seat.root, PRIMARY).text if organization.seat else None,
        "sameAs": organization.website,
        "parentOrganization": _named(described, "organizations", organization.part_of)
        if organization.part_of
        else None,
    }


def _person(described: Described) -> Node:
    return {
        "familyName": tagged(described.record.family_name),
        "description": tagged(described.record.role),
        "jobTitle": tagged(described.record.post),
    }


def _commission(described: Described) -> Node:
    commission = described.record
    return {
        "description": tagged(commission.remit),
        "foundingDate": commission.founded_on,
        "knowsAbout": [_named(described, "sectors", slug) for slug in commission.sectors],
        "member": [_named(described, "people", chair.person) for chair in commission.co_chairs],
    }


def _event(described: Described) -> Node:
    event = described.record
    return {
        "startDate": event.held_on,
        "endDate": event.ended_on,
        "location": {"@type": "Place", "name": tagged(event.place)} if event.place else None,
        "attendee": [
            *(_named(described, "people", slug) for slug in event.people),
            *(_named(described, "organizations", slug) for slug in event.organizations),
        ],
        "about": [_named(described, "agreements", slug) for slug in event.agreements],
    }


def _source(described: Described) -> Node:
    return _source_node(described, described.record) | {"@id": described.url}


_OWN: dict[str, Callable[[Described], Node]] = {
    "meeting": _meeting,
    "agreements": _agreement,
    "sectors": _sector,
    "quotes": _quote,
    "organizations": _organization,
    "people": _person,
    "commissions": _commission,
    "events": _event,
    "sources": _source,
}


def _author(source: Source) -> Node | None:
    """Who wrote a source, if that is known."""
    if not source.author:
        return None
    named = {"name": source.author, "familyName": source.author_family_name}
    return present({"@type": "Person", **named})


def _source_node(described: Described, source: Source) -> Node:
    """A source as the page it is; a copy says from whose publication it was made."""
    return present(
        {
            "@type": "WebPage",
            "@id": described.url_of("sources", source.slug),
            "name": tagged(KINDS["sources"].titled(source)),
            "url": source.url,
            "author": _author(source),
            "publisher": {"@type": "Organization", "name": tagged(source.publisher)},
            "datePublished": source.published_on,
            "inLanguage": tag_of(source.language),
            "isBasedOn": {
                "@type": "CreativeWork",
                "publisher": {"@type": "Organization", "name": tagged(source.copy_of)},
            }
            if source.copy_of
            else None,
        }
    )


def _named(described: Described, noun: str, slug: str) -> Node:
    """Another record, by its address, type and name."""
    return {
        "@type": _TYPES[noun],
        "@id": described.url_of(noun, slug),
        "name": tagged(described.names[noun, slug].title),
    }


def _whole_meeting(described: Described) -> Node:
    meeting = described.meeting
    return {
        "@type": "Event",
        "@id": described.url_of("meeting", meeting.slug),
        "name": tagged(meeting.title),
    }


def _others(record: Any) -> list[Node]:
    """The abbreviation and other names, by language."""
    short = tagged(getattr(record, "abbreviation", None)) or []
    others = getattr(record, "other_names", {})
    return short + [
        {"@value": name, "@language": tag_of(language)}
        for language, names in others.items()
        for name in names
    ]


def _breadcrumbs(described: Described, language: str, words: Mapping[str, str]) -> list[Node]:
    """The way from the home page; a record that has no page of its own has none."""
    kind = described.kind
    if not kind.has_pages:
        return []
    steps = [
        (words["page.home"], urls.page_path(urls.HOME, language)),
        (words[f"kind.{kind.noun}"], urls.list_path(kind.noun, language)),
        (
            choose(described.title, language).text,
            urls.record_path(kind.noun, described.record.slug, language),
        ),
    ]
    return [
        {
            "@type": "BreadcrumbList",
            "itemListElement": [
                {
                    "@type": "ListItem",
                    "position": position,
                    "name": name,
                    "item": described.addresses.absolute(path),
                }
                for position, (name, path) in enumerate(steps, start=1)
            ],
        }
    ]


def present(found: Node) -> Node:
    """A node without what is absent."""
    return {name: value for name, value in found.items() if value not in (None, [], "")}
