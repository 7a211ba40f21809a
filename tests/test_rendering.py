"""Templates as programs: the same in every language, and ready at the start."""

import hashlib
import marshal
import os
from pathlib import Path

import pytest
from conftest import ROOT, Site
from jinja2 import DictLoader, Environment, UndefinedError, nodes
from markupsafe import Markup
from starlette.testclient import TestClient

from app import edition
from app.config import Settings
from app.main import create_app
from app.rendering import Compiled, compile_templates
from app.site import open_site


def test_compiled_templates_make_the_same_pages_at_once(
    world_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "site.db"
    database.write_bytes(world_site.database.read_bytes())
    edition.beside(database).write_bytes(edition.beside(world_site.database).read_bytes())
    settings = Settings(world_site.seed, database, "https://meeting.example")
    renderer = open_site(settings).renderers["en"]
    compile_templates(renderer, edition.templates_beside(database))

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a template was compiled")

    expected = [world_site.client.get(path).content for path in ("/", "/ru", "/zh/about")]
    monkeypatch.setattr(Environment, "compile", refused)
    client = TestClient(create_app(settings))
    assert [client.get(path).content for path in ("/", "/ru", "/zh/about")] == expected


def test_templates_of_another_jinja_are_not_taken(world_site: Site, tmp_path: Path) -> None:
    file = tmp_path / "templates"
    settings = Settings(world_site.seed, world_site.database, "https://meeting.example")
    compile_templates(open_site(settings).renderers["en"], file)
    assert Compiled(file).ready
    size = hashlib.sha256().digest_size
    programs = marshal.loads(file.read_bytes()[size:])[1]
    assert programs == Compiled(file).ready
    other = marshal.dumps(("0.0", programs))
    file.write_bytes(hashlib.sha256(other).digest() + other)
    assert not Compiled(file).ready


def test_damaged_templates_are_not_taken(world_site: Site, tmp_path: Path) -> None:
    file = tmp_path / "templates"
    settings = Settings(world_site.seed, world_site.database, "https://meeting.example")
    compile_templates(open_site(settings).renderers["en"], file)
    whole = file.read_bytes()
    for at in (0, 40, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not Compiled(file).ready, at
        file.write_bytes(whole[:at])
        assert not Compiled(file).ready, at


def test_templates_that_somebody_else_can_have_written_are_not_taken(
    world_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, link = tmp_path / "templates", tmp_path / "link"
    settings = Settings(world_site.seed, world_site.database, "https://meeting.example")
    former = os.umask(0)
    try:
        compile_templates(open_site(settings).renderers["en"], file)
    finally:
        os.umask(former)
    assert Compiled(file).ready
    for mode in (0o664, 0o646):
        file.chmod(mode)
        assert not Compiled(file).ready, mode
    file.chmod(0o644)
    link.symlink_to(file)
    assert not Compiled(link).ready
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    assert not Compiled(file).ready


def test_what_can_not_be_read_is_no_compiled_template(tmp_path: Path) -> None:
    folder, pipe, nonsense = (tmp_path / name for name in ("folder", "pipe", "nonsense"))
    folder.mkdir()
    os.mkfifo(pipe)
    for programs in (marshal.dumps(7), marshal.dumps((1, 2, 3)), b"", b"?", b"("):
        nonsense.write_bytes(hashlib.sha256(programs).digest() + programs)
        assert not Compiled(nonsense).ready, programs
    for place in (folder, pipe, tmp_path / "nothing", nonsense / "below"):
        assert not Compiled(place).ready, place


def test_no_filter_is_given_a_constant() -> None:
    """Jinja would compute it when it compiles, in one language for all of them."""
    environment = Environment(extensions=["jinja2.ext.i18n"])
    for path in (ROOT / "templates").rglob("*.*"):
        for used in environment.parse(path.read_text()).find_all(nodes.Filter):
            assert not isinstance(used.node, nodes.Const), path


def test_a_template_reads_calls_and_escapes_as_jinja_says(world_site: Site) -> None:
    made = open_site(Settings(world_site.seed, world_site.database, "https://meeting.example"))
    ours = made.renderers["en"].environment.overlay(loader=DictLoader({}))
    theirs = Environment(autoescape=True, undefined=ours.undefined)
    shown = {"held": {"a": "<1>", "b": 2}, "markup": Markup("<b>"), "text": "<'&>", "none": None}
    macro = "{% macro one(a, b='<') %}{{ a }}{{ b }}{% endmacro %}"
    called = "{% macro two(a) %}{{ caller() }}{{ a }}{% endmacro %}"
    for source in (
        "{{ text }}{{ markup }}{{ none }}{{ 1 < 2 }}{{ held['a'] }}{{ text[1:] }}",
        "{{ held.get('c', '<') }}{{ held.get(*['b']) }}{{ '{class}'.format(class=text) }}",
        macro + "{{ one(1) }}{{ one(1, text) }}{{ one(b=2, a=markup) }}",
        macro + "{% set said %}{{ one(text, 3) }}{% endset %}{{ said }}",
        called + "{% call two(text) %}<i>{% endcall %}",
        called + "{% for a in 'ab' %}{% call two(a) %}{{ loop.index }}{% endcall %}{% endfor %}",
    ):
        assert ours.from_string(source).render(shown) == theirs.from_string(source).render(shown)
    for source in ("{{ unknown }}", "{{ unknown.a }}", "{{ unknown() }}", "{{ unknown['a'] }}"):
        with pytest.raises(UndefinedError):
            ours.from_string(source).render(shown)
    for source, error in (("{{ text.unknown }}", AttributeError), ("{{ held['z'] }}", KeyError)):
        with pytest.raises(error):
            ours.from_string(source).render(shown)
