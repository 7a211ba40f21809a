"""The catalogues of interface texts: which languages have one, and what it says.

A catalogue is `locale/LANGUAGE/LC_MESSAGES/messages.po` (gettext), its folder named as Babel
names the language: `ru`, `zh_Hans`. It is read as it is, so that nothing has to be compiled.
"""

import gettext
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
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


class _Translations(gettext.NullTranslations):
    """A catalogue as gettext uses it, without the file in between that gettext would read."""

    def __init__(self, told: Catalog) -> None:
        super().__init__()
        self.form = gettext.c2py(told.plural_expr)
        self.texts: dict[Any, Any] = {
            message.id: message.string for message in told if not message.fuzzy
        }

    def gettext(self, message: str) -> str:
        """What stands for a text, or itself."""
        return str(self.texts.get(message) or message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """What stands for a text with a number in it, in the form that the number asks for."""
        forms = self.texts.get((msgid1, msgid2))
        return str((forms and forms[self.form(n)]) or (msgid1 if n == 1 else msgid2))


def translations(name: str) -> gettext.NullTranslations:
    """A catalogue as gettext uses it; without one, every text stays as it is in the program."""
    return _Translations(catalogue(name)) if name in names() else gettext.NullTranslations()
