"""Words to and from the search index; the same folding when it is written and when it is asked."""

import re
import unicodedata

LONGEST_QUERY = 200
"""How many characters of a query are searched."""

_BREVE = "\u0306"
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN = re.compile(rf"[{_HAN}]")


def fold(text: str) -> str:
    """A text without case and diacritics: ё is е, é is e; й stays a letter of its own."""
    kept: list[str] = []
    for character in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()):
        if not unicodedata.combining(character) or (
            character == _BREVE and kept and kept[-1] in "иу"
        ):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def index_words(text: str) -> str:
    """A text as the words that the index keeps, separated by spaces.

    Chinese is written without spaces: each run is kept as overlapping pairs and its last
    character, so that any part of it, down to one character, is found as a phrase or a prefix.
    """
    words: list[str] = []
    for word in _WORD.findall(fold(text)):
        if _IS_HAN.match(word):
            words += [word[at : at + 2] for at in range(len(word))]
        else:
            words.append(word)
    return " ".join(words)


def match_expression(query: str) -> str | None:
    """What a visitor typed as an FTS5 expression: all words must occur, the last may go on.

    None where there is no word in it. Words are quoted, so nothing typed acts as an operator
    (https://www.sqlite.org/fts5.html, section 3).
    """
    words = _WORD.findall(fold(query[:LONGEST_QUERY]))
    terms: list[str] = []
    for at, word in enumerate(words):
        if not _IS_HAN.match(word):
            terms.append(f'"{word}"' + ("*" if at == len(words) - 1 else ""))
        elif len(word) == 1:
            terms.append(f'"{word}"*')
        else:
            pairs = " ".join(word[at : at + 2] for at in range(len(word) - 1))
            terms.append(f'"{pairs}"')
    return " AND ".join(terms) or None
