"""Rules across records: for each a miniature seed that breaks it, and only it."""

from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import SEED, WORLD
from miniature import WORLD_TEXT, Replacement, changed, line_of

from app.checks import CHECKS, mistakes_of, there_is_one_meeting
from app.cli import main
from app.seed import read

MEETING = WORLD_TEXT[: WORLD_TEXT.index("agreements:\n")]
SECOND_MEETING = (
    MEETING.removeprefix("meeting:\n")
    .replace("lakeport-1994:", "lakeport-again:")
    .replace("reference: m0", "reference: m9")
    .replace("ferry-contract", "ferry-contract-again")
    .replace("reference: a9", "reference: a99")
)
LOST_LEAFLET = """
  lost-leaflet:
    reference: s3
    title: Leaflet
    publisher: Unknown
    language: en
    url: https://example.org/leaflet
"""


class Witness(NamedTuple):
    """A change of the miniature seed, and what is said of it.

    `mistakes` maps a passage of the changed seed, in whose line the mistake stands, to the rest
    of the sentence.
    """

    check: str
    replacements: list[Replacement]
    mistakes: dict[str, str]


WITNESSES = {
    "list names no record": Witness(
        "references_lead_somewhere",
        [
            (
                "    commissions: [lamp-commission]\n    citations:",
                "    commissions: [lump-comission]\n    citations:",
            )
        ],
        {
            "commissions: [lump-comission]": (
                'agreements.lighting-protocol.commissions.0: no commission "lump-comission" '
                '(did you mean "lamp-commission"?)'
            )
        },
    ),
    "part of a record names no record": Witness(
        "references_lead_somewhere",
        [("{person: ada-lind, side: norden}", "{person: nobody, side: norden}")],
        {"{person: nobody": ('commissions.lamp-commission.co_chairs.0.person: no person "nobody"')},
    ),
    "reference to a record of another kind": Witness(
        "references_lead_somewhere",
        [("part_of: league-of-harbours", "part_of: ada-lind")],
        {
            "part_of: ada-lind": (
                'organizations.council-of-suder.part_of: no organization "ada-lind"'
            )
        },
    ),
    "citation of no source": Witness(
        "references_lead_somewhere",
        [("{source: lakeport-gazette-1994, locator: paragraph 10}", "{source: lakeport-1994}")],
        {
            "{source: lakeport-1994}": (
                'commissions.lamp-commission.citations.0.source: no source "lakeport-1994" '
                '(did you mean "lakeport-gazette-1994"?)'
            )
        },
    ),
    "empty list of citations": Witness(
        "records_are_cited",
        [
            (
                "citations: [{source: lakeport-gazette-1994, locator: paragraph 1}]\n  fishing:",
                "citations: []\n  fishing:",
            )
        ],
        {
            "citations: []": (
                "sectors.lights.citations: cites no source; add at least one under citations"
            )
        },
    ),
    "no list of citations": Witness(
        "records_are_cited",
        [
            (
                "  citations: [{source: lakeport-gazette-1994, locator: paragraph 1}]\n  fishing:",
                "\n  fishing:",
            )
        ],
        {
            "  lights:\n": (
                "sectors.lights.citations: cites no source; add at least one under citations"
            )
        },
    ),
    "family name that is not in the name": Witness(
        "family_names_are_in_names",
        [("family_name: {en: Lind, ru: Линд}", "family_name: {en: Lund, ru: Линд}")],
        {
            "family_name: {en: Lund": (
                'people.ada-lind.family_name.en: "Lund" neither begins nor ends the name "Ada Lind"'
            )
        },
    ),
    "author's family name that is not in the name": Witness(
        "family_names_are_in_names",
        [("author_family_name: Quill", "author_family_name: Quell")],
        {
            "author_family_name: Quell": (
                "sources.lakeport-gazette-1994.author_family_name: "
                '"Quell" neither begins nor ends the name "R. Quill"'
            )
        },
    ),
    "source of nothing": Witness(
        "sources_are_used",
        [("    note: {en: Seen in a copy.}\n", "    note: {en: Seen in a copy.}" + LOST_LEAFLET)],
        {
            "lost-leaflet": (
                "sources.lost-leaflet: no record cites this source; cite it or take it out"
            )
        },
    ),
    "same reference in a kind": Witness(
        "references_are_unique",
        [("reference: sec2", "reference:  sec1")],
        {
            "reference:  sec1": (
                'sectors.fishing.reference: "sec1" is the reference of sectors.lights already'
            )
        },
    ),
    "same reference in two kinds": Witness(
        "references_are_unique",
        [("reference: s2", "reference: e1 # again")],
        {
            "# again": (
                'sources.strait-courier-1994.reference: "e1" is the reference of '
                "events.opening already"
            )
        },
    ),
    "alias that is a slug": Witness(
        "aliases_are_free",
        [("reference: sec2", "reference: sec2\n    aliases: [lights]")],
        {
            "aliases: [lights]": (
                'sectors.fishing.aliases: "lights" is the slug of a record already'
            )
        },
    ),
    "alias that is its own slug": Witness(
        "aliases_are_free",
        [("reference: sec2", "reference: sec2\n    aliases: [fishing]")],
        {
            "aliases: [fishing]": (
                'sectors.fishing.aliases: "fishing" is the slug of a record already'
            )
        },
    ),
    "alias of two records": Witness(
        "aliases_are_free",
        [
            ("reference: sec1", "reference: sec1\n    aliases: [lamps]"),
            ("reference: sec2", "reference: sec2\n    aliases: [herring, lamps]"),
        ],
        {"aliases: [herring": ('sectors.fishing.aliases: "lamps" is an alias of lights already')},
    ),
    "withdrawn slug that is in use": Witness(
        "the_withdrawn_stay_away",
        [("slug: ferry-contract", "slug: herring-plan")],
        {
            "slug: herring-plan": (
                'meeting.lakeport-1994.withdrawn.0.slug: "herring-plan" was withdrawn, and belongs '
                "to agreements.herring-plan"
            )
        },
    ),
    "withdrawn slug that is an alias": Witness(
        "the_withdrawn_stay_away",
        [("slug: ferry-contract", "slug: strait-protocol")],
        {
            "slug: strait-protocol": (
                'meeting.lakeport-1994.withdrawn.0.slug: "strait-protocol" was withdrawn, and '
                "belongs to agreements.lighting-protocol"
            )
        },
    ),
    "withdrawn reference that is in use": Witness(
        "the_withdrawn_stay_away",
        [("reference: a9", "reference: q2 # withdrawn")],
        {
            "# withdrawn": (
                'meeting.lakeport-1994.withdrawn.0.reference: "q2" was withdrawn, and belongs to '
                "quotes.marsh-on-oil"
            )
        },
    ),
    "withdrawn record of no kind": Witness(
        "the_withdrawn_stay_away",
        [("kind: agreements\n", "kind: agreement\n")],
        {
            "kind: agreement\n": (
                'meeting.lakeport-1994.withdrawn.0.kind: no kind "agreement" '
                '(did you mean "agreements"?)'
            )
        },
    ),
    "record withdrawn twice": Witness(
        "the_withdrawn_stay_away",
        [
            (
                "    withdrawn:\n",
                (
                    "    withdrawn:\n"
                    "      - {kind: agreements, slug: ferry-contract, reference: a8, "
                    "withdrawn_on: 1994, reason: {en: Twice.}}\n"
                ),
            )
        ],
        {
            "slug: ferry-contract\n": (
                'meeting.lakeport-1994.withdrawn.1.slug: "ferry-contract" was withdrawn, and '
                "belongs to lakeport-1994.withdrawn.0"
            )
        },
    ),
    "two meetings": Witness(
        "there_is_one_meeting",
        [("agreements:\n  lighting", SECOND_MEETING + "agreements:\n  lighting")],
        {"meeting:\n  lakeport-1994": "meeting: exactly one meeting is needed, found 2"},
    ),
    "third side": Witness(
        "the_meeting_has_two_sides",
        [
            (
                "head: bo-marsh}\n",
                (
                    "head: bo-marsh}\n      - {slug: third, name: {en: Third}, "
                    "government: council-of-suder, head: bo-marsh}\n"
                ),
            )
        ],
        {"sides:": ("meeting.lakeport-1994.sides: exactly two different sides are needed")},
    ),
    "person of no side": Witness(
        "sides_exist",
        [("side: norden\n    post", "side: nordan\n    post")],
        {"side: nordan": ('people.ada-lind.side: no side "nordan" (did you mean "norden"?)')},
    ),
    "member and chair of no side": Witness(
        "sides_exist",
        [
            ("{side: suder, standing: non-member", "{side: x, standing: non-member"),
            ("{person: bo-marsh, side: suder", "{person: bo-marsh, side: y"),
        ],
        {
            "{side: x": 'organizations.league-of-harbours.memberships.1.side: no side "x"',
            "side: y": 'commissions.lamp-commission.co_chairs.1.side: no side "y"',
        },
    ),
    "doubt without a reason": Witness(
        "doubts_have_reasons",
        [("    certainty_reason: {en: Only one paper names it.}\n", "")],
        {
            "  herring-plan:": (
                "agreements.herring-plan.certainty_reason: required, since it is not attested"
            )
        },
    ),
    "doubtful passage without a reason": Witness(
        "doubts_have_reasons",
        [("        certainty_reason: {en: Told by one witness.}\n", "")],
        {
            "- heading: {en: Weather}": (
                "meeting.lakeport-1994.passages.0.certainty_reason: "
                "required, since it is not attested"
            )
        },
    ),
    "two speakers": Witness(
        "quotes_have_one_speaker",
        [("speaker: bo-marsh", "speaker: bo-marsh\n    speaking_organization: council-of-suder")],
        {
            "speaker: bo-marsh": (
                "quotes.marsh-on-oil.speaker: give either speaker or speaking_organization"
            )
        },
    ),
    "no speaker": Witness(
        "quotes_have_one_speaker",
        [("    speaker: bo-marsh\n", "")],
        {
            "  marsh-on-oil:": (
                "quotes.marsh-on-oil.speaker: give either speaker or speaking_organization"
            )
        },
    ),
    "signed undertaking": Witness(
        "undertakings_keep_apart",
        [
            (
                "    undertaken_by: [ada-lind]\n",
                (
                    "    undertaken_by: [ada-lind]\n"
                    "    signatories: [{person: ada-lind, standing: signed}]\n"
                ),
            )
        ],
        {
            "  lamp-oil:": (
                "agreements.lamp-oil: an undertaking has no signatories or texts; its document has"
            )
        },
    ),
    "document within another": Witness(
        "undertakings_keep_apart",
        [("    status: reported\n", "    status: reported\n    within: [{agreement: lamp-oil}]\n")],
        {
            "  herring-plan:": (
                "agreements.herring-plan: within and undertaken_by belong to undertakings only"
            )
        },
    ),
    "within nothing": Witness(
        "undertakings_keep_apart",
        [("      - {agreement: lighting-protocol}\n", "      - {locator: article 1}\n")],
        {
            "{locator: article 1}": (
                "agreements.lamp-oil.within.0: give either agreement, or source with locator"
            )
        },
    ),
    "source without a title or a description": Witness(
        "sources_are_named",
        [("    description: {en: Report on the meeting}\n", "")],
        {
            "  strait-courier-1994:\n": (
                "sources.strait-courier-1994.title: "
                "give title as printed, or description where none was seen"
            )
        },
    ),
    "source with both": Witness(
        "sources_are_named",
        [("title: The Councils Meet", "title: The Councils Meet\n    description: {en: Report}")],
        {
            "title: The Councils Meet": (
                "sources.lakeport-gazette-1994.title: "
                "give title as printed, or description where none was seen"
            )
        },
    ),
    "in force before it is signed": Witness(
        "dates_are_in_order",
        [("in_force_on: 1994-05", "in_force_on: 1994-02")],
        {
            "in_force_on: 1994-02": (
                "agreements.lighting-protocol.in_force_on: 1994-02 is before signed_on 1994-03-02"
            )
        },
    ),
    "end before its beginning": Witness(
        "dates_are_in_order",
        [("    time_of_day: {en: morning}\n", "    ended_on: 1994-03-01\n")],
        {
            "ended_on: 1994-03-01": (
                "events.opening.ended_on: 1994-03-01 is before held_on 1994-03-02"
            )
        },
    ),
    "support of a language that is not there": Witness(
        "citations_name_fields",
        [("fields: [name.ru, founded_on]", "fields: [founded_on, name.tr]")],
        {
            "fields: [founded_on, name.tr]": (
                "organizations.league-of-harbours.citations.0.fields: "
                'the record has no "name.tr" that this could support'
            )
        },
    ),
    "support of a field that is empty": Witness(
        "citations_name_fields",
        [("fields: [title.en, signed_on]", "fields: [title.en, adopted_on]")],
        {
            "fields: [title.en, adopted_on]": (
                "agreements.lighting-protocol.citations.0.fields: "
                'the record has no "adopted_on" that this could support'
            )
        },
    ),
    "support of what is no field": Witness(
        "citations_name_fields",
        [("fields: [title.en, signed_on]", "fields: [title.en, dated_on]")],
        {
            "fields: [title.en, dated_on]": (
                "agreements.lighting-protocol.citations.0.fields: "
                'the record has no "dated_on" that this could support'
            )
        },
    ),
    "text in another language": Witness(
        "texts_are_in_known_languages",
        [("place: {en: Lakeport}\n    venue", "place: {en: Lakeport, fr: Lacport}\n    venue")],
        {
            "fr: Lacport": (
                'meeting.lakeport-1994.place: no language "fr" here; known are en, ru, zh'
            )
        },
    ),
    "name in another language, deep inside": Witness(
        "texts_are_in_known_languages",
        [("note: {en: It only observes.}", "note: {en: It only observes., zh-Hant: 只看}")],
        {
            "memberships:": (
                "organizations.league-of-harbours.memberships: "
                'no language "zh-Hant" here; known are en, ru, zh'
            )
        },
    ),
    "quote in a language without a name": Witness(
        "languages_have_names",
        [("language: zh-Hant\n    occasion", "language: qzx\n    occasion")],
        {"language: qzx": 'quotes.marsh-on-oil.language: "qzx" is no language that can be named'},
    ),
    "other wording in a language without a name": Witness(
        "languages_have_names",
        [("language: ar", "language: qzx")],
        {
            "language: qzx": (
                "quotes.lind-on-light.other_wordings.0.language: "
                '"qzx" is no language that can be named'
            )
        },
    ),
    "document to be read in a language without a name": Witness(
        "languages_have_names",
        [("{language: en, source", "{language: qzx, source")],
        {
            "language: qzx": (
                "agreements.lighting-protocol.texts.0.language: "
                '"qzx" is no language that can be named'
            )
        },
    ),
    "title and quote with characters that no card can show": Witness(
        "titles_can_be_drawn",
        [
            ("zh: {official: 海峡照明议定书}", "zh: {official: 海峡照明议定书سس💡}"),
            ("text: 灯光，先要有油！", "text: 灯光，先要有油！ﷺ"),
        ],
        {
            "海峡照明议定书سس💡": (
                "agreements.lighting-protocol.title.zh: the fonts of the preview cards cannot draw "
                '"س" (U+0633), "💡" (U+1F4A1); static/fonts/README.md says how to add to them'
            ),
            "text: 灯光，先要有油！ﷺ": (
                "quotes.marsh-on-oil.text: the fonts of the preview cards cannot draw "
                '"ﷺ" (U+FDFA); static/fonts/README.md says how to add to them'
            ),
        },
    ),
}


def said_of(seed: Path) -> list[str]:
    """Every mistake of a seed, as it is printed."""
    return [str(mistake) for mistake in mistakes_of(read(seed))]


@pytest.mark.parametrize("seed", [WORLD, SEED], ids=["miniature", "ours"])
def test_good_seed_has_no_mistake(seed: Path) -> None:
    assert said_of(seed) == []


@pytest.mark.parametrize("name", WITNESSES)
def test_broken_rule_is_the_only_one_named(tmp_path: Path, name: str) -> None:
    witness = WITNESSES[name]
    path = changed(tmp_path, *witness.replacements)
    expected = [
        (line_of(path, passage), sentence) for passage, sentence in witness.mistakes.items()
    ]
    seed = read(path)
    said = [str(mistake) for mistake in mistakes_of(seed)]
    assert said == [f"{path}:{line}: {sentence}" for line, sentence in sorted(expected)]
    entries = list(seed.entries())
    broken = [
        check.__name__
        for check in CHECKS
        for rule in [check(seed)]
        if [mistake for entry in entries for mistake in rule(entry)]
    ]
    assert [*broken, *(["there_is_one_meeting"] if list(there_is_one_meeting(seed)) else [])] == [
        witness.check
    ]


def test_seed_without_a_meeting_is_named(tmp_path: Path) -> None:
    seed = changed(tmp_path, (MEETING, ""))
    assert said_of(seed) == [f"{seed}:1: meeting: exactly one meeting is needed, found 0"]


def test_file_that_can_not_be_read_is_the_only_mistake(tmp_path: Path) -> None:
    seed = changed(tmp_path, ("number: 2", "number: [2"))
    (mistake,) = mistakes_of(read(tmp_path))
    assert (mistake.file, mistake.path) == (str(seed), "")
    assert mistake.message.startswith("not YAML: ")


def test_file_that_can_not_be_read_does_not_hide_the_mistakes_of_others(tmp_path: Path) -> None:
    seed = changed(tmp_path, ("reference: sec2", "reference: sec-2"))
    other = tmp_path / "zebra.yaml"
    other.write_text("sources: [")
    found = [(mistake.file, mistake.path) for mistake in mistakes_of(read(tmp_path))]
    assert found == [(str(seed), "sectors.fishing.reference"), (str(other), "")]


def test_every_check_has_a_witness() -> None:
    witnessed = {witness.check for witness in WITNESSES.values()}
    assert witnessed == {check.__name__ for check in (there_is_one_meeting, *CHECKS)}


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("in_force_on: 1994-05", "in_force_on: 1994-03"),
        ("in_force_on: 1994-05", "in_force_on: 1994"),
        ("in_force_on: 1994-05", "in_force_on: 1994-03-02"),
        ("    time_of_day: {en: morning}\n", "    ended_on: 1994-03-02\n"),
        ("reference: sec2", "reference: sec2\n    aliases: [ada-lind]"),
        ("fields: [title.en, signed_on]", "fields: [signatories, in_force_on, title.zh]"),
        ("other_names: {en: [Old Marsh]}", "other_names: {fr: [Le vieux Marsh]}"),
    ],
)
def test_what_breaks_no_rule_is_let_be(tmp_path: Path, former: str, present: str) -> None:
    assert said_of(changed(tmp_path, (former, present))) == []


TEN_MISTAKES: list[tuple[Replacement, str]] = [
    (
        (
            "short_title: {en: The Third Meeting}\n    number: 3",
            "short_title: {en: The Third Meeting}\n    number: three",
        ),
        'meeting.lakeport-1994.number: "three" is not a whole number',
    ),
    (
        ("in_force_on: 1994-05", "in_force_on: 1994-01"),
        "agreements.lighting-protocol.in_force_on: 1994-01 is before signed_on 1994-03-02",
    ),
    (
        ("reference: u1", "reference: a2 # again"),
        'agreements.lamp-oil.reference: "a2" is the reference of agreements.herring-plan already',
    ),
    (
        ("summary: {en: Herring above all", "sumary: {en: Herring above all"),
        'sectors.fishing.sumary: unknown key "sumary" (did you mean "summary"?)',
    ),
    (
        ("said_on: 1994-03-02", "said_on: 1994-02-30"),
        'quotes.lind-on-light.said_on: "1994-02-30" is not a day in the calendar',
    ),
    (
        ("compare: [marsh-on-oil]", "compare: [marsh-on-oils]"),
        ('quotes.lind-on-light.compare.0: no quote "marsh-on-oils" (did you mean "marsh-on-oil"?)'),
    ),
    (
        ("kind: intergovernmental-organization", "kind: club"),
        (
            'organizations.league-of-harbours.kind: "club" is none of '
            "intergovernmental-organization, organ, union, forum, group, initiative, government, "
            "ministry, company, media"
        ),
    ),
    (
        ("role: {en: He closed it.}", 'role: {en: ""}'),
        "people.bo-marsh.role.en: the text is empty",
    ),
    (
        ("remit: {en:", "remit: {ru:"),
        'commissions.lamp-commission.remit: "en" is required',
    ),
    (
        ("    copy_of: Strait Courier\n", "    copy_of: Strait Courier\n    copy_of: Courier\n"),
        "sources.strait-courier-1994.copy_of: written twice (first at FILE:LINE); keep one",
    ),
]


def test_ten_mistakes_are_all_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = changed(tmp_path, *(replacement for replacement, _ in TEN_MISTAKES))
    lines = [line_of(seed, present.splitlines()[-1]) for (_, present), _ in TEN_MISTAKES]
    expected = [
        f"{seed}:{line}: {sentence}".replace("FILE:LINE", f"{seed}:{line - 1}")
        for line, (_, sentence) in zip(lines, TEN_MISTAKES, strict=True)
    ]
    # The required field whose name was misspelt is missed as well, at its record.
    missing = "sectors.fishing.summary: required, but missing"
    at = next(at for at, sentence in enumerate(expected) if "sumary" in sentence)
    expected.insert(at, f"{seed}:{line_of(seed, '  fishing:')}: {missing}")
    assert said_of(seed) == expected
    assert main(["check", "--seed", str(seed)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [*expected, "11 mistakes; nothing was changed"]
