"""The catalogues of interface texts: which languages have one, and what it says.

A catalogue is `locale/LANGUAGE/LC_MESSAGES/messages.po` (gettext), its folder named as Babel
names the language: `ru`, `zh_Hans`. It is read as it is, so that nothing has to be compiled.
"""

import gettext
import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "locale"


def names() -> list[str]:
    """The languages that there is a catalogue for, in order of their names."""
    return sorted(path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/messages.po"))


def path_of(name: str) -> Path:
    """The file of a catalogue."""
    return FOLDER / name / "LC_MESSAGES" / "messages.po"


def place_of(name: str) -> str:
    """The same as an editor is told it: from the folder that the program is in."""
    return path_of(name).relative_to(FOLDER.parent.parent).as_posix()


def catalogue(name: str) -> Catalog:
    """What a catalogue says. Raises PoFileError where it is not one."""
    with path_of(name).open("rb") as stream:
        return read_po(stream, locale=name, abort_invalid=True)


def translations(name: str) -> gettext.NullTranslations:
    """A catalogue as gettext uses it; without one, every text stays as it is in the program."""
    if name not in names():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(name))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
