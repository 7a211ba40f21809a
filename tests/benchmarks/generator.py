"""Valid seeds of any size, for measuring: an invented meeting with as many agreements as asked.

`python tests/benchmarks/generator.py DIR N` writes one file a kind; the same N, the same bytes.
Quotes, people, organizations and sources grow with the agreements; sectors, commissions and
moments do not, as a meeting of any size has a few. Words are drawn as they are in real texts:
the commonest stands nearly everywhere, most of them rarely (Zipf's law).
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

SECTORS, COMMISSIONS, MOMENTS, SERIES = 15, 5, 20, 21
COMMONEST = "accord"
"""The word that nearly every agreement has."""
KINDS = (
    "joint-statement",
    "intergovernmental-protocol",
    "plan",
    "contract",
    "announcement",
    "report",
)


@dataclass(frozen=True)
class Size:
    """How many records of each kind there are that grow with the agreements."""

    agreements: int

    @property
    def quotes(self) -> int:
        """Half as many as agreements."""
        return max(2, self.agreements // 2)

    @property
    def people(self) -> int:
        """A fifth."""
        return max(4, self.agreements // 5)

    @property
    def organizations(self) -> int:
        """A twentieth, two governments among them."""
        return max(8, self.agreements // 20)

    @property
    def sources(self) -> int:
        """A fifth."""
        return max(2, self.agreements // 5)


class Prose:
    """Texts in three languages without meaning, always the same for the same seed."""

    def __init__(self, seed: str) -> None:
        self.random = Random(seed)
        latin = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er")]
        cyrillic = [a + b for a in "бвгдзклмнпрст" for b in ("а", "е", "и", "о", "у", "ан", "ор")]
        self.english = [COMMONEST, *_words(latin)]
        self.russian = ["договор", *_words(cyrillic)]
        # The first level of GB 2312: the characters in common use, by sound.
        rows = (bytes([high, low]) for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFA))
        self.chinese = [pair.decode("gb2312") for pair in rows]
        self.weights = {
            id(words): list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
            for words in (self.english, self.russian, self.chinese)
        }

    def words(self, number: int) -> str:
        """English words."""
        return " ".join(self._drawn(self.english, number))

    def text(self, number: int) -> str:
        """A text in every language, as YAML, of about so many words."""
        russian = " ".join(self._drawn(self.russian, number * 2 // 3))
        chinese = "".join(self._drawn(self.chinese, number))
        return f'{{en: "{self.words(number)}", ru: "{russian}", zh: "{chinese}"}}'

    def name(self, number: int, mark: int) -> str:
        """A name in every language, as YAML; a number tells it from all others."""
        russian = " ".join(self._drawn(self.russian, number))
        chinese = "".join(self._drawn(self.chinese, number + 2))
        return (
            f'{{en: {{official: "{self.words(number).capitalize()} {mark}"}}, '
            f'ru: {{descriptive: "{russian.capitalize()} {mark}"}}, '
            f'zh: {{descriptive: "{chinese}{mark}"}}}}'
        )

    def _drawn(self, words: list[str], number: int) -> list[str]:
        return self.random.choices(words, cum_weights=self.weights[id(words)], k=number)


def _words(syllables: list[str]) -> list[str]:
    """Twenty thousand words, the short ones first."""
    two = [one + other for one in syllables for other in syllables]
    three = [one + other for one in two for other in syllables[::7]]
    return [*two, *three][:20_000]


def write(folder: Path, agreements: int) -> None:
    """Write a seed into a new folder, one file a kind, record by record."""
    folder.mkdir(parents=True)
    for noun, records in FILES.items():
        with (folder / f"{noun}.yaml").open("w", encoding="utf-8") as stream:
            stream.write(f"{noun}:\n")
            stream.writelines(records(Size(agreements), Prose(f"{noun} {agreements}")))


def _meeting(size: Size, prose: Prose) -> Iterator[str]:
    yield f"""\
  great-meeting:
    reference: m0
    title: {{en: {{official: The Great Meeting}}, ru: {{descriptive: Большая встреча}}}}
    short_title: {{en: The Great Meeting}}
    number: {SERIES}
    held_on: 2016-11-07
    place: {{en: Lakeport}}
    venue: {{en: {{official: The Old Customs House}}}}
    sides:
      - {{slug: norden, name: {{en: Norden}}, government: party-0, head: person-0}}
      - {{slug: suder, name: {{en: Suder}}, government: party-1, head: person-1}}
    summary: {prose.text(40)}
    series_title: {{en: The great meetings}}
    visit_title: {{en: The visit}}
    founding_source: source-0
    document_count:
      subject: {{en: How many documents there were}}
      accounts:
        - {{text: {{en: "{size.agreements} in all."}}, citations: [{{source: source-0}}]}}
    leading_quote: quote-0
    version: 1.0.0
    released_on: 2016-12
    licence: CC-BY-4.0
    citations: [{{source: source-0}}]
"""


def _agreements(size: Size, prose: Prose) -> Iterator[str]:
    chance = prose.random
    for number in range(size.agreements):
        is_undertaking = number % 5 == 4
        kind = "undertaking" if is_undertaking else KINDS[number % len(KINDS)]
        status = "stated" if is_undertaking else ("signed", "signed", "adopted")[number % 3]
        day = f"2016-{1 + number % 12:02}-{1 + number % 28:02}"
        sectors = ", ".join(f"sector-{at}" for at in {number % SECTORS, number * 7 % SECTORS})
        parties = [0, 1] if number % 2 else chance.sample(range(size.organizations), 2)
        person, other = chance.sample(range(size.people), 2)
        own = (
            f"undertaken_by: [person-{person}]\n    within: [{{agreement: agreement-{number - 1}}}]"
            if is_undertaking
            else f"signatories: [{{person: person-{person}, party: party-0, standing: signed}}, "
            f"{{person: person-{other}, party: party-1, standing: announced}}]"
        )
        yield f"""\
  agreement-{number}:
    reference: a{number}
    title: {prose.name(6, number)}
    kind: {kind}
    status: {status}
    sectors: [{sectors}]
    parties: [{", ".join(f"party-{party}" for party in parties)}]
    {own}
    {status}_on: {day}
    summary: {prose.text(40)}
    citations:
      - {{source: source-{number % size.sources}, locator: paragraph {1 + number % 9}}}
"""


def _quotes(size: Size, prose: Prose) -> Iterator[str]:
    for number in range(size.quotes):
        yield f"""\
  quote-{number}:
    reference: q{number}
    speaker: person-{number % size.people}
    text: "{prose.words(25)}"
    language: en
    occasion: {prose.text(4)}
    event: moment-{number % MOMENTS}
    said_on: 2016-11-0{1 + number % 9}
    sectors: [sector-{number % SECTORS}]
    agreements: [agreement-{number * 3 % size.agreements}]
    citations: [{{source: source-{number * 3 % size.sources}}}]
"""


def _sectors(size: Size, prose: Prose) -> Iterator[str]:
    for number in range(SECTORS):
        yield f"""\
  sector-{number}:
    reference: sec{number}
    name: {prose.text(2)}
    summary: {prose.text(20)}
    citations: [{{source: source-0}}]
"""


def _organizations(size: Size, prose: Prose) -> Iterator[str]:
    for number in range(size.organizations):
        kind = "government" if number < 2 else ("ministry", "company", "union")[number % 3]
        side = "" if kind == "union" else f"\n    side: {('norden', 'suder')[number % 2]}"
        yield f"""\
  party-{number}:
    reference: o{number}
    name: {prose.name(3, number)}
    kind: {kind}{side}
    summary: {prose.text(15)}
    role: {prose.text(10)}
    citations: [{{source: source-{number % size.sources}}}]
"""


def _people(size: Size, prose: Prose) -> Iterator[str]:
    for number in range(size.people):
        yield f"""\
  person-{number}:
    reference: p{number}
    name: {prose.name(2, number)}
    side: {("norden", "suder")[number % 2]}
    post: {prose.text(5)}
    role: {prose.text(12)}
    citations: [{{source: source-{number % size.sources}}}]
"""


def _commissions(size: Size, prose: Prose) -> Iterator[str]:
    for number in range(COMMISSIONS):
        yield f"""\
  commission-{number}:
    reference: c{number}
    name: {prose.name(4, number)}
    ordinal: {number + 1}
    remit: {prose.text(15)}
    sectors: [sector-{number}]
    citations: [{{source: source-0}}]
"""


def _events(size: Size, prose: Prose) -> Iterator[str]:
    for number in range(MOMENTS):
        yield f"""\
  moment-{number}:
    reference: e{number}
    title: {prose.text(4)}
    part: visit
    held_on: 2016-11-0{1 + number // 10}
    summary: {prose.text(15)}
    citations: [{{source: source-0}}]
"""
    for number in range(SERIES):
        yield f"""\
  meeting-{number}:
    reference: s{number}
    title: {prose.text(4)}
    part: series
    number: {number + 1}
    held_on: {2016 - SERIES + number + 1}
    place: {{en: Lakeport}}
    summary: {prose.text(15)}
    citations: [{{source: source-0}}]
"""


def _sources(size: Size, prose: Prose) -> Iterator[str]:
    for number in range(size.sources):
        yield f"""\
  source-{number}:
    reference: src{number}
    title: "{prose.words(8).capitalize()}"
    publisher: {prose.words(2).capitalize()}
    published_on: 2016-11-{1 + number % 28:02}
    date_basis: printed
    language: en
    url: https://example.org/{number}
"""


FILES: dict[str, Callable[[Size, Prose], Iterator[str]]] = {
    "meeting": _meeting,
    "agreements": _agreements,
    "sectors": _sectors,
    "quotes": _quotes,
    "organizations": _organizations,
    "people": _people,
    "commissions": _commissions,
    "events": _events,
    "sources": _sources,
}
"""The records of each kind, one after the other as YAML."""

if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
