import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.text.debris import REPEATED_IN, candidate_lines, find_debris
from index.text.forms import line_key

PROSE = (
    "The head of the government signed a draft ceasefire agreement, while the general, who leads "
    "the army, asked for more time to consider it."
)
HEADLINE = "Talks in Moscow Fail to Bring Peace"


def dropped(
    text: str, title: str | None = None, repeated: frozenset[int] = frozenset()
) -> list[str]:
    return [text[start:end] for start, end in find_debris(text, title=title, repeated=repeated)]


# Pages, what goes, as blocks of whole lines. The first three are from seeds/.
PAGES = {
    "menu and trail before the headline": (
        "• Live\n    • Audio Only\n  • google plus\n  • facebook\n  • twitter\nNews > Libya\n\n"
        "Libya Talks in Russia Progress but Fail to Sign Ceasefire\n\n"
        "  • Commander of the Libyan National Army (LNA) Khalifa Haftar shakes hands with Russian "
        "Defence Minister Sergei Shoigu before talks in Moscow, Russia January 13, 2020.\n\n"
        "Published 13 January 2020\nOpinion\n\n"
        f"{PROSE}\n\nRELATED:\nLibya's Rival Factions Accuse Each Other of Violating Ceasefire\n\n"
        f"{PROSE}\n\nComment\n0\nComments\nPost with no comments.",
        [
            "• Live\n    • Audio Only\n  • google plus\n  • facebook\n  • twitter\nNews > Libya",
            "Comment\n0\nComments\nPost with no comments.",
        ],
    ),
    "links at the end": (
        f"Libya’s rival leaders to meet in Moscow\n\n{PROSE}\n\nForeign intervention\n\n{PROSE}\n\n"
        "Related Articles\n\nBack to top button\n",
        ["Related Articles\n\nBack to top button"],
    ),
    "list of tags": (
        "Libya: Leaders of the two rival sides are expected to sign a ceasefire agreement in "
        "Moscow today\n\nimagew 2 1 INTERNATIONAL, Libya, Libyan Crisis, Moscow, AGREEMENT, Fayez "
        f"Al Saraj, Khaled Al Messri, Khalifa Haftar\n\n{PROSE}",
        [
            "imagew 2 1 INTERNATIONAL, Libya, Libyan Crisis, Moscow, AGREEMENT, Fayez Al Saraj, "
            "Khaled Al Messri, Khalifa Haftar"
        ],
    ),
    "buttons at the end": (
        f"{HEADLINE}\n\n{PROSE}\n\nShare this story\n12 comments\nSign in\nRead more\nMost popular",
        ["Share this story\n12 comments\nSign in\nRead more\nMost popular"],
    ),
    "buttons at the end, apart": (
        f"{PROSE}\n\nShare this story\n\n12 comments\n\nSign in",
        ["Share this story\n\n12 comments\n\nSign in"],
    ),
    "menu of names before the headline": (
        f"Home\nWorld\nSport\nCulture\n\n{HEADLINE}\n\n{PROSE}",
        ["Home\nWorld\nSport\nCulture"],
    ),
    "buttons after the headline": (
        f"{HEADLINE}\n\nShare this story\n12 comments\nSign in\n\n{PROSE}",
        ["Share this story\n12 comments\nSign in"],
    ),
    "menu before a short headline": (
        f"• Live\n• Video\n• Sign in\n• Search\n\nPeace at last\n\n{PROSE}",
        ["• Live\n• Video\n• Sign in\n• Search"],
    ),
    "trail by itself": (
        f"World » Africa » Libya\n\n{HEADLINE}\n\n{PROSE}",
        ["World » Africa » Libya"],
    ),
    "tags at the end": (
        f"{PROSE}\n\nLibya | Moscow | Ceasefire | United Nations | Oil",
        ["Libya | Moscow | Ceasefire | United Nations | Oil"],
    ),
    "heading and buttons at the end": (
        f"{PROSE}\n\nRelated Articles\n\nShare this story\n12 comments\nSign in",
        ["Related Articles\n\nShare this story\n12 comments\nSign in"],
    ),
    "buttons in lines with carriage returns": (
        f"{PROSE}\r\n\r\n  Share this story \r\n  Sign in \r\n",
        ["  Share this story \r\n  Sign in "],
    ),
}


@pytest.mark.parametrize("page", PAGES)
def test_debris_of_pages_goes_and_nothing_else(page: str) -> None:
    text, expected = PAGES[page]
    assert dropped(text) == expected


CONTENT = {
    "headline, deck, byline, dateline": (
        f"Peace at last\n\nBy Jane Doe\nTripoli\n13 January 2020\n\n{PROSE}"
    ),
    "title page": f"Pride and Prejudice\n\nJane Austen\n\nChapter 1\n\n{PROSE}",
    "dateline with buttons' length": f"{HEADLINE}\n\nMOSCOW, Jan 13\nReuters\n\n{PROSE}",
    "headings": f"{PROSE}\n\nForeign intervention\n\nThe road ahead\n\n{PROSE}",
    "captions": f"{PROSE}\n\nPhoto: Reuters\n\nA view of Tripoli's old harbour at dawn",
    "poem": "so much depends\nupon\n\na red wheel\nbarrow\n\nglazed with rain\nwater",
    "verses after prose": f"{PROSE}\n\nTyger tyger, burning bright,\nIn the forests\nof the night",
    "letter": f"Dear Sir,\n\n{PROSE}\n\nYours sincerely\n\nJohn Smith\nChief executive",
    "letter without salutation": f"{PROSE}\n\nBest regards\n\nJohn Smith",
    "letter with a comma": f"{PROSE}\n\nSincerely,\n\nJohn Smith\nHead of sales",
    "address": f"{PROSE}\n\nJohn Smith\n12 High Street\nLondon SW1A 1AA",
    "recipe": (
        "Pancakes\n\nIngredients\n\n200 g flour\n2 eggs\nOlive oil\nBrown sugar\n\nMethod\n\n"
        "Whisk the eggs into the flour, add the milk, and fry in a little oil until it is golden."
    ),
    "recipe without amounts": (
        "Pancakes\n\nIngredients\n\nFlour\nBrown sugar\nOlive oil\n\nMethod\n\n"
        "Whisk the eggs into the flour, add the milk, and fry in a little oil until it is golden."
    ),
    "recipe with marks": (
        "Pancakes\n\nIngredients\n\n- Flour\n- Brown sugar\n- Olive oil\n\nMethod\n\n"
        "Whisk the eggs into the flour, add the milk, and fry in a little oil until it is golden."
    ),
    "list with an introduction": f"{PROSE}\n\nIt needs:\nFast search\nSmall footprint",
    "list with a heading": f"{PROSE}\n\nFeatures\n\nFast search\nSmall footprint\nEasy setup",
    "list with marks": f"{PROSE}\n\n- Fast search\n- Small footprint\n- Easy setup",
    "table in columns": f"{PROSE}\n\nCountry\tCapital city\nLibya\tTripoli\nEgypt\tCairo",
    "table with bars": f"{PROSE}\n\na | b | c | d | e\nf | g | h | i | j",
    "table of figures": f"{PROSE}\n\nProfit 12\nNet loss 7\nTax paid 3",
    "cast": f"{PROSE}\n\nHamlet John Smith\nOphelia Jane Doe\nKing Claudius",
    "names in a row": f"{PROSE}\n\nMembers: Egypt, Libya, Sudan, Chad, Niger, Algeria",
    "ingredients in a row": f"Pancakes\n\nIngredients\n\nflour, eggs, milk, salt, oil\n\n{PROSE}",
    "address in a row": f"John Smith, 12 High Street, London, England, Europe\n\n{PROSE}",
    "questions": f"{PROSE}\n\nIs it free?\nOf course\nIs it safe?\nWe think so",
    "one label at the end": f"{PROSE}\n\nThe end",
    "short documents": "Read more\nShare this story\nSign in\n12 comments",
    "one word": "Sign",
    "nothing": "",
    "Chinese": "我们的政府在星期一签署了停火协议，双方同意继续谈判。\n\n首页\n新闻\n评论",
}


@pytest.mark.parametrize("document", CONTENT)
def test_content_stays(document: str) -> None:
    assert dropped(CONTENT[document]) == []


def test_the_title_stays_though_it_stands_in_a_run() -> None:
    text = f"Live now\nWatch again\nPeace talks\nSign in\nShare this story\n\n{PROSE}"
    assert dropped(text, title="PEACE  talks") == [
        "Live now\nWatch again",
        "Sign in\nShare this story",
    ]


LINE = "Subscribe to our daily letter about the whole world"


def test_a_line_of_many_documents_is_debris() -> None:
    text = f"{HEADLINE}\n\n{PROSE}\n\n{LINE}\n\nThe next headline stands here alone\n\n{PROSE}"
    assert dropped(text) == []
    assert dropped(text, repeated=frozenset({line_key(LINE)})) == [LINE]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("Foreign intervention", PROSE),
        ("13 January 2020", "Opinion"),
        ("200 g flour", "Salt"),
        ("Ingredients", "- Salt\n- Oil"),
        (PROSE, PROSE),
    ],
)
def test_headings_datelines_amounts_and_prose_may_repeat(line: str, after: str) -> None:
    text = f"{PROSE}\n\n{line}\n{after}\n\n{PROSE}"
    assert dropped(text, repeated=frozenset({line_key(line)})) == []


def test_the_title_and_items_of_a_list_may_repeat() -> None:
    text = (
        f"{HEADLINE}\n\nThe second headline of the page\n\n{PROSE}\n\nYou need\n- Salt\n- Olive oil"
    )
    keys = frozenset(map(line_key, [HEADLINE, "- Salt", "- Olive oil"]))
    assert dropped(text, title=HEADLINE, repeated=keys) == []


def test_cells_of_a_table_may_repeat() -> None:
    text = f"{PROSE}\n\nYear\nWinner\nMaria Callas\nRunner-up\nJane Doe\n\n{PROSE}"
    assert dropped(text, repeated=frozenset(map(line_key, ["Year", "Winner", "Runner-up"]))) == []


def test_candidates_are_the_short_lines_that_are_no_prose() -> None:
    text = f"{HEADLINE}\n13 January 2020\n{PROSE}\n 0 \nShare  This\n***"
    assert candidate_lines(text) == {line_key(HEADLINE), line_key("share this")}
    assert REPEATED_IN == 3


def test_keys_are_stable_and_fit_a_database() -> None:
    assert line_key("Share  This ") == line_key("share this")
    assert line_key("share this") != line_key("share that")
    # BLAKE2b of "share this", 8 bytes, big-endian, shifted right by one.
    assert line_key("share this") == 6417701548228046318


documents = st.lists(
    st.sampled_from(
        [
            PROSE,
            HEADLINE,
            "Sign in",
            "• Live",
            "12 comments",
            "",
            "0",
            "a > b",
            "A > B",
            "No.",
            "***",
            "x, y, z, Q, R",
            "Dear Sir,",
            "\t- Salt",
            "\u2028",
            "Is it?",
            "😀",
            "\u0301",
        ]
    ),
    max_size=14,
).map("\n".join)


@settings(deadline=None)
@given(
    st.one_of(documents, st.text(max_size=60)), st.sets(st.sampled_from([HEADLINE, "Sign in", "0"]))
)
def test_ranges_are_whole_lines_in_order_and_apart(text: str, lines: set[str]) -> None:
    breaks = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
    cursor = -1
    for start, end in find_debris(text, repeated=frozenset(map(line_key, lines))):
        assert cursor < start < end
        assert start == 0 or text[start - 1] in breaks
        assert end == len(text) or text[end] in breaks
        assert cursor < 0 or text[cursor:start].strip()
        assert PROSE not in text[start:end]
        cursor = end


PROSE_LIKE = [
    f"{PROSE}\n\n“No,” he said.\n\n“Why?”\n\nShe left. Then he, too, went home by the old road.",
    f"{PROSE}\n\n{PROSE}\n\nThe end.",
    f"It was late.\n\nVery late.\n\n{PROSE}\n\nHe slept.\n\nShe did not.",
    f"Love it!\n\nGreat product.\n\n{PROSE}\n\nBuy it.\n\nFive stars.",
    f"@someone\n\nOur prayers are with you all tonight {PROSE}\n\nThank you.\n\nGood night.",
]


@pytest.mark.parametrize("text", PROSE_LIKE)
def test_prose_loses_nothing(text: str) -> None:
    assert dropped(text) == []
