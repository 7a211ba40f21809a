"""Settings: from the command line, or else the environment, or else the defaults."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder: templates, static files and our own seed stand there."""

# Scheme, authority and path of a generic address (RFC 3986, section 3); no query, no fragment.
_BASE_ADDRESS = re.compile(
    r"https?://(?:[^\s/:?#\[\]@<>\"]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:/[^\s?#<>\"]*)?"
)

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
NO_LOG = "off"
LOGS = (NO_LOG, "common", "json")
"""The forms in which every request can be told on standard output."""


class UsageError(Exception):
    """A setting that cannot be used, in one sentence."""


@dataclass(frozen=True)
class Settings:
    """Where everything is.

    `base_url` is the address under which visitors reach the site, without a slash at its
    end; it may have a path. It comes from here alone, never from a request. `is_export` makes the
    site as it is on a host that only sends files: nothing that is asked with a query is led to.
    `log` is the form in which requests are told; `proxies` are the addresses, parted by commas,
    whose word on who asks is taken for that.
    """

    seed: Path = ROOT / "seed"
    database: Path = ROOT / "build" / "site.db"
    base_url: str = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"
    is_export: bool = False
    log: str = NO_LOG
    proxies: str = ""

    def as_environment(self) -> dict[str, str]:
        """The variables that make the same settings in another process."""
        return {
            "MEETING21_SEED": str(self.seed),
            "MEETING21_DATABASE": str(self.database),
            "MEETING21_BASE_URL": self.base_url,
            "MEETING21_LOG": self.log,
            "MEETING21_PROXIES": self.proxies,
        }


def settings_from(
    environment: Mapping[str, str] | None = None,
    *,
    seed: str | None = None,
    database: str | None = None,
    base_url: str | None = None,
    default_base_url: str = Settings.base_url,
    log: str | None = None,
    proxies: str | None = None,
) -> Settings:
    """Settings from given values, the MEETING21_… variables, and the defaults, in that order.

    Raises UsageError where the base address is not one, or the log or the proxies are none, or
    the database has no name.
    """
    environment = os.environ if environment is None else environment
    seed = seed or environment.get("MEETING21_SEED")
    database = database or environment.get("MEETING21_DATABASE")
    base_url = base_url or environment.get("MEETING21_BASE_URL") or default_base_url
    return Settings(
        seed=Path(seed) if seed else _shown(Settings.seed),
        database=_named(Path(database)) if database else _shown(Settings.database),
        base_url=_checked(base_url),
        log=_known_log(log or environment.get("MEETING21_LOG") or Settings.log),
        proxies=_addresses(proxies or environment.get("MEETING21_PROXIES") or Settings.proxies),
    )


def _shown(path: Path) -> Path:
    """A path as short as it can be said, since mistakes are reported with it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _named(path: Path) -> Path:
    if path.name in {"", ".."}:
        raise UsageError(f"{path} is a folder; give the path of a file, such as build/site.db")
    return path


def _known_log(log: str) -> str:
    if log not in LOGS:
        raise UsageError(f'"{log}" is no form of log; give {", ".join(LOGS[:-1])} or {LOGS[-1]}')
    return log


def _addresses(proxies: str) -> str:
    for proxy in filter(None, proxies.split(",")):
        try:
            ip_network(proxy)
        except ValueError:
            message = f'"{proxy}" is no address of a proxy; give some such as 10.0.0.2,10.1.0.0/16'
            raise UsageError(message) from None
    return proxies


def _checked(base_url: str) -> str:
    match = _BASE_ADDRESS.fullmatch(base_url)
    if not match or int(match["port"] or 0) >= 2**16:
        message = f'"{base_url}" is not a base address; give one such as https://example.org or https://example.org/path'
        raise UsageError(message)
    if not base_url.isascii():
        # As in headers, which have no other letters.
        raise UsageError(
            f'"{base_url}" has letters that no address has; '
            "give its host as xn--… and escape those of its path"
        )
    return base_url.rstrip("/")
