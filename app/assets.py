"""The static files: read once, each with the digest of its bytes in its address."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

MEDIA_TYPES = {".svg": "image/svg+xml", ".js": "text/javascript; charset=utf-8"}
"""By file ending; the machine's own tables differ from one to the next."""

STYLE = "site.css"
STYLE_PARTS = (
    "layers.css",
    "tokens.css",
    "elements.css",
    "layout.css",
    "components.css",
    "figures.css",
    "print.css",
)
"""One style sheet is sent, written in the parts of static/css in this order."""


@dataclass(frozen=True)
class Asset:
    """One static file as it is sent."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        """The beginning of the SHA-256 of its bytes, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()[:16]


def read_assets(folder: Path) -> dict[str, Asset]:
    """Every static file by name, the parts of the style sheet as one."""
    style = b"".join((folder / "css" / part).read_bytes() for part in STYLE_PARTS)
    assets = {STYLE: Asset("text/css; charset=utf-8", style)}
    for path in sorted(folder.iterdir()):
        if path.is_file():
            assets[path.name] = Asset(MEDIA_TYPES[path.suffix], path.read_bytes())
    return assets
