"""The miniature seed with something changed, for the tests that need it broken or moved."""

from pathlib import Path

from conftest import WORLD

WORLD_TEXT = (WORLD / "world.yaml").read_text(encoding="utf-8")

Replacement = tuple[str, str]


def changed(folder: Path, *replacements: Replacement) -> Path:
    """A copy of the miniature seed in a folder, with passages replaced that stand in it once."""
    text = WORLD_TEXT
    for former, present in replacements:
        assert text.count(former) == 1, f"{text.count(former)} times in the seed: {former}"
        text = text.replace(former, present)
    seed = folder / "world.yaml"
    seed.write_text(text, encoding="utf-8")
    return seed


def line_of(seed: Path, passage: str) -> int:
    """The line in which a passage of a file begins that stands in it once."""
    text = seed.read_text(encoding="utf-8")
    assert text.count(passage) == 1, f"{text.count(passage)} times in the seed: {passage}"
    return text[: text.index(passage)].count("\n") + 1


def in_files(folder: Path) -> Path:
    """The miniature seed as one file a kind, their names in the order of the one file."""
    folder.mkdir()
    file = folder / "none"
    for line in WORLD_TEXT.splitlines(keepends=True):
        if not line.startswith(" "):
            number = len(list(folder.iterdir()))
            file = folder / f"{number}-{line.strip().removesuffix(':')}.yaml"
        with file.open("a", encoding="utf-8") as stream:
            stream.write(line)
    return folder
