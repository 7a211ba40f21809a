"""What a database was made from: digests of the seed, the program, and the finished file.

They stand beside the database and not in it, so that its bytes are decided by what the records
say, however the seed is cut into files.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

SUFFIXES = {".yaml", ".yml", ".json"}
DIGEST_SUFFIX = ".sha256"


def files_of(seed: Path) -> list[Path]:
    """The files that make up a seed, in the order in which they are read.

    Raises FileNotFoundError where there is none.
    """
    if seed.is_dir():
        found = sorted(
            path for path in seed.iterdir() if path.suffix in SUFFIXES and path.is_file()
        )
    else:
        found = [seed] if seed.is_file() else []
    if not found:
        message = f"no seed at {seed}: give a folder with .yaml or .json files, or one such file"
        raise FileNotFoundError(message)
    return found


def of_seed(seed: Path) -> str:
    """SHA-256 over the names and bytes of the seed's files, in hexadecimal."""
    return _of_files(files_of(seed))


def of_program() -> str:
    """SHA-256 over the program's modules and catalogues: another may build another database."""
    here = Path(__file__).parent
    return _of_files(sorted([*here.rglob("*.py"), *here.rglob("*.po")]))


def of_file(path: Path) -> str:
    """SHA-256 of one file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def beside(database: Path) -> Path:
    """The file that keeps the digests of a database and of what it was made from."""
    return database.with_name(database.name + DIGEST_SUFFIX)


def templates_beside(database: Path) -> Path:
    """The file that keeps the templates compiled, so that serving starts at once."""
    return database.with_name(database.name + ".templates")


def told(database: Path, seed: str) -> str:
    """What stands beside a database that this program makes from a seed of some digest."""
    digests = {"database": of_file(database), "seed": seed, "program": of_program()}
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items())


def is_current(database: Path, seed: Path) -> bool:
    """Whether a database is, byte for byte, what this program has made from a seed."""
    try:
        return beside(database).read_bytes() == told(database, of_seed(seed)).encode()
    except OSError:
        return False


def is_whole(database: Path) -> bool:
    """Whether a database is, byte for byte, what was built, from whichever seed."""
    try:
        return seed_told(database) is not None
    except OSError:
        return False


def seed_told(database: Path) -> str | None:
    """The digest of the seed that a database was built from, or None where it is not whole.

    Raises OSError where it cannot be read.
    """
    lines = beside(database).read_text(encoding="utf-8", errors="replace").splitlines()
    digests = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    return digests.get("seed") if digests.get("database") == of_file(database) else None


def _of_files(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}\n{of_file(path)}\n".encode())
    return digest.hexdigest()
