"""Words to and from the search index; the same folding when it is written and when it is asked."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

from app.kinds import kind_of
from app.language import written_out
from app.models import Meeting, Record, Source
from app.values import LONGEST_QUERY, LanguageTag, texts_in

LONGEST_EXCERPT = 180
"""How many characters of a text are shown around the words that were found."""

_BREVE = "\u0306"
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN = re.compile(rf"[{_HAN}]")
_HAN_RUN = re.compile(rf"[{_HAN}]+")
# In a text as it stands, a letter keeps the accents that follow it.
_WRITTEN_WORD = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}](?:[^\W_{_HAN}]|[\u0300-\u036f])*")
# What English and Russian nouns and adjectives end in from number to number and case to case.
_ENDING = re.compile(
    "(?:e?s|[аяоеыиуюйь]|ая|яя|ое|ее|ые|ие|ую|юю|ый|ий|ой|ей|ью|ом|ем|ам|ям|ым|им|ах|ях|ых|их|ов|ев"
    "|ого|его|ому|ему|ами|ями|ыми|ими)?"
)

LONGEST_ENDING = 3
"""How many letters the ending of a word has at most."""

SHORTEST_STEM = 3
"""How many letters of a word are left at least when its ending is taken off."""

_NAMING = ("title", "short_title", "name", "abbreviation")
_PLAIN = ("text", "author")
_OF_THE_DATA = ("released_on", "revised_on")
"""Dates of what is told of a record, and none of its own."""

Written = tuple[LanguageTag, str]
Span = tuple[int, int]


def fold(text: str) -> str:
    """A text without case, diacritics and traditional characters: ё is е, é is e, 聖 is 圣.

    й stays a letter of its own.
    """
    if text.isascii():
        return text.casefold()
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", _OTHER_BREVE.sub("", bare.translate(_BARE)))


class _Bare(dict[int, str | None]):
    """Each character as it is without its accents and in its simplified form, found when needed."""

    def __missing__(self, point: int) -> str | None:
        """What stands for a character, or nothing; a breve is left for a closer look."""
        character = chr(point)
        if unicodedata.combining(character) and character != _BREVE:
            self[point] = None
        else:
            is_han = bool(_IS_HAN.match(character))
            self[point] = _simplified(character) if is_han else character
        return self[point]


_BARE = _Bare()
_OTHER_BREVE = re.compile(f"(?<![иу]){_BREVE}")


def _simplified(character: str) -> str:
    """The simplified form of one Chinese character.

    One at a time, so that a character is folded alike wherever it stands and a part of a text
    finds the whole; twice, since one simplified form is another's traditional one.
    """
    convert = _converter()
    found: str = convert(convert(character))
    return found


@cache
def _converter() -> Callable[[str], str]:
    # Only a Chinese word needs the tables.
    from opencc import OpenCC

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def index_words(text: str) -> str:
    """A text as the words that the index keeps, separated by spaces.

    Chinese is written without spaces: each run is kept as overlapping pairs and its last
    character, so that any part of it, down to one character, is found as a phrase or a prefix.
    """
    return " ".join(_WORD.findall(_HAN_RUN.sub(_in_pairs, fold(text))))


def _in_pairs(run: re.Match[str]) -> str:
    pairs = [run[0][at : at + 2] for at in range(len(run[0]))]
    return f" {' '.join(pairs)} "


def spellings(text: str) -> dict[str, str]:
    """The words of a text as it spells them, by what they are folded to."""
    return {fold(word): word for word in _WRITTEN_WORD.findall(text)}


def words_of(text: str) -> list[str]:
    """The folded words of a text; a run of Chinese is one."""
    return _WORD.findall(fold(text))


def is_han(word: str) -> bool:
    """Whether a word is written in Chinese characters."""
    return bool(_IS_HAN.match(word))


@lru_cache(maxsize=8192)
def _stems(word: str) -> frozenset[str]:
    """What a word may be without its ending."""
    sizes = range(max(SHORTEST_STEM, len(word) - LONGEST_ENDING), len(word) + 1)
    return frozenset(word[:size] for size in sizes if _ENDING.fullmatch(word[size:]))


def is_form_of(word: str, other: str) -> bool:
    """Whether two folded words are the same but for what a noun or an adjective ends in."""
    return word == other or not _stems(word).isdisjoint(_stems(other))


def match_expression(
    query: str, *, column: str = "", forms: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> str | None:
    """What a visitor typed as an FTS5 expression: all words must occur, the last may go on.

    None where there is no word in it. Words are quoted, so nothing typed acts as an operator
    (https://www.sqlite.org/fts5.html, section 3). `column` restricts it to one of the index;
    `forms` are other forms of its words, which do as well.
    """
    words = words_of(query[:LONGEST_QUERY])
    # Said twice is asked once; the last goes on wherever it stood before.
    words = [word for at, word in enumerate(words) if word not in words[at + 1 :]]
    terms: list[str] = []
    for at, word in enumerate(words):
        if not is_han(word):
            asked = f'"{word}"' + ("*" if at == len(words) - 1 else "")
            others = [f'"{form}"' for form in forms.get(word, ())]
            terms.append(f"({' OR '.join([asked, *others])})" if others else asked)
        elif len(word) == 1:
            terms.append(f'"{word}"*')
        else:
            pairs = " ".join(word[at : at + 2] for at in range(len(word) - 1))
            terms.append(f'"{pairs}"')
    expression = " AND ".join(terms)
    if not expression:
        return None
    return f"{{{column}}} : ({expression})" if column else expression


def naming(record: Record) -> list[Written]:
    """Every way in which a record is called, with its language; slug and reference come last."""
    called = list(kind_of(record).titled(record).items())
    held = vars(record)
    for field in _NAMING:
        called += texts_in(held.get(field))
    for code, names in held.get("other_names", {}).items():
        called += [(code, name) for name in names]
    if isinstance(record, Meeting):
        # Of several meetings of a series each is called by its day.
        called += _days(record)
    return [*dict.fromkeys(called), ("", record.slug), ("", record.reference)]


def telling(record: Record) -> list[Written]:
    """Every text of a record that is no name of it, with its language."""
    return _telling(record, naming(record))


def _telling(record: Record, called: Iterable[Written]) -> list[Written]:
    """The same, where it is known how the record is called."""
    gist = kind_of(record).gist(record)
    told: list[Written] = list(gist.root.items()) if gist else []
    held = vars(record)
    told += texts_in([held[field] for field in _telling_fields(type(record))])
    for field in _PLAIN:
        value = held.get(field)
        if isinstance(value, str):
            told.append((held.get("language", ""), value))
    for other in held.get("other_wordings", ()):
        told.append((other.language, other.text))
    told += _days(record)
    names = set(called)
    return [written for written in dict.fromkeys(told) if written not in names]


@cache
def _telling_fields(model: type[Record]) -> list[str]:
    """What the record is comes first, and what an editor notes of it last."""
    fields = (field for field in model.model_fields if field not in _NAMING)
    return sorted(fields, key="notes".__eq__)


@cache
def _dated_fields(model: type[Record]) -> list[str]:
    fields = (field for field in model.model_fields if field.endswith("_on"))
    return [field for field in fields if field not in _OF_THE_DATA]


def _days(record: Record) -> list[Written]:
    """Every date of a record's own, as it may be typed."""
    held = vars(record)
    days = dict.fromkeys(held[field] for field in _dated_fields(type(record)))
    return [written for day in days if day for written in written_out(day)]


def indexed(record: Record) -> tuple[list[str], str]:
    """What the index keeps of a record: the words of each of its names, and those of its texts."""
    called = naming(record)
    address = [("", record.url)] if isinstance(record, Source) else []
    names = [index_words(name) for name in _each_once(called)]
    return names, index_words(" ".join(_each_once([*_telling(record, called), *address])))


def _each_once(texts: Iterable[Written]) -> Iterable[str]:
    return dict.fromkeys(text for _, text in texts)


@dataclass(frozen=True)
class Piece:
    """A stretch of a text; `is_marked` where it is what was searched for."""

    text: str
    is_marked: bool = False


@dataclass(frozen=True)
class Excerpt:
    """A part of a text in a language, in pieces that together are what it says."""

    language: LanguageTag
    pieces: Sequence[Piece]


class Highlighter:
    """Finds in texts as they stand what a query found in the index."""

    def __init__(self, query: str) -> None:
        words = words_of(query[:LONGEST_QUERY])
        self._runs = {word for word in words if is_han(word)}
        self._words = list(dict.fromkeys(word for word in words if not is_han(word)))
        self._beginning = words[-1] if words and not is_han(words[-1]) else None

    def pieces(self, text: str) -> list[Piece]:
        """A text in pieces: joined they are the text, whatever it holds."""
        return list(_cut(text, [span for span, _ in self._spans(text)]))

    def excerpt(self, texts: Sequence[Written], language: str) -> Excerpt | None:
        """The part of the text that has most of the words, in the language where it can be.

        None where no text has any.
        """
        best: tuple[tuple[int, bool, int], Written, list[Span]] | None = None
        for at, (code, text) in enumerate(texts):
            found = list(self._spans(text))
            rank = (len({term for _, term in found}), code.partition("-")[0] == language, -at)
            if found and (best is None or rank > best[0]):
                best = rank, (code, text), [span for span, _ in found]
        if best is None:
            return None
        _, (code, text), spans = best
        start, end = _window(text, spans[0])
        inner = [(a - start, b - start) for a, b in spans if start <= a and b <= end]
        before = [Piece("…")] if start else []
        after = [Piece("…")] if end < len(text) else []
        return Excerpt(code, [*before, *_cut(text[start:end], inner), *after])

    def _spans(self, text: str) -> Iterator[tuple[Span, str]]:
        """Where the words stand in a text, in order and apart, each with the word asked for."""
        for match in _WRITTEN_WORD.finditer(text):
            folded = fold(match[0])
            if is_han(match[0]):
                if len(folded) == len(match[0]):
                    yield from self._in_run(folded, match.start())
            else:
                term = next(filter(None, map(self._asked, _WORD.findall(folded))), None)
                if term:
                    yield match.span(), term

    def _asked(self, word: str) -> str | None:
        """The word of the query that a folded word of a text is found by."""
        if word in self._words:
            return word
        if self._beginning and word.startswith(self._beginning):
            return self._beginning
        return next((asked for asked in self._words if is_form_of(word, asked)), None)

    def _in_run(self, folded: str, start: int) -> Iterator[tuple[Span, str]]:
        at = 0
        while at < len(folded):
            found = [run for run in self._runs if folded.startswith(run, at)]
            if not found:
                at += 1
                continue
            longest = max(found, key=len)
            yield (start + at, start + at + len(longest)), longest
            at += len(longest)


def _cut(text: str, spans: Sequence[Span]) -> Iterator[Piece]:
    at = 0
    for start, end in spans:
        if at < start:
            yield Piece(text[at:start])
        yield Piece(text[start:end], is_marked=True)
        at = end
    if at < len(text):
        yield Piece(text[at:])


def _window(text: str, first: Span) -> Span:
    """The stretch of a text to show around a place in it, cut between words."""
    if len(text) <= LONGEST_EXCERPT:
        return 0, len(text)
    start = max(0, min(first[0] - LONGEST_EXCERPT // 3, len(text) - LONGEST_EXCERPT))
    end = start + LONGEST_EXCERPT
    if start:
        space = text.find(" ", start, first[0])
        start = space + 1 if space >= 0 else start
    if end < len(text):
        space = text.rfind(" ", first[1], end)
        end = space if space >= 0 else end
    return start, end


def edits(word: str, other: str, most: int) -> int:
    """How many letters are put in, left out, changed or swapped from one word to another.

    (Optimal string alignment, the restricted Damerau-Levenshtein distance.) Beyond `most` it is
    more than that, and not counted on.
    """
    if abs(len(word) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(word):
        above, before, row = before, row, [at + 1]
        for place, another in enumerate(other):
            cost = min(before[place] + (letter != another), before[place + 1] + 1, row[place] + 1)
            is_swapped = at and place and (letter, word[at - 1]) == (other[place - 1], another)
            row.append(min(cost, above[place - 1] + 1) if is_swapped else cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The most similar of some words, or None where none is similar."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.72)
    return found[0] if found else None
