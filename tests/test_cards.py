"""Preview cards: every record has one, nothing on it is clipped or missing, its bytes stay."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO

import pytest
from conftest import ROOT, Site
from hypothesis import example, given, settings
from hypothesis import strategies as some
from jinja2 import Environment
from PIL import Image, ImageChops
from sqlmodel import Session

from app.cards import HEIGHT, MARGIN, WIDTH, Drawing, card, laid_out
from app.database import open_database
from app.faces import CardFace, Letterhead, face_of
from app.kinds import KINDS, PAGED
from app.language import LANGUAGES, PUBLISHED
from app.models import Record
from app.pages import meeting_names, record_page
from app.queries import meeting, records
from app.typesetting import ELLIPSIS, SUBSTITUTE, drawable, undrawable

LIMIT = 300_000
"""Messengers drop larger pictures."""
KERNING = 3
"""Pixels by which kerning may move the end of a line that was measured without it."""
MARKS = {"ru": ("«", "»"), "zh-Hant": ("「", "」")}
HARD = some.one_of(
    some.text(max_size=400),
    some.lists(
        some.sampled_from(
            [
                "Совместное коммюнике",
                "中俄政府首脑关于深化和平利用核能领域战略合作的联合声明，",
                "x" * 120,
                "字" * 120,
                "，" * 60,
                "</text><script>alert(1)</script>",
                "&amp; ]]> <!--",
                "line\nbreak\r\n",
                "\u202eright to left\u2066",
                "💡❤\ufe0f",
                "\x00\x08",
                "العربية",
            ]
        ),
        max_size=9,
    ).map(" ".join),
)


placed = cache(laid_out)
"""Where everything stands on a card that several tests look at."""


@dataclass(frozen=True)
class Made:
    """A card's face, and what it is of."""

    noun: str
    slug: str
    language: str
    face: CardFace


@cache
def words() -> dict[str, str]:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    environment.install_null_translations()  # type: ignore[attr-defined]
    source = (ROOT / "templates/words.html").read_text()
    return environment.from_string(source).make_module().words  # type: ignore[attr-defined]


def letterhead(session: Session, language: str) -> Letterhead:
    sides = {
        (noun, record.slug): record.side
        for noun in ("organizations", "people")
        for record in records(session, noun)
    }
    return Letterhead(
        meeting(session), sides, language, words(), str, lambda tag: MARKS.get(tag, ("“", "”"))
    )


def faces(session: Session) -> Iterator[Made]:
    """The face of every record, and of the meeting, in every language of the site."""
    heads = {language: letterhead(session, language) for language in LANGUAGES}
    shown: list[tuple[Record, object]] = [(meeting(session), meeting_names(session))]
    for kind in PAGED:
        for record in records(session, kind.noun):
            page = record_page(session, record)
            assert page
            shown.append((record, page.names))
    for record, names in shown:
        noun = next(noun for noun, kind in KINDS.items() if isinstance(record, kind.model))
        for language in PUBLISHED:
            yield Made(noun, record.slug, language, face_of(record, names, heads[language]))


@pytest.fixture(scope="module")
def made(our_site: Site, world_site: Site) -> list[Made]:
    found: list[Made] = []
    for site in (our_site, world_site):
        with open_database(site.database)[0] as session:
            found += faces(session)
    return found


def of(made: list[Made], noun: str, slug: str, language: str = "en") -> CardFace:
    (found,) = [one for one in made if (one.noun, one.slug, one.language) == (noun, slug, language)]
    return found.face


def title_lines(drawing: Drawing) -> list[str]:
    largest = max(line.style.size for line in drawing.lines)
    return [line.text for line in drawing.lines if line.style.size == largest]


def assert_sound(drawing: Drawing) -> None:
    """Everything stands inside the margins, in its order, in characters that have glyphs."""
    for line in drawing.lines:
        left, right = line.span
        assert left >= MARGIN
        assert right <= WIDTH - MARGIN
        assert line.y - line.style.size * 0.9 >= MARGIN - KERNING
        assert line.y + line.style.size * 0.25 <= HEIGHT - MARGIN
        assert undrawable(line.text) == []
    for rule in drawing.rules:
        assert rule.x >= MARGIN
        assert rule.x + rule.width <= WIDTH - MARGIN
    kicker, foot, *block = drawing.lines
    assert all(kicker.y + 10 < line.y - line.style.size * 0.74 for line in block)
    assert all(line.y + line.style.size * 0.24 < drawing.rules[0].y for line in block)
    assert drawing.rules[0].y < foot.y - foot.style.size


def test_every_record_has_a_card_in_every_language(made: list[Made], our_site: Site) -> None:
    assert {one.noun for one in made} == {kind.noun for kind in PAGED} | {"meeting"}
    for one in made:
        drawing = placed(one.face)
        assert_sound(drawing)
        assert SUBSTITUTE not in "".join(line.text for line in drawing.lines)


def test_only_a_long_quote_that_is_told_in_another_language_too_is_cut(made: list[Made]) -> None:
    cut = []
    for one in made:
        shown = "".join(title_lines(placed(one.face))).replace(" ", "")
        if drawable(one.face.title).replace(" ", "") not in shown:
            cut.append(one.face)
    assert [face.title for face in cut if not face.gloss] == []
    assert [face.title for face in cut if len(face.title) < 120] == []


def drawn(made: list[Made]) -> list[CardFace]:
    """One card of each kind in each language, and the longest titles."""
    first = {(one.noun, one.language): one.face for one in reversed(made)}
    longest = sorted((one.face for one in made), key=lambda face: len(face.title))[-2:]
    return [*first.values(), *longest]


def test_a_card_is_a_small_picture_of_the_right_size(made: list[Made]) -> None:
    for face in drawn(made):
        png = card(face)
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">LL", png[16:24]) == (WIDTH, HEIGHT)
        assert len(png) < LIMIT
        assert_nothing_in_the_margins(png)


def assert_nothing_in_the_margins(png: bytes) -> None:
    picture = Image.open(BytesIO(png)).convert("RGB")
    picture.load()
    paper = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    left, top, right, bottom = ImageChops.difference(picture, paper).getbbox() or (0, 0, 0, 0)
    assert left >= MARGIN - KERNING
    assert top >= MARGIN - KERNING
    assert right <= WIDTH - MARGIN + KERNING
    assert bottom <= HEIGHT - MARGIN + KERNING
    assert right - left > WIDTH / 2
    assert len(picture.getcolors(1 << 20) or ()) > 20


def test_the_same_face_makes_the_same_bytes(made: list[Made]) -> None:
    for face in drawn(made)[:4]:
        assert card(face) == card(face)


@settings(deadline=None)
@given(
    title=HARD,
    kicker=HARD,
    foot=HARD,
    lines=some.lists(HARD, max_size=2),
    sides=some.none() | some.tuples(HARD, HARD),
)
def test_whatever_is_said_is_sound(
    title: str, kicker: str, foot: str, lines: list[str], sides: tuple[str, str] | None
) -> None:
    assert_sound(laid_out(CardFace(kicker, title, foot, sides=sides, lines=tuple(lines[:1]))))
    quote = CardFace(kicker, title, foot, ("“", "”"), gloss=foot, lines=tuple(lines))
    assert_sound(laid_out(quote))


@settings(max_examples=12, deadline=None)
@given(title=HARD, line=HARD)
@example(title="0" * 97 + "@" + "💡" * 8, line="Beijing News (新京報) " * 9)
def test_whatever_is_said_is_drawn_inside_the_margins(title: str, line: str) -> None:
    assert_nothing_in_the_margins(card(CardFace("Kind", title, "Foot", lines=(line,))))


def test_a_short_title_is_large_and_within_the_middle_square() -> None:
    drawing = laid_out(CardFace("Person", "Ada Lind", "Foot"))
    (name,) = (line for line in drawing.lines if line.text == "Ada Lind")
    assert name.style.size > 70
    assert name.span[0] > (WIDTH - HEIGHT) / 2


def test_a_title_shrinks_before_it_is_cut() -> None:
    sizes = []
    for count in (2, 12, 24, 90):
        drawing = laid_out(CardFace("Kind", "Protocol " * count, "Foot"))
        sizes.append(max(line.style.size for line in drawing.lines))
        assert title_lines(drawing)[-1].endswith(ELLIPSIS) is (count == 90)
    assert sizes == sorted(set(sizes), reverse=True)


def test_the_marks_of_a_quote_hang() -> None:
    text = "A dark strait is a closed strait, and we mean to open it. " * 3
    opening, first, *rest = laid_out(CardFace("Quote", text, "Foot", ("“", "”"))).lines[2:]
    assert opening.text == "“"
    assert opening.span[1] == pytest.approx(first.span[0])
    assert {line.span[0] for line in rest} == {first.span[0]}
    assert rest[-1].text.endswith("”")


def test_the_accents_stand_only_where_two_sides_are_told(made: list[Made]) -> None:
    for one in made:
        drawing = placed(one.face)
        colours = {part.colour for part in (*drawing.lines, *drawing.rules)}
        assert ("first-side" in colours) is ("second-side" in colours) is bool(one.face.sides)


def test_markup_in_a_title_stays_text(made: list[Made]) -> None:
    face = of(made, "quotes", "league-on-both")
    assert "<b>&amp;" in face.title
    assert "<b>&amp;" in " ".join(title_lines(laid_out(face)))


def test_an_agreement_names_its_kind_parties_and_date(made: list[Made]) -> None:
    face = of(made, "agreements", "lighting-protocol")
    assert face == CardFace(
        kicker="Intergovernmental protocol",
        title="Protocol on Lighting the Strait",
        foot="The Third Meeting · Lakeport · 1994-03-02",
        sides=("Council of Norden", "Council of Suder"),
        lines=("Signed · 1994-03-02",),
    )
    chinese = of(made, "agreements", "lighting-protocol", "zh")
    assert chinese.title == "海峡照明议定书"


def test_an_undertaking_of_one_side_names_nobody_else(made: list[Made]) -> None:
    face = of(made, "agreements", "lamp-oil")
    assert face.kicker == "Undertaking"
    assert face.sides is None
    assert face.lines == ("Ada Lind", "1994-03-02 · Disputed")


def test_a_quote_in_another_language_is_told_in_the_reader_s(made: list[Made]) -> None:
    face = of(made, "quotes", "marsh-on-oil")
    assert (face.title, face.marks) == ("灯光，先要有油！", ("「", "」"))
    assert face.gloss == "He said that light needs oil first."
    assert face.lines == ("Bo Marsh · 1994-03",)
    assert of(made, "quotes", "marsh-on-oil", "zh").gloss == ""


def test_a_quote_is_shown_first_in_the_readers_language(world_session: Session) -> None:
    quote = next(one for one in records(world_session, "quotes") if one.slug == "lind-on-light")
    page = record_page(world_session, quote)
    assert page
    told = {"language": "ru", "text": "Тёмный пролив — закрытый пролив."}
    vars(quote)["other_wordings"] = [one.model_copy(update=told) for one in quote.other_wordings]
    face = face_of(quote, page.names, letterhead(world_session, "ru"))
    assert face.title == told["text"]
    assert face.gloss == ""


def test_a_name_is_not_parted_where_its_line_has_room(made: list[Made]) -> None:
    for language, name in (
        ("ru", "Дмитрий Анатольевич Медведев"),
        ("zh", "德米特里·阿纳托利耶维奇·梅德韦杰夫"),
    ):
        drawing = laid_out(of(made, "quotes", "medvedev-key-issues", language))
        assert [line.text for line in drawing.lines if name in line.text], language


def test_an_organization_speaks_as_well(made: list[Made]) -> None:
    assert of(made, "quotes", "league-on-both").lines == ("League of Harbours",)


def test_the_meeting_stands_between_its_heads(made: list[Made]) -> None:
    face = of(made, "meeting", "lakeport-1994", "ru")
    assert face.title == "Третья встреча портовых советов"
    assert face.kicker == "Meeting"
    assert face.foot == "Третья встреча портовых советов · 1994-03-02"
    assert of(made, "meeting", "lakeport-1994").sides == ("Ada Lind", "Bo Marsh")
