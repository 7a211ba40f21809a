"""QR codes lead where they say, by the word of a reader that knows nothing of ours."""

from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
import zxingcpp
from conftest import Site
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image
from resvg_py import svg_to_bytes

from app.database import open_database
from app.kinds import PAGED
from app.qr import QUIET_ZONE, qr_code
from app.queries import records
from app.urls import record_path

SCALE = 4
SVG = "{http://www.w3.org/2000/svg}"


def picture_of(svg: str) -> Image.Image:
    """The picture, a few pixels a module."""
    side = int(ET.fromstring(svg).attrib["viewBox"].split()[-1])
    png = svg_to_bytes(svg_string=svg, width=SCALE * side, height=SCALE * side)
    return Image.open(BytesIO(png)).convert("L")


def read_back(svg: str) -> str:
    """What a reader sees in a picture, and that it sees a QR code of level M."""
    (found,) = zxingcpp.read_barcodes(picture_of(svg))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    assert found.ec_level == "M"
    return found.text


def test_every_record_is_led_to(site: Site) -> None:
    with open_database(site.database)[0] as session:
        paths = [
            record_path(kind.noun, record.slug)
            for kind in PAGED
            for record in records(session, kind.noun)
        ]
    addresses = [f"https://meeting.example/a/path{path}" for path in paths]
    assert [read_back(qr_code(address, "Code")) for address in addresses] == addresses


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8000/",
        "https://meeting.example/zh/quotes/a?highlight=1&x=%E4%BC%9A#:~:text=%E4%BC%9A,-b",
        "https://meeting.example/" + "long-" * 60,
    ],
)
def test_any_address_is_led_to(address: str) -> None:
    assert read_back(qr_code(address, "Code")) == address


@given(title=some.text(some.characters(codec="utf-8", exclude_categories=["C"])))
def test_a_title_stays_text(title: str) -> None:
    root = ET.fromstring(qr_code("https://meeting.example/", title))
    assert root.findtext(f"{SVG}title") == title
    assert [part.tag for part in root] == [f"{SVG}title", f"{SVG}rect", f"{SVG}path"]


def test_it_is_one_path_without_style_in_a_quiet_zone() -> None:
    svg = qr_code("https://meeting.example/agreements/a", "Code")
    root = ET.fromstring(svg)
    assert root.attrib.keys() == {"viewBox", "role", "shape-rendering"}
    assert "style" not in svg
    picture = picture_of(svg)
    dark = picture.point([255] * 128 + [0] * 128).getbbox()
    zone = SCALE * QUIET_ZONE
    assert dark == (zone, zone, picture.width - zone, picture.height - zone)


def test_the_same_address_makes_the_same_bytes() -> None:
    assert len({qr_code("https://meeting.example/agreements/a", "Code") for _ in range(3)}) == 1
