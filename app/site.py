"""One site: everything that its routes share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from queue import LifoQueue

from sqlmodel import Session

from app import edition, pages
from app.assets import Asset, read_assets
from app.config import ROOT, Settings
from app.database import MOST_AT_ONCE, file_of, open_database
from app.facets import PAGE_SIZE
from app.formats.dataset import DataFile, data_files
from app.models import Meeting
from app.queries import every_alias, every_slug, meeting, records
from app.rendering import Compiled, Renderer, renderers
from app.urls import Addresses, Everything
from app.values import PRIMARY


@dataclass
class Health:
    """How the process that serves is: `refusal` says why it has not taken up a later seed."""

    refusal: str | None = None


@dataclass(frozen=True)
class Site:
    """A finished database with what renders it: a renderer for each published language.

    `idle` are the sessions that nobody uses; they stay open.
    """

    idle: LifoQueue[Session]
    addresses: Addresses
    assets: Mapping[str, Asset]
    meeting: Meeting
    renderers: Mapping[str, Renderer]
    seed_digest: str | None
    health: Health

    @property
    def words(self) -> Mapping[str, str]:
        """The site's words in the primary language, which data files are written in."""
        return self.renderers[PRIMARY].words

    @cached_property
    def data_files(self) -> list[DataFile]:
        """Every file that holds the whole of the data; made when one is first asked for.

        Whoever delivers them asks one after the other.
        """
        with self.session() as session:
            records_of = partial(records, session)
            return data_files(self.meeting, records_of, self.addresses, file_of(session))

    @property
    def is_export(self) -> bool:
        """Whether it is made for a host that only sends files."""
        return self.addresses.is_export

    @property
    def page_size(self) -> int | None:
        """How many records one page of a list shows: all where there is nothing to ask with."""
        return None if self.is_export else PAGE_SIZE

    def everything(self) -> Everything:
        """All that the site holds, as far as addresses tell it."""
        with self.session() as session:
            return Everything(
                records=every_slug(session),
                former=[
                    *every_alias(session),
                    *((one.kind, one.slug) for one in self.meeting.withdrawn),
                ],
                former_references=[one.reference for one in self.meeting.withdrawn],
                has_contact=bool(self.meeting.contact),
                static_files=[(name, asset.digest) for name, asset in self.assets.items()],
            )

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session over the database for one answer.

        It knows the meeting already, which nearly every page asks for.
        """
        session = self.idle.get()
        try:
            session.info["meeting"] = self.meeting
            yield session
        finally:
            # What it has learnt would not fit into memory for all answers.
            session.info.clear()
            self.idle.put(session)


def open_site(settings: Settings, health: Health | None = None) -> Site:
    """The site that settings describe; its database must be there."""
    sessions = open_database(settings.database, MOST_AT_ONCE)
    seed_digest = edition.seed_told(settings.database)
    addresses = Addresses(settings.base_url, settings.is_export)
    assets = read_assets(ROOT / "static")
    about = meeting(sessions[0])
    in_languages = renderers(
        ROOT / "templates",
        addresses,
        assets,
        about,
        pages.meeting_names(sessions[0]),
        compiled=Compiled(edition.templates_beside(settings.database)),
    )
    idle = LifoQueue[Session]()
    for session in sessions:
        session.info.clear()
        idle.put(session)
    return Site(idle, addresses, assets, about, in_languages, seed_digest, health or Health())
