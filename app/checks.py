"""Rules across records that one record alone cannot show: all run, every mistake is collected."""

from collections.abc import Callable, Iterator
from typing import Any

from app.kinds import KINDS
from app.language import LANGUAGES, is_named
from app.models import Agreement, Certainty, Event, Person, Quote, Record, Source
from app.references import written_in
from app.seed import Mistake, Place, Seed, suggestion
from app.typesetting import undrawable
from app.values import Name, Text, texts_in

Found = Iterator[tuple[Place, str]]


def mistakes_of(seed: Seed) -> list[Mistake]:
    """Every mistake of a seed, of form and across records, sorted by place."""
    found = [*seed.mistakes]
    # Where a file could not be read, what it holds would be reported as missing everywhere.
    for check in CHECKS if seed.is_readable else ():
        found += (seed.positions.mistake(place, message) for place, message in check(seed))
    return sorted(set(found))


def references_lead_somewhere(seed: Seed) -> Found:
    """Every slug that a record names is a record of the right kind."""
    for noun, slug, fields in _written(seed):
        for made in written_in(KINDS[noun].model, fields):
            known = seed.written[made.to.kind]
            if made.slug not in known:
                message = (
                    f'no {KINDS[made.to.kind].singular} "{made.slug}"{suggestion(made.slug, known)}'
                )
                yield (noun, slug, *made.path), message


def records_are_cited(seed: Seed) -> Found:
    """Every record except a source cites at least one source."""
    for noun, slug, fields in _written(seed):
        if noun != "sources" and not fields.get("citations"):
            yield (noun, slug, "citations"), "cites no source; add at least one under citations"


def sources_are_used(seed: Seed) -> Found:
    """Only sources that a record cites are published."""
    used = {
        made.slug
        for noun, _, fields in _written(seed)
        for made in written_in(KINDS[noun].model, fields)
        if made.to.kind == "sources"
    }
    for slug in seed.written["sources"]:
        if slug not in used:
            yield ("sources", slug), "no record cites this source; cite it or take it out"


def references_are_unique(seed: Seed) -> Found:
    """A reference belongs to one record for ever."""
    holders: dict[str, str] = {}
    for noun, slug, fields in _written(seed):
        reference = str(fields.get("reference", ""))
        if reference and reference in holders:
            message = f'"{reference}" is the reference of {holders[reference]} already'
            yield (noun, slug, "reference"), message
        holders.setdefault(reference, f"{noun}.{slug}")


def aliases_are_free(seed: Seed) -> Found:
    """A former slug is nobody's slug today, and nobody else's former slug."""
    for noun, records in seed.records.items():
        taken = dict.fromkeys(seed.written[noun], "the slug of a record")
        for slug, record in records.items():
            for alias in record.aliases:
                if alias in taken:
                    yield (noun, slug, "aliases"), f'"{alias}" is {taken[alias]} already'
                taken[alias] = f"an alias of {slug}"


def the_withdrawn_stay_away(seed: Seed) -> Found:
    """What was taken back was of a kind that there is, and its slug and reference are nobody's."""
    owners: dict[tuple[str, str], str] = {}
    for noun, slug, fields in _written(seed):
        for name in (slug, *_list(fields.get("aliases"))):
            owners[noun, str(name)] = f"{noun}.{slug}"
        owners["reference", str(fields.get("reference"))] = f"{noun}.{slug}"
    for slug, meeting in seed.records["meeting"].items():
        for at, one in enumerate(meeting.withdrawn):
            place = ("meeting", slug, "withdrawn", at)
            if one.kind not in KINDS:
                yield (*place, "kind"), f'no kind "{one.kind}"{suggestion(one.kind, KINDS)}'
            for field, group in (("slug", one.kind), ("reference", "reference")):
                value = getattr(one, field)
                owner = owners.setdefault((group, value), f"{slug}.withdrawn.{at}")
                if owner != f"{slug}.withdrawn.{at}":
                    yield (*place, field), f'"{value}" was withdrawn, and belongs to {owner}'


def there_is_one_meeting(seed: Seed) -> Found:
    """A site is about exactly one meeting."""
    if len(seed.written["meeting"]) != 1:
        yield ("meeting",), f"exactly one meeting is needed, found {len(seed.written['meeting'])}"


def the_meeting_has_two_sides(seed: Seed) -> Found:
    """The two sides stand in order."""
    for slug, meeting in seed.records["meeting"].items():
        if (
            len({side.slug for side in meeting.sides}) != len(meeting.sides)
            or len(meeting.sides) != 2
        ):
            yield ("meeting", slug, "sides"), "exactly two different sides are needed"


def sides_exist(seed: Seed) -> Found:
    """Whoever belongs to a side belongs to one of the meeting's."""
    sides = {side.slug for meeting in seed.records["meeting"].values() for side in meeting.sides}
    if not sides:
        return
    for noun, slug, fields in _written(seed):
        named: list[tuple[Place, Any]] = [((), fields)]
        named += [
            ((field, at), part)
            for field in ("memberships", "co_chairs")
            for at, part in enumerate(_list(fields.get(field)))
        ]
        for place, holder in named:
            side = holder.get("side") if isinstance(holder, dict) else None
            if isinstance(side, str) and side not in sides:
                yield (noun, slug, *place, "side"), f'no side "{side}"{suggestion(side, sides)}'


def doubts_have_reasons(seed: Seed) -> Found:
    """What is not attested says why."""
    for noun, slug, record in _understood(seed):
        doubtful: list[tuple[Place, Any]] = [((), record)]
        doubtful += [
            (("passages", at), part) for at, part in enumerate(_list_of(record, "passages"))
        ]
        for place, part in doubtful:
            is_doubtful = getattr(part, "certainty", Certainty.ATTESTED) != Certainty.ATTESTED
            if is_doubtful and not part.certainty_reason:
                yield (noun, slug, *place, "certainty_reason"), "required, since it is not attested"


def quotes_have_one_speaker(seed: Seed) -> Found:
    """An utterance is a person's or an organization's."""
    for noun, slug, record in _understood(seed):
        if isinstance(record, Quote) and bool(record.speaker) == bool(record.speaking_organization):
            yield (noun, slug, "speaker"), "give either speaker or speaking_organization"


def family_names_are_in_names(seed: Seed) -> Found:
    """A family's name stands at the beginning or the end of the name in its language."""
    for noun, slug, record in _understood(seed):
        if not isinstance(record, Person) or not record.family_name:
            continue
        names = record.name.as_text().root
        for language, family in record.family_name.root.items():
            name = names.get(language, "")
            if not name.startswith(family) and not name.endswith(family):
                message = f'"{family}" neither begins nor ends the name "{name}"'
                yield (noun, slug, "family_name", language), message


def undertakings_keep_apart(seed: Seed) -> Found:
    """Only an undertaking stands within something and is somebody's; only a document is signed."""
    for noun, slug, record in _understood(seed):
        if not isinstance(record, Agreement):
            continue
        if record.is_undertaking and (record.signatories or record.texts):
            yield (noun, slug), "an undertaking has no signatories or texts; its document has"
        if not record.is_undertaking and (record.within or record.undertaken_by):
            yield (noun, slug), "within and undertaken_by belong to undertakings only"
        for at, passage in enumerate(record.within):
            if bool(passage.agreement) == bool(passage.source):
                yield (noun, slug, "within", at), "give either agreement, or source with locator"


def sources_are_named(seed: Seed) -> Found:
    """A source has its printed title, or else a description."""
    for noun, slug, record in _understood(seed):
        if isinstance(record, Source) and bool(record.title) == bool(record.description):
            yield (noun, slug, "title"), "give title as printed, or description where none was seen"


def dates_are_in_order(seed: Seed) -> Found:
    """Nothing ends before it begins, or is in force before it is signed."""
    for noun, slug, record in _understood(seed):
        if isinstance(record, Event):
            earlier, later = "held_on", "ended_on"
        elif isinstance(record, Agreement):
            earlier, later = "signed_on", "in_force_on"
        else:
            continue
        first, last = getattr(record, earlier), getattr(record, later)
        if first and last and last < first[: len(last)]:
            yield (noun, slug, later), f"{last} is before {earlier} {first}"


def citations_name_fields(seed: Seed) -> Found:
    """A citation supports fields that the record has."""
    for noun, slug, record in _understood(seed):
        for at, citation in enumerate(record.citations):
            for named in citation.fields:
                if not _has(record, named.split(".")):
                    message = f'the record has no "{named}" that this could support'
                    yield (noun, slug, "citations", at, "fields"), message


def texts_are_in_known_languages(seed: Seed) -> Found:
    """Texts are in languages the site knows."""
    for noun, slug, record in _understood(seed):
        for field in type(record).model_fields:
            for language in {language for language, _ in texts_in(getattr(record, field))}:
                if language not in LANGUAGES:
                    message = f'no language "{language}" here; known are {", ".join(LANGUAGES)}'
                    yield (noun, slug, field), message


def languages_have_names(seed: Seed) -> Found:
    """A wording is in a language that can be named to a reader."""
    for noun, slug, record in _understood(seed):
        named: list[tuple[Place, Any]] = [((), record)]
        named += [
            ((field, at), part)
            for field in ("texts", "other_wordings")
            for at, part in enumerate(_list_of(record, field))
        ]
        for place, part in named:
            for field in ("language", "original_language"):
                tag = getattr(part, field, None)
                if tag and not is_named(tag):
                    yield (noun, slug, *place, field), f'"{tag}" is no language that can be named'


def titles_can_be_drawn(seed: Seed) -> Found:
    """Every character of a title or quote has a glyph, so that its preview card can show it."""
    for noun, slug, record in _understood(seed):
        for field in ("title", "name", "text", "description"):
            for place, text in _wordings(getattr(record, field, None)):
                lacking = [f'"{sign}" (U+{ord(sign):04X})' for sign in undrawable(text)]
                if lacking:
                    message = (
                        f"the fonts of the preview cards cannot draw {', '.join(lacking)}; "
                        "static/fonts/README.md says how to add to them"
                    )
                    yield (noun, slug, field, *place), message


CHECKS: tuple[Callable[[Seed], Found], ...] = (
    references_lead_somewhere,
    records_are_cited,
    sources_are_used,
    references_are_unique,
    aliases_are_free,
    the_withdrawn_stay_away,
    there_is_one_meeting,
    the_meeting_has_two_sides,
    sides_exist,
    doubts_have_reasons,
    quotes_have_one_speaker,
    family_names_are_in_names,
    undertakings_keep_apart,
    sources_are_named,
    dates_are_in_order,
    citations_name_fields,
    texts_are_in_known_languages,
    languages_have_names,
    titles_can_be_drawn,
)


def _written(seed: Seed) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for noun, records in seed.written.items():
        for slug, fields in records.items():
            if isinstance(fields, dict):
                yield noun, slug, fields


def _understood(seed: Seed) -> Iterator[tuple[str, str, Record]]:
    for noun, records in seed.records.items():
        for slug, record in records.items():
            yield noun, slug, record


def _wordings(value: Any) -> list[tuple[Place, str]]:
    """The texts of a title, each with its place inside it."""
    if isinstance(value, str):
        return [((), value)]
    return [((language,), text) for language, text in texts_in(value)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _list_of(record: Record, field: str) -> list[Any]:
    return _list(getattr(record, field, None))


def _has(record: Record, path: list[str]) -> bool:
    value: Any = record if path[0] in type(record).model_fields else None
    for step in path:
        if isinstance(value, Text | Name):
            value = value.root
        value = value.get(step) if isinstance(value, dict) else getattr(value, step, None)
    return bool(value)
