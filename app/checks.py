"""Rules across records that one record alone cannot show: all run, every mistake is collected.

Each rule is made for a seed and then told every record once, the meeting first, in the order of
the registry. What it has to remember of one record for the next is all that is kept of any.
"""

from collections.abc import Callable, Iterator
from typing import Any

from app.kinds import KINDS
from app.language import LANGUAGES, is_named
from app.models import Agreement, Certainty, Event, Person, Quote, Record, Source
from app.seed import Entry, Mistake, Place, Seed, Told, suggestion, untold
from app.typesetting import undrawable
from app.values import Name, Text, texts_in

Found = Iterator[Mistake]
Rule = Callable[[Entry], Found]


def mistakes_of(seed: Seed, told: Told = untold) -> list[Mistake]:
    """Every mistake of a seed, of form and across records, sorted by place."""
    found: list[Mistake] = []
    for number, _ in enumerate(checked(seed, found), start=1):
        told("checked", number, len(seed))
    return sorted(set(found))


def checked(seed: Seed, mistakes: list[Mistake]) -> Iterator[Entry]:
    """Every record of a seed in order, once its mistakes, and all before them, are added."""
    mistakes += seed.unread
    # Where a file could not be read, what it holds would be reported as missing everywhere.
    rules = [check(seed) for check in CHECKS] if seed.is_readable else []
    if seed.is_readable:
        mistakes += there_is_one_meeting(seed)
    for entry in seed.entries():
        mistakes += entry.mistakes
        for rule in rules:
            mistakes += rule(entry)
        yield entry


def there_is_one_meeting(seed: Seed) -> Found:
    """A site is about exactly one meeting."""
    number = len(seed.slugs["meeting"])
    if number != 1:
        yield seed.mistake("meeting", f"exactly one meeting is needed, found {number}")


def references_lead_somewhere(seed: Seed) -> Rule:
    """Every slug that a record names is a record of the right kind."""

    def rule(entry: Entry) -> Found:
        for made in entry.references:
            known = seed.slugs[made.to.kind]
            if made.slug not in known:
                message = (
                    f'no {KINDS[made.to.kind].singular} "{made.slug}"{suggestion(made.slug, known)}'
                )
                yield entry.mistake(made.path, message)

    return rule


def records_are_cited(_: Seed) -> Rule:
    """Every record except a source cites at least one source."""

    def rule(entry: Entry) -> Found:
        is_source = entry.kind.noun == "sources" or not isinstance(entry.written, dict)
        if not is_source and not entry.fields.get("citations"):
            message = "cites no source; add at least one under citations"
            yield entry.mistake(("citations",), message)

    return rule


def sources_are_used(_: Seed) -> Rule:
    """Only sources that a record cites are published."""
    used: set[str] = set()

    def rule(entry: Entry) -> Found:
        for made in entry.references:
            if made.to.kind == "sources":
                used.add(made.slug)
        # Sources come last, when all that could cite them has been told.
        if entry.kind.noun == "sources" and entry.slug not in used:
            yield entry.mistake((), "no record cites this source; cite it or take it out")

    return rule


def references_are_unique(_: Seed) -> Rule:
    """A reference belongs to one record for ever."""
    holders: dict[str, str] = {}

    def rule(entry: Entry) -> Found:
        reference = str(entry.fields.get("reference", ""))
        if reference and reference in holders:
            message = f'"{reference}" is the reference of {holders[reference]} already'
            yield entry.mistake(("reference",), message)
        holders.setdefault(reference, f"{entry.kind.noun}.{entry.slug}")

    return rule


def aliases_are_free(seed: Seed) -> Rule:
    """A former slug is nobody's slug today, and nobody else's former slug."""
    former: dict[tuple[str, str], str] = {}

    def rule(entry: Entry) -> Found:
        noun = entry.kind.noun
        for alias in entry.record.aliases if entry.record else ():
            if alias in seed.slugs[noun]:
                yield entry.mistake(("aliases",), f'"{alias}" is the slug of a record already')
            elif (noun, alias) in former:
                message = f'"{alias}" is an alias of {former[noun, alias]} already'
                yield entry.mistake(("aliases",), message)
            former[noun, alias] = entry.slug

    return rule


def the_withdrawn_stay_away(_: Seed) -> Rule:
    """What was taken back was of a kind that there is, and its slug and reference are nobody's."""
    withdrawn: dict[tuple[str, str], tuple[Entry, Place]] = {}

    def taken(name: tuple[str, str], owner: str) -> Found:
        if name in withdrawn:
            meeting, place = withdrawn[name]
            message = f'"{name[1]}" was withdrawn, and belongs to {owner}'
            yield meeting.mistake(place, message)

    def rule(entry: Entry) -> Found:
        for at, one in enumerate(_held(entry.record, "withdrawn") or ()):
            place = ("withdrawn", at)
            if one.kind not in KINDS:
                message = f'no kind "{one.kind}"{suggestion(one.kind, KINDS)}'
                yield entry.mistake((*place, "kind"), message)
            for field, group in (("slug", one.kind), ("reference", "reference")):
                name = (group, getattr(one, field))
                if name in withdrawn:
                    _, (_, first, _) = withdrawn[name]
                    message = (
                        f'"{name[1]}" was withdrawn, and belongs to {entry.slug}.withdrawn.{first}'
                    )
                    yield entry.mistake((*place, field), message)
                withdrawn.setdefault(name, (entry, (*place, field)))
        owner = f"{entry.kind.noun}.{entry.slug}"
        for slug in (entry.slug, *_list(entry.fields.get("aliases"))):
            yield from taken((entry.kind.noun, str(slug)), owner)
        yield from taken(("reference", str(entry.fields.get("reference"))), owner)

    return rule


def the_meeting_has_two_sides(_: Seed) -> Rule:
    """The two sides stand in order."""

    def rule(entry: Entry) -> Found:
        if entry.kind.noun == "meeting" and entry.record:
            sides = entry.record.sides
            if len({side.slug for side in sides}) != len(sides) or len(sides) != 2:
                yield entry.mistake(("sides",), "exactly two different sides are needed")

    return rule


def sides_exist(_: Seed) -> Rule:
    """Whoever belongs to a side belongs to one of the meeting's."""
    sides: set[str] = set()

    def rule(entry: Entry) -> Found:
        if entry.kind.noun == "meeting" and entry.record:
            sides.update(side.slug for side in entry.record.sides)
        if not sides:
            return
        named: list[tuple[Place, Any]] = [((), entry.fields)]
        named += [
            ((field, at), part)
            for field in ("memberships", "co_chairs")
            for at, part in enumerate(_list(entry.fields.get(field)))
        ]
        for place, holder in named:
            side = holder.get("side") if isinstance(holder, dict) else None
            if isinstance(side, str) and side not in sides:
                message = f'no side "{side}"{suggestion(side, sides)}'
                yield entry.mistake((*place, "side"), message)

    return rule


def doubts_have_reasons(_: Seed) -> Rule:
    """What is not attested says why."""

    def rule(entry: Entry) -> Found:
        for place, part in _with_parts(entry.record, "passages"):
            certainty = _held(part, "certainty") or Certainty.ATTESTED
            if certainty != Certainty.ATTESTED and not part.certainty_reason:
                message = "required, since it is not attested"
                yield entry.mistake((*place, "certainty_reason"), message)

    return rule


def quotes_have_one_speaker(_: Seed) -> Rule:
    """An utterance is a person's or an organization's."""

    def rule(entry: Entry) -> Found:
        quote = entry.record
        if isinstance(quote, Quote) and bool(quote.speaker) == bool(quote.speaking_organization):
            yield entry.mistake(("speaker",), "give either speaker or speaking_organization")

    return rule


def family_names_are_in_names(_: Seed) -> Rule:
    """A family's name stands at the beginning or the end of the whole name."""

    def rule(entry: Entry) -> Found:
        for place, family, name in _family_names(entry.record):
            if not name.startswith(family) and not name.endswith(family):
                yield entry.mistake(place, f'"{family}" neither begins nor ends the name "{name}"')

    return rule


def _family_names(record: Record) -> Iterator[tuple[Place, str, str]]:
    """Each name of a family that a record tells, where it stands, and the whole name."""
    if isinstance(record, Person) and record.family_name:
        for language, family in record.family_name.root.items():
            yield ("family_name", language), family, record.name.wordings.get(language, "")
    if isinstance(record, Source) and record.author_family_name:
        yield ("author_family_name",), record.author_family_name, record.author or ""


def undertakings_keep_apart(_: Seed) -> Rule:
    """Only an undertaking stands within something and is somebody's; only a document is signed."""

    def rule(entry: Entry) -> Found:
        record = entry.record
        if not isinstance(record, Agreement):
            return
        if record.is_undertaking and (record.signatories or record.texts):
            message = "an undertaking has no signatories or texts; its document has"
            yield entry.mistake((), message)
        if not record.is_undertaking and (record.within or record.undertaken_by):
            yield entry.mistake((), "within and undertaken_by belong to undertakings only")
        for at, passage in enumerate(record.within):
            if bool(passage.agreement) == bool(passage.source):
                message = "give either agreement, or source with locator"
                yield entry.mistake(("within", at), message)

    return rule


def sources_are_named(_: Seed) -> Rule:
    """A source has its printed title, or else a description."""

    def rule(entry: Entry) -> Found:
        source = entry.record
        if isinstance(source, Source) and bool(source.title) == bool(source.description):
            message = "give title as printed, or description where none was seen"
            yield entry.mistake(("title",), message)

    return rule


def dates_are_in_order(_: Seed) -> Rule:
    """Nothing ends before it begins, or is in force before it is signed."""

    def rule(entry: Entry) -> Found:
        if isinstance(entry.record, Event):
            earlier, later = "held_on", "ended_on"
        elif isinstance(entry.record, Agreement):
            earlier, later = "signed_on", "in_force_on"
        else:
            return
        first, last = getattr(entry.record, earlier), getattr(entry.record, later)
        if first and last and last < first[: len(last)]:
            yield entry.mistake((later,), f"{last} is before {earlier} {first}")

    return rule


def citations_name_fields(_: Seed) -> Rule:
    """A citation supports fields that the record has."""

    def rule(entry: Entry) -> Found:
        for at, citation in enumerate(entry.record.citations if entry.record else ()):
            for named in citation.fields:
                if not _has(entry.record, named.split(".")):
                    message = f'the record has no "{named}" that this could support'
                    yield entry.mistake(("citations", at, "fields"), message)

    return rule


def texts_are_in_known_languages(_: Seed) -> Rule:
    """Texts are in languages the site knows."""

    def rule(entry: Entry) -> Found:
        held = _structured(entry.record)
        # Nearly always all are, and then nobody asks where.
        if all(language in LANGUAGES for language, _ in texts_in([value for _, value in held])):
            return
        for field, value in held:
            for language in {language for language, _ in texts_in(value)} - LANGUAGES.keys():
                message = f'no language "{language}" here; known are {", ".join(LANGUAGES)}'
                yield entry.mistake((field,), message)

    return rule


def languages_have_names(_: Seed) -> Rule:
    """A wording is in a language that can be named to a reader."""

    def rule(entry: Entry) -> Found:
        for place, part in _with_parts(entry.record, "texts", "other_wordings"):
            for field in ("language", "original_language"):
                tag = _held(part, field)
                if tag and not is_named(tag):
                    message = f'"{tag}" is no language that can be named'
                    yield entry.mistake((*place, field), message)

    return rule


def titles_can_be_drawn(_: Seed) -> Rule:
    """Every character of a title or quote has a glyph, so that its preview card can show it."""

    def rule(entry: Entry) -> Found:
        for field in ("title", "name", "text", "description"):
            for place, text in _wordings(_held(entry.record, field)):
                lacking = [f'"{sign}" (U+{ord(sign):04X})' for sign in undrawable(text)]
                if lacking:
                    message = (
                        f"the fonts of the preview cards cannot draw {', '.join(lacking)}; "
                        "static/fonts/README.md says how to add to them"
                    )
                    yield entry.mistake((field, *place), message)

    return rule


CHECKS: tuple[Callable[[Seed], Rule], ...] = (
    references_lead_somewhere,
    records_are_cited,
    sources_are_used,
    references_are_unique,
    aliases_are_free,
    the_withdrawn_stay_away,
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


def _structured(record: Any) -> list[tuple[str, Any]]:
    """The fields of a record that hold more than a word, if there is a record."""
    held = vars(record).items() if record else ()
    return [(field, value) for field, value in held if value and not isinstance(value, str)]


def _held(whole: Any, field: str) -> Any:
    """What a record or a part of one holds in a field, where there is one that has it."""
    return vars(whole).get(field) if whole else None


def _wordings(value: Any) -> list[tuple[Place, str]]:
    """The texts of a title, each with its place inside it."""
    if isinstance(value, str):
        return [((), value)]
    return [((language,), text) for language, text in texts_in(value)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _with_parts(record: Any, *fields: str) -> list[tuple[Place, Any]]:
    """A record and the parts that stand in lists in some fields, each with its place."""
    return [
        ((), record),
        *(
            ((field, at), part)
            for field in fields
            for at, part in enumerate(_list(_held(record, field)))
        ),
    ]


def _has(record: Any, path: list[str]) -> bool:
    value: Any = record if path[0] in type(record).model_fields else None
    for step in path:
        if isinstance(value, Text | Name):
            value = value.root
        value = value.get(step) if isinstance(value, dict) else getattr(value, step, None)
    return bool(value)
