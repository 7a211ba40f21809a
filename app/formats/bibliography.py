"""Works as the files that reference managers read: BibTeX, RIS, CSL-JSON.

What is cited is always a page: this site's about the record, or the one that a source was read
at. So every work is a web page in all three, and never the treaty or speech that the page is
about, which a style would print as if this site had issued it; `genre` tells what it is about.
"""

import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from app.formats.citations import Creator, Work, listed_name
from app.formats.plain import json_bytes
from app.language import Chosen, name_of
from app.values import PRIMARY

_LATEX = {
    "\\": r"\textbackslash{}",
    # A brace that is only escaped still counts for BibTeX, which needs them in pairs.
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "#$%&_"},
}


def bibtex(works: Iterable[Work]) -> bytes:
    """Works as BibTeX for biblatex and Biber, in UTF-8 (biblatex manual, sections 2.1.1 and 2.2.2).

    `@online` falls back to `@misc` with older styles, which then use `year`. Braces around titles
    and names keep their capitals and keep a name from being taken apart; a name whose family is
    known is given in parts.
    """
    return "\n".join(map(_entry, works)).encode()


def ris(works: Iterable[Work]) -> bytes:
    """Works as RIS: a tag, two spaces, a hyphen, a space; lines end in CR LF; ER ends a work.

    (Research Information Systems, RIS Format Specifications, 2001 and 2011.) Asterisks are not
    allowed in names; dates are YYYY/MM/DD/ with what is unknown left empty.
    """
    lines = [line for work in works for line in _tagged(work)]
    return "".join(f"{line}\r\n" for line in lines).encode()


def csl_json(works: Iterable[Work]) -> bytes:
    """Works as CSL-JSON, an array of items (CSL 1.0.2, csl-data.json)."""
    return json_bytes([_item(work) for work in works])


def _entry(work: Work) -> str:
    year, *_ = work.issued.split("-")
    fields = {
        "author": " and ".join(map(_author, work.creators)),
        "title": f"{{{_latex(work.title)}}}",
        "organization": _held_together(work.container or _named(work.publisher)),
        "date": work.issued,
        "year": year,
        "url": quote(work.url, safe="!#$%&'()*+,-./:;=?@_~[]"),
        "language": work.language,
        "langid": _babel_name(work.language),
        "type": _held_together(work.genre),
        "note": _latex(work.note or ""),
    }
    written = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@online{{{work.key},\n{written}}}\n"


def _author(creator: Creator) -> str:
    if creator.given:
        return f"{{{_latex(creator.family or '')}}}, {{{_latex(creator.given)}}}"
    return _held_together(creator.name)


def _named(publisher: Chosen | None) -> str | None:
    return publisher.text if publisher else None


def _held_together(text: str | None) -> str:
    return f"{{{_latex(text)}}}" if text else ""


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in _line(text))


def _babel_name(tag: str) -> str:
    """The language as LaTeX's babel calls it, which is its English name."""
    return name_of(tag.partition("-")[0], PRIMARY).lower()


def _tagged(work: Work) -> Iterable[str]:
    year, month, day = [*work.issued.split("-"), "", ""][:3]
    tags = [
        ("TY", "ELEC"),
        ("ID", work.key),
        *(("AU", listed_name(creator).replace("*", "")) for creator in work.creators),
        ("TI", work.title),
        ("T2", work.container),
        ("PB", _named(work.publisher)),
        ("PY", year),
        ("DA", f"{year}/{month}/{day}/" if year else None),
        ("LA", work.language),
        ("M3", work.genre),
        ("N1", work.note),
        ("UR", work.url),
    ]
    yield from (f"{tag}  - {_line(value)}" for tag, value in tags if value)
    yield "ER  - "


def _item(work: Work) -> dict[str, Any]:
    parts = [int(part) for part in work.issued.split("-")] if work.issued else None
    item = {
        "id": work.key,
        "type": "webpage",
        "title": work.title,
        "author": [_name(creator) for creator in work.creators],
        "container-title": work.container,
        "publisher": _named(work.publisher),
        "original-publisher": _named(work.original_publisher),
        "genre": work.genre,
        "issued": {"date-parts": [parts]} if parts else None,
        "language": work.language,
        "note": work.note,
        "URL": work.url,
    }
    return {name: value for name, value in item.items() if value}


def _name(creator: Creator) -> dict[str, Any]:
    if not creator.given:
        return {"literal": creator.name}
    parts: dict[str, Any] = {"family": creator.family, "given": creator.given}
    return parts | ({"static-ordering": True} if creator.is_family_first else {})


def _line(text: str) -> str:
    """A text on one line: neither format can hold another."""
    kept = (c for c in text if c.isspace() or unicodedata.category(c) != "Cc")
    return " ".join("".join(kept).split())
