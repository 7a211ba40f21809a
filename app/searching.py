"""What an exported site searches in: one file, for a script that folds as our index does."""

import json
from functools import cache
from typing import Any

from sqlmodel import Session

from app import queries, urls
from app.kinds import KINDS, Kind
from app.language import choose, tag_of
from app.models import Source
from app.pages import heading_of
from app.search import fold, naming, telling, words_of
from app.urls import Addresses

_HAN_BLOCKS = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))
"""Where Unicode keeps the Chinese characters that are typed: Extension A and the unified ones."""


def search_index(session: Session, addresses: Addresses, language: str) -> bytes:
    """Every record with its folded words, and what is shown of it to readers of a language.

    `simplified` has, one after the other, each character that is folded to one in these words,
    and that one: the script has no table of its own.
    """
    led_to = queries.degrees(session)
    entries = [
        _entry(kind, record, addresses, language) | {"degree": led_to.get(record.id, 0)}
        for kind in KINDS.values()
        for record in queries.records(session, kind.noun)
    ]
    occurring = {
        character
        for entry in entries
        for words in (*entry["names"], entry["words"])
        for character in words
    }
    pairs = (one + other for one, other in _variants().items() if other in occurring)
    whole = {"simplified": "".join(pairs), "records": entries}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _entry(kind: Kind, record: Any, addresses: Addresses, language: str) -> dict[str, Any]:
    """One record: `names` are folded, each by itself; `words` are those of all its texts.

    Where it has a gist, that is the first of what is shown of it; `titles` are those in other
    languages.
    """
    titled = kind.titled(record)
    title = choose(titled, language)
    told = telling(record)
    address = [record.url] if isinstance(record, Source) else []
    texts = dict.fromkeys([*(text for _, text in told), *address])
    names = dict.fromkeys(" ".join(words_of(name)) for _, name in naming(record))
    shown = {language, getattr(record, "language", language).partition("-")[0]}
    return {
        "group": heading_of(kind.noun, kind.part(record)),
        "href": addresses.link(urls.record_path(kind.noun, record.slug, language)),
        "title": title.text,
        "lang": title.lang,
        "titles": [other for other in titled.values() if other != title.text],
        "names": [name for name in names if name],
        "words": " ".join(" ".join(words_of(text)) for text in texts),
        "distance": kind.distance,
        "hasGist": kind.gist(record) is not None,
        "texts": [
            text if tag_of(code) == tag_of(language) else [text, tag_of(code)]
            for code, text in told
            if code.partition("-")[0] in shown
        ],
    }


@cache
def _variants() -> dict[str, str]:
    """Every Chinese character that is folded to another, with that one."""
    characters = (chr(point) for block in _HAN_BLOCKS for point in block)
    folded = ((character, fold(character)) for character in characters)
    return {one: other for one, other in folded if one != other and len(other) == 1}
