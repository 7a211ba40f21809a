"""Settings: which wins, and which base address can be used."""

from pathlib import Path

import pytest
from conftest import ROOT

from app.config import Settings, UsageError, settings_from

ENVIRONMENT = {
    "MEETING21_SEED": "seed of the environment",
    "MEETING21_DATABASE": "database of the environment",
    "MEETING21_BASE_URL": "https://environment.example",
}


def test_defaults_are_in_the_projects_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = Settings(ROOT / "seed", ROOT / "build" / "site.db", "http://127.0.0.1:8000")
    assert settings_from({}) == Settings() == expected


def test_default_paths_are_said_from_where_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    settings = settings_from({})
    assert (settings.seed, settings.database) == (Path("seed"), Path("build/site.db"))


def test_environment_wins_over_the_defaults() -> None:
    assert settings_from(ENVIRONMENT, default_base_url="https://default.example") == Settings(
        Path("seed of the environment"),
        Path("database of the environment"),
        "https://environment.example",
    )


def test_what_is_given_wins_over_the_environment() -> None:
    given = settings_from(
        ENVIRONMENT,
        seed="given seed",
        database="given database",
        base_url="https://given.example",
        default_base_url="https://default.example",
    )
    assert given == Settings(Path("given seed"), Path("given database"), "https://given.example")


def test_each_setting_is_decided_by_itself() -> None:
    settings = settings_from({"MEETING21_SEED": "a"}, database="b", default_base_url="http://c")
    assert settings == Settings(Path("a"), Path("b"), "http://c")


def test_empty_variable_is_as_if_it_were_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings_from(dict.fromkeys(ENVIRONMENT, "")) == Settings()


def test_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert settings_from() == settings_from(ENVIRONMENT)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://example.org", "https://example.org"),
        ("https://example.org/", "https://example.org"),
        ("https://example.org/a/path", "https://example.org/a/path"),
        ("https://example.org/a/path/", "https://example.org/a/path"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://xn--e1afmkfd.xn--p1ai", "https://xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_base_address_ends_without_a_slash(given: str, expected: str) -> None:
    assert settings_from({}, base_url=given).base_url == expected


@pytest.mark.parametrize(
    "given",
    [
        "example.org",
        "//example.org",
        "/path",
        "ftp://example.org",
        "javascript:alert(1)",
        "https:",
        "https://",
        "https:///path",
        "https://:8000",
        "https://example.org?a=b",
        "https://example.org?",
        "https://example.org/#part",
        "https://example.org#",
        "https://exa mple.org",
        "https://example.org/a path",
        "https://example.org\n",
        "https://example.org/\r\nSet-Cookie: a=b",
        " https://example.org",
        'https://example.org/"',
        "https://example.org/<b>",
        "http://[::1",
        "http://example.org:port",
        "http://example.org:99999",
    ],
)
def test_base_address_that_is_none_is_refused_in_one_sentence(given: str) -> None:
    with pytest.raises(UsageError) as raised:
        settings_from({}, base_url=given)
    assert "is not a base address; give one such as https://example.org" in str(raised.value)


@pytest.mark.parametrize("given", ["https://пример.рф", "https://example.org/café"])
def test_base_address_has_no_letters_that_headers_cannot_have(given: str) -> None:
    with pytest.raises(UsageError, match=f'"{given}" has letters that no address has; give its'):
        settings_from({}, base_url=given)


@pytest.mark.parametrize(
    ("environment", "default"),
    [({"MEETING21_BASE_URL": "example.org"}, "http://good.example"), ({}, "example.org")],
)
def test_base_address_is_checked_wherever_it_comes_from(
    environment: dict[str, str], default: str
) -> None:
    with pytest.raises(UsageError, match=r'"example\.org" is not a base address'):
        settings_from(environment, default_base_url=default)
