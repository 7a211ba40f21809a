"""What it means to cite: a record of this site, or one of the sources it rests on."""

from collections.abc import Callable
from dataclasses import dataclass

from app.formats.described import Described, licence_url
from app.language import Chosen, choose, tag_of
from app.models import Meeting, Organization, Person, Source
from app.values import PRIMARY

Gettext = Callable[[str], str]


@dataclass(frozen=True)
class Creator:
    """Whose work it is. `family` is known only where the seed tells which part of a name it is."""

    name: str
    family: str | None = None

    @property
    def given(self) -> str:
        """The name without the family's."""
        if self.family is None:
            return ""
        rest = self.name[len(self.family) :] if self.is_family_first else self.name
        return rest.removesuffix(self.family).strip()

    @property
    def is_family_first(self) -> bool:
        """Whether the name is written as in Chinese, and a bibliography leaves it as it is."""
        return self.family is not None and self.name.startswith(self.family)


@dataclass(frozen=True)
class Work:
    """One thing that can be cited; every style and every bibliography file is made from it.

    `key` never changes; `language` is that of the title, but for a description. `container` is the
    site that holds somebody's utterance, none where the site itself is the creator. `issued` is the
    day that the work is known by, empty where none is known; `modified` that of our page. `genre`
    says what it tells of, `note` what else must be known of it. A source has a `publisher` and,
    where it is a copy, the `original_publisher`; where no title was seen, a `description` of it is
    the title.
    """

    key: str
    title: str
    language: str
    creators: tuple[Creator, ...]
    container: str | None
    issued: str
    url: str
    modified: str = ""
    genre: str | None = None
    note: str | None = None
    original_publisher: Chosen | None = None
    publisher: Chosen | None = None
    description: Chosen | None = None


def work_of(described: Described, language: str = PRIMARY) -> Work:
    """A record as a work, for a reader in a language.

    The author of a quote is its speaker and its date when it was said, or else published, as the
    manuals have a speech that a site keeps: nobody said in the year of our page what was said
    before it. Of anything else the author is the site, and the date that of the record's last
    correction, or else of the data's release: what is cited is this site's page. Only of a source
    it is the source itself, which nobody else has written.
    """
    if isinstance(described.record, Source):
        return source_work(described.meeting, described.record, language)
    title = choose(described.title, language)
    site = site_name(described.meeting, language)
    speaker, modified = described.speaker, described.updated_on
    noun, slug = described.kind.noun, described.record.slug
    return Work(
        key=citation_key(described.meeting, described.record.reference),
        title=title.text,
        language=title.lang or tag_of(language),
        creators=(_creator(speaker, language),) if speaker else (Creator(site),),
        container=site if speaker else None,
        issued=(described.record.dated_on or modified) if speaker else modified,
        url=described.url_of(noun, slug, language),
        modified=modified,
        genre=_genre(described),
    )


def works_of(described: Described) -> list[Work]:
    """A record first, then the sources it rests on, so that a thesis can cite both."""
    sources = described.sources.values()
    return [work_of(described), *(source_work(described.meeting, source) for source in sources)]


def source_work(meeting: Meeting, source: Source, language: str = PRIMARY) -> Work:
    """A source as a work. Where no title was seen its description stands for it, and it says so.

    Its publisher and its description are in a reader's language where they are held in it.
    """
    publisher = choose(source.publisher.root, language)
    original = choose(source.copy_of.root, language) if source.copy_of else None
    description = choose(source.description.root, language) if source.description else None
    notes: list[str] = []
    if original:
        notes.append(f"A copy. Original publisher: {original.text}.")
    if description:
        notes.append("The title was not seen; this is a description.")
    return Work(
        # Another key than that of our own record of the source.
        key=citation_key(meeting, source.reference, "source"),
        title=(description.text if description else source.title) or publisher.text,
        language=source.language,
        creators=(Creator(source.author, source.author_family_name),) if source.author else (),
        container=None,
        issued=source.published_on or "",
        url=source.url,
        note=" ".join(notes) or None,
        publisher=publisher,
        original_publisher=original,
        description=description,
    )


def citation_key(meeting: Meeting, reference: str, what: str = "meeting") -> str:
    """A key that survives renaming: the meeting's number and the record's permanent code.

    Letters and digits only, at most twenty of them, so that it is an ID in RIS as well.
    """
    return f"{what}{meeting.number}{reference}"


def site_name(meeting: Meeting, language: str) -> str:
    """What the site is called."""
    return choose(meeting.short_title.root, language).text


_MOST_NAMED = 5
"""How many sources the head of a page names: the page lists them all, and has to stay light."""


def meta(described: Described, language: str = PRIMARY) -> list[tuple[str, str]]:
    """The name and content of each `meta` by which reference managers know a page, in order.

    Highwire Press tags as https://scholar.google.com/intl/en/scholar/inclusion.html#indexing has
    them, dates with slashes; then Dublin Core. Zotero's Embedded Metadata translator reads both:
    `DC.type` keeps it from taking a page with `citation_title` for a journal article.
    """
    work = work_of(described, language)
    publisher = (work.publisher and work.publisher.text) or site_name(described.meeting, language)
    authors = [listed_name(creator) for creator in work.creators]
    is_ours = work.publisher is None
    # What only a passage rests on is told in the files that the page leads to.
    cited = {citation.source for citation in described.record.citations} if is_ours else ()
    whole = [source for source in described.sources.values() if source.slug in cited]
    found = [
        ("citation_title", work.title),
        *(("citation_author", author) for author in authors),
        ("citation_publication_date", work.issued.replace("-", "/")),
        ("citation_language", work.language),
        ("citation_public_url", work.url),
        ("citation_publisher", publisher),
        ("DC.title", work.title),
        *(("DC.creator", author) for author in authors),
        ("DC.date", work.issued),
        ("DC.language", work.language),
        ("DC.identifier", described.short_url if is_ours else work.url),
        ("DC.publisher", publisher),
        ("DC.type", "webpage"),
        ("DC.rights", licence_url(described.meeting.licence) if is_ours else ""),
        *(("DC.source", source.url) for source in whole[:_MOST_NAMED]),
    ]
    return [(name, " ".join(content.split())) for name, content in found if content]


def listed_name(creator: Creator) -> str:
    """A name as machines take it apart: the family's, a comma, the rest; else as it is."""
    return f"{creator.family}, {creator.given}" if creator.given else creator.name


def _creator(speaker: Person | Organization, language: str) -> Creator:
    """A speaker, taken apart only where the family's name is a word of the name in that language.

    Chinese puts no space between the two, and no other language is written without.
    """
    name = choose(speaker.name.wordings, language).text
    families = (
        speaker.family_name.root.values()
        if isinstance(speaker, Person) and speaker.family_name
        else ()
    )
    for family in families:
        if name.endswith(f" {family}") or name.startswith(f"{family} "):
            return Creator(name, family)
        if name.startswith(family) and " " not in name and "·" not in name:
            return Creator(name, family)
    return Creator(name)


def _genre(described: Described) -> str:
    """What the record is in the site's words: of an agreement its own kind, else the record's."""
    noun = described.kind.noun
    word = f"agreement.{described.record.kind}" if noun == "agreements" else f"one.{noun}"
    return described.words[word]
