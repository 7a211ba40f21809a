"""QR codes: an address as an SVG picture (ISO/IEC 18004), to print or to hold a telephone to."""

import re

from markupsafe import Markup

QUIET_ZONE = 4
"""Modules left free on every side, as the standard asks (section 6.3.8)."""

_SVG = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img"'
    ' shape-rendering="crispEdges"><title>{title}</title>'
    '<rect width="{side}" height="{side}" fill="#fff"/><path d="{path}" fill="#000"/></svg>\n'
)


def qr_code(address: str, title: str) -> str:
    """The SVG of an address, at error correction level M; `title` says what it is a code of.

    A module is one unit of the picture, which has no size of its own. It is black on white by
    night as well, since many readers take no other.
    """
    # The site starts without it.
    import segno

    code = segno.make_qr(address, error="m", boost_error=False)
    runs = (
        f"M{run.start() + QUIET_ZONE} {y + QUIET_ZONE}h{len(run[0])}v1h-{len(run[0])}z"
        for y, row in enumerate(code.matrix)
        for run in re.finditer("\x01+", bytes(row).decode())
    )
    side = len(code.matrix) + 2 * QUIET_ZONE
    return _SVG.format(side=side, title=title, path="".join(runs))
