"""What is read from our fonts is what a reader of whole fonts finds in them."""

import pytest
from PIL import ImageFont

from app.glyphs import UNITS, Font, can_draw, han_font, text_font, title_font


@pytest.mark.parametrize("font", [title_font(), text_font(), han_font()], ids=lambda it: it.family)
def test_names_and_widths_agree_with_an_independent_reader(font: Font) -> None:
    other = ImageFont.truetype(font.path, UNITS)
    assert other.getname() == (font.family, "Regular")
    for character in list(font.widths)[::29]:
        assert other.getlength(character) == font.widths[character], character


def test_every_alphabet_that_a_card_may_need_is_there() -> None:
    gb2312 = {
        bytes((row, cell)).decode("gb2312", "ignore")
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
    } - {""}
    assert len(gb2312) == 6763
    letters = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x400, 0x460)]))
    signs = "ҐґȘșȚț“”‘’„‚«»‹›—–…№€₽¥·•，。、；：？！（）《》「」『』【】％□"
    lacking = [one for one in (*gb2312, *letters, *signs) if not can_draw(one)]
    assert lacking == list("ĬĭĲĳŦŧ"), "Source Serif has none of these six"


def test_no_reserved_name_is_borne() -> None:
    """The licence of Source Serif reserves “Source”; “Noto” is a trademark."""
    for font in (title_font(), text_font(), han_font()):
        assert not {"source", "noto"} & set(font.family.lower().split())
    assert "Reserved Font Name ‘Source’" in (han_font().path.parent / "OFL.txt").read_text()
