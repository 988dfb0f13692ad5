"""The codebook is whole, and the rule-based coder says which words fired."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.documents.themes.coder import CodebookError, code_items, code_text, load_codebook, plain_text

CATEGORIES = [
    "casework",
    "leadership",
    "multi_agency",
    "oversight",
    "partnership_with_users",
    "performance",
    "risk",
    "service_user_groups",
    "workforce",
]


def themes(text: str) -> set[str]:
    return {match.theme for match in code_text(text)}


def test_the_nine_categories_with_their_themes_and_codes() -> None:
    book = load_codebook()
    assert [category.id for category in book.categories] == CATEGORIES
    assert {theme.category for theme in book.themes} == set(CATEGORIES)
    assert {code.theme for code in book.codes} == {theme.entry.id for theme in book.themes}
    for theme in book.themes:
        assert theme.entry.include, theme.entry.id
        assert theme.entry.exclude, theme.entry.id
        # An example is one: the rules give it its theme.
        assert theme.entry.id in themes(theme.example), theme.example
    added = [theme.entry.id for theme in book.themes if not theme.named_in_paper]
    assert added == ["governance_and_strategy", "other_groups"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See every child within ten working days.", "timescales"),
        ("Answer each referral without undue delay.", "timeliness"),
        ("Bring the quality of all assessments up to one good standard.", "consistency"),
        ("Write SMART plans.", "focus_on_outcomes"),
        ("Keep a chronology on each file.", "chronologies"),
        ("Let culture and faith be seen in the plan.", "equality_and_diversity"),
        ("See children alone.", "seeing_children_alone"),
        ("Offer disabled children more short breaks.", "complex_needs"),
        ("Give each child a current personal education plan.", "education_of_looked_after_children"),
        ("Finish life-story work.", "focus_on_the_child"),
        ("Widen access to therapy.", "access_to_services"),
        ("Elected members are to scrutinise the service.", "challenging_service_management"),
        ("Make thresholds known to and understood by all partners.", "consistency_of_policy_application"),
        ("Renew the corporate parenting panel.", "corporate_parenting"),
        ("Spread what serious case reviews teach.", "learning_from_reviews"),
        ("Offer training to team managers.", "training_for_managers"),
        ("Hold strategy meetings with the police.", "joint_working"),
        ("Share information on domestic abuse.", "information_sharing"),
        ("Spread early help.", "early_help"),
        ("Complete health assessments.", "health"),
        ("Evaluate multi-agency training.", "multi_agency_training"),
        ("Improve communication with schools.", "communication"),
        ("Use the common assessment framework.", "common_assessment_framework"),
        ("Hold regular supervision.", "supervision"),
        ("Strengthen management oversight.", "management_oversight"),
        ("Let independent reviewing officers speak up.", "challenging_practitioners"),
        ("Record the rationale of managers’ decisions.", "recording_management_decisions"),
        ("Build the skills of managers.", "management_skills"),
        ("Offer advocacy.", "advocacy_support"),
        ("Let parents contribute to their plans.", "involvement_in_own_plans"),
        ("Hear the voice of the child.", "voice_of_the_child"),
        ("Use feedback.", "involvement_in_services"),
        ("Produce sound performance information.", "performance_management"),
        ("Audit case files.", "auditing"),
        ("Follow statutory guidance.", "following_guidelines"),
        ("Strengthen quality assurance.", "quality_assurance"),
        ("Assess risk and write it down.", "risk_assessment"),
        ("Review thresholds.", "thresholds"),
        ("Make decision-making sound.", "consistency_of_decisions"),
        ("Answer referrals with an appropriate response.", "appropriateness"),
        ("Write better pathway plans.", "care_leavers"),
        ("Hold return home interviews.", "missing_children"),
        ("Counter sexual exploitation.", "child_sexual_exploitation"),
        ("Find adopters sooner.", "adoption"),
        ("Keep placements stable.", "looked_after_children"),
        ("House homeless young people.", "other_groups"),
        ("Raise the capacity of teams.", "capacity"),
        ("Bring caseloads down.", "caseloads"),
        ("Allocate each case to a social worker.", "allocation"),
        ("Recruit and keep staff.", "staffing_levels"),
        ("Train social workers.", "training_of_social_workers"),
        ("Publish the board’s business plan.", "governance_and_strategy"),
    ],
)
def test_each_theme_has_words_that_fire_it(text: str, expected: str) -> None:
    assert expected in themes(text), code_text(text)


def test_an_item_may_carry_several_themes_and_the_words_are_told() -> None:
    matches = {match.code: match.words for match in code_text("Bring caseloads down and hold regular supervision.")}
    assert matches == {"caseload": ("caseloads",), "supervision_of_staff": ("supervision",)}


def test_words_that_only_look_like_a_theme_do_not_fire() -> None:
    assert "child_sexual_exploitation" not in themes("Explain the plan.")
    assert "governance_and_strategy" not in themes("Record strategy discussions.")
    assert "risk_assessment" not in themes("Help children at risk of exploitation.")
    assert "quality_assurance" not in themes("Be sure of it.")
    assert "training_of_social_workers" not in themes("Bring more care leavers into education, employment or training.")


def test_what_fits_no_code_is_listed_and_not_forced() -> None:
    items = [
        {"file": "a.pdf", "item": 1, "text": "Bring caseloads down."},
        {"file": "a.pdf", "item": 2, "text": "Mend the roof."},
    ]
    coding = code_items(items)
    assert coding.rows == [
        {
            "file": "a.pdf",
            "item": 1,
            "code": "caseload",
            "theme": "caseloads",
            "category": "workforce",
            "coder": "rules",
            "words": "caseloads",
        }
    ]
    assert coding.unmatched == [{"file": "a.pdf", "item": 2, "text": "Mend the roof."}]
    assert (coding.item_count, coding.coverage) == (2, 0.5)
    assert code_items([]).coverage == 0


def test_plain_text() -> None:
    assert plain_text("Looked-after  children’s Well–being/health") == "looked after children's well being health"


GOOD = """
version: 1
categories:
  - id: c
    label: C
    definition: About c.
    themes:
      - id: t
        label: T
        named_in_paper: true
        example: The red door.
        definition: About t.
        codes:
          - {id: k, label: K, definition: Of k., patterns: [{near: [red, "blue|green"], within: 2}], unless: [not red]}
"""


def codebook(tmp_path: Path, text: str) -> Path:
    path = tmp_path / f"book{abs(hash(text))}.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_words_near_each_other(tmp_path: Path) -> None:
    book = load_codebook(codebook(tmp_path, GOOD))
    assert [match.words for match in code_text("A red and blue door.", book)] == [("red and blue",)]
    assert [match.words for match in code_text("Green, then red.", book)] == [("green, then red",)]
    for text in ("Red. Blue.", "red a b c blue", "not red but blue", "reddish blue"):
        assert code_text(text, book) == (), text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("definition: About t.", "definition: ''", "theme t has no definition"),
        ("label: C", "label:", "category c has no label"),
        ("named_in_paper: true", "named_in_paper: perhaps", "named_in_paper"),
        ("example: The red door.", "example:", "theme t has no example"),
        ('patterns: [{near: [red, "blue|green"], within: 2}]', "patterns: []", "code k has no pattern"),
        ('patterns: [{near: [red, "blue|green"], within: 2}]', 'patterns: ["("]', "is not valid"),
        ('patterns: [{near: [red, "blue|green"], within: 2}]', "patterns: [{far: 2}]", "is not valid"),
        ("        codes:\n          - {", "        codes: []\n        other:\n          - {", "t has no codes"),
        ("categories:", "groups:", "no list of categories"),
        ("      - id: t", "      - label: t2", "a theme has no id"),
    ],
)
def test_a_codebook_that_cannot_be_used(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(CodebookError, match=message):
        load_codebook(codebook(tmp_path, GOOD.replace(old, new, 1)))


def test_an_id_that_comes_twice(tmp_path: Path) -> None:
    twice = GOOD + GOOD.split("categories:\n", 1)[1]
    with pytest.raises(CodebookError, match="category c comes twice"):
        load_codebook(codebook(tmp_path, twice))
