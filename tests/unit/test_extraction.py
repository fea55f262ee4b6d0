"""HTML and Markdown → the text that a reader sees, with nothing lost and nothing invented."""

import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.text.extraction import MAX_ELEMENTS, extract_html, extractor_name
from index.text.markdown import (
    MAX_DEFINITION_LINES,
    MAX_LAZY_DEPTH,
    MAX_OPEN_BRACKETS,
    markdown_text,
)

PARAGRAPH = (
    "The head of the <b>United Nations</b>-recognized government signed a"
    " <a href='/draft'>draft ceasefire agreement</a>, while the general asked for more time."
)
PLAIN = (
    "The head of the United Nations-recognized government signed a draft ceasefire agreement,"
    " while the general asked for more time."
)
ARTICLE = f"""<!DOCTYPE html>
<html lang="en"><head><title>Talks fail | Example News</title>
<meta property="og:title" content="Talks fail in Moscow">
<link rel="canonical" href="https://example.org/2019/12/31/talks">
<meta property="article:published_time" content="2020-01-13T23:30:00+03:00">
<meta property="article:modified_time" content="2020-01-15T10:00:00Z"></head>
<body><nav><a href="/">Home</a> <a href="/world">World</a></nav>
<article><h1>Talks fail in Moscow</h1>
<figure><img src="a.jpg" alt="x"><figcaption>Haftar and Shoigu shake hands.</figcaption></figure>
<p>{PARAGRAPH}</p><p>On <time datetime="2020-01-12">12 January</time> the guns fell silent
for the first time, <q>almost completely</q>, the mission said. 👩‍👩‍👧 cafe\u0301 مرحبا</p>
<h2>Casualties</h2>
<table><tr><th>Month</th><th>Killed</th></tr><tr><td>April</td><td>120</td></tr>
<tr><td>May</td><td>160</td></tr></table>
<ul><li>First demand</li><li>Second demand<ul><li>its condition</li></ul></li></ul>
<pre>column one    column two
  indented</pre>
<p>{PARAGRAPH.replace("general", "marshal")}</p></article>
<footer>Copyright 2018 Example</footer></body></html>"""


def test_an_article_keeps_all_that_is_its_own():
    page = extract_html(ARTICLE)
    assert page.text == "\n\n".join(
        [
            "Talks fail in Moscow",
            "Haftar and Shoigu shake hands.",
            PLAIN,
            "On 12 January the guns fell silent for the first time, almost completely, the mission"
            " said. 👩‍👩‍👧 cafe\u0301 مرحبا",
            "Casualties",
            "Month | Killed\nApril | 120\nMay | 160",
            "First demand\nSecond demand\nits condition",
            "column one    column two\n  indented",
            PLAIN.replace("general", "marshal"),
        ]
    )


def test_metadata_is_the_pages_own():
    page = extract_html(ARTICLE)
    assert page.title == "Talks fail in Moscow"
    assert page.source_url == "https://example.org/2019/12/31/talks"
    assert page.published_at == "2020-01-13"
    assert extractor_name().startswith("trafilatura/2.")


@pytest.mark.parametrize(
    "head",
    [
        '<link rel="canonical" href="https://example.org/2020/01/13/talks">',
        '<meta property="og:url" content="https://example.org/2020-01-13-talks">',
        '<meta property="article:modified_time" content="2020-01-13">',
        '<meta itemprop="copyrightYear" content="2020">',
        '<meta name="date" content="01/02/2020">',
        '<meta name="date" content="2020-01">',
        '<meta property="article:published_time" content="2020-01-13">'
        '<meta property="article:published_time" content="2020-01-14">',
        '<script type="application/ld+json">{"datePublished": "2020-01-1</script>',
        '<script type="application/ld+json">{"@type": "Article", "dateModified": "2020-01-13"}'
        "</script>",
        '<script type="application/ld+json">[{"@type": "Article", "datePublished": "2020-01-13"},'
        '{"@type": "Article", "datePublished": "2020-01-14"}]</script>',
        '<script type="application/ld+json">{"@type": "Article", "comment": [{"@type": "Comment",'
        '"datePublished": "2020-01-13"}]}</script>',
    ],
)
def test_no_date_is_invented(head):
    body = (
        "<h1>Events of 13 January 2020</h1><time datetime='2020-01-13'>13 January 2020</time>"
        f"<p class='date'>2020-01-13</p><p>{PARAGRAPH * 4}</p><footer>© 2020</footer>"
    )
    page = extract_html(f"<html><head>{head}</head><body>{body}</body></html>")
    assert page.published_at is None
    assert "2020" in page.text


@pytest.mark.parametrize(
    "markup",
    [
        '<meta property="article:published_time" content="2020-01-13T10:00:00Z">',
        '<meta name="DC.date.issued" content="2020-01-13">',
        '<meta name="citation_publication_date" content="2020/01/13">',
        '<meta itemprop="datePublished" content="Jan 13, 2020">',
        '<meta name="date" content="2020-01-13">',
        '<time pubdate datetime="2020-01-13">yesterday</time>',
        '<span itemprop="datePublished">13 January 2020</span>',
        '<script type="application/ld+json">{"@context": "https://schema.org", "@graph":'
        '[{"@type": "WebPage", "datePublished": "2019-05-05"},'
        '{"@type": ["NewsArticle"], "datePublished": "2020-01-13T09:00:00+03:00"}]}</script>',
        '<meta property="article:published_time" content="2020-01-13">'
        '<meta name="date" content="2021-06-06">',
    ],
)
def test_metadata_that_says_when(markup):
    page = extract_html(f"<html><body>{markup}<p>Some words.</p></body></html>")
    assert page.published_at == "2020-01-13"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one word</p>", "one word"),
        ("no tags &amp; no body", "no tags & no body"),
        ("<html><p>unclosed <b>bold <i>it</p><div>next", "unclosed bold it\n\nnext"),
        ("<table><tr><th>City<th>People<tr><td>Tripoli<td>1,126,000</table>",
         "City | People\nTripoli | 1,126,000"),
        ("<table><tr><td><p>First paragraph.<p>Second one.</td><td>Side</td></tr></table>",
         "First paragraph.\n\nSecond one.\n\nSide"),
        ("<nav><a href='/'>Only links here</a></nav>", "Only links here"),
        ("<nav>never closed <p>the story", "never closed\n\nthe story"),
        ("<p>before</p><script>hidden <p>after", "before\n\nhidden\n\nafter"),
        ("<p>x<script>var y = '<p>no</p>'</script> z</p>", "x z"),
        ("<p>a<br>b<br><br>c</p>", "a\nb\n\nc"),
        ("<ul><li>one<li>two</ul>three", "one\ntwo\n\nthree"),
        ("<?xml version='1.0' encoding='UTF-8'?><html><body><p>é</p></body></html>", "é"),
        ("<![if IE]><p>kept</p><![endif]><![<!", "kept\n\n<!["),
        ("<p>1 &lt; 2 &#x1F54A; &nbsp;|</p>", "1 < 2 🕊 \u00a0|"),
    ],
)  # fmt: skip
def test_small_and_odd_pages(markup, text):
    assert extract_html(markup).text.removesuffix("<!") == text


@pytest.mark.parametrize(
    "markup",
    ["", "<html></html>", "<body><script>x</script></body>", "<!-- a --><p>&nbsp;", "<img alt=x>"],
)
def test_pages_without_text(markup):
    assert extract_html(markup).text.strip() == ""


def test_no_depth_of_nesting_loses_text():
    deep = "<div>" * 10_000 + "at the bottom" + "</div>" * 10_000 + "<p>after it all</p>"
    assert extract_html(deep).text == "at the bottom\n\nafter it all"


def test_a_selection_that_loses_most_of_the_page_is_not_taken():
    comments = "".join(f"<p>Remark {n}: this was decided by the committee.</p>" for n in range(60))
    page = f"<html><body><article><p>{PARAGRAPH * 3}</p></article>"
    page += f"<div id='comments' class='comment-list'>{comments}</div></body></html>"
    assert "Remark 59: this was decided by the committee." in extract_html(page).text


def test_trafilatura_says_nothing_on_standard_error(capfd):
    extract_html("<html><body></body></html>")
    assert capfd.readouterr() == ("", "")


_TAGS = st.sampled_from(
    "<p> </p> <b> </b> <table> <tr> <td> </td> </table> <ul> <li> <nav> </nav> <script> </script>"
    ' <pre> </pre> <br> <!-- --> <![ ]]> <? > < & &#0; &#xD800; <a </ " = word \x00 \ud800'.split()
)


@given(st.lists(_TAGS, max_size=25).map(" ".join))
@example("<table></tr><td></table><td>x")
def test_any_markup_gives_text(markup):
    assert isinstance(extract_html(markup).text, str)
    assert isinstance(markdown_text(markup).text, str)


def test_markdown_becomes_the_prose_that_a_reader_sees():
    source = """\
Talks *in* Moscow
=================

The **head** of the [government](https://example.org "title") signed
a ~~final~~ `draft  text`, see <https://example.org/a>.

- first *item*
- second
  1. nested

> quoted words

| Month | Killed |
|-------|-------:|
| April | **120** |

```python
def f():
    return "**kept**"
```

![A caption](photo.jpg)

<div>raw <em>HTML</em><br>too</div>

&amp; \\*literal\\*

## Second heading ##
last line  
broken
"""  # noqa: W291
    rendered = markdown_text(source)
    assert rendered.title == "Talks in Moscow"
    assert rendered.text == "\n\n".join(
        [
            "Talks in Moscow",
            "The head of the government signed a final draft text, see https://example.org/a.",
            "first item\nsecond\nnested",
            "quoted words",
            "Month | Killed\nApril | 120",
            'def f():\n    return "**kept**"',
            "A caption",
            "raw HTML\ntoo",
            "& *literal*",
            "Second heading",
            "last line\nbroken",
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("# One **two** `three`\n\n# Four", "One two three"),
        ("## Not first level\n\ntext\n\n# First level", "First level"),
        ("no heading", None),
        ("#\n\ntext", None),
        ("```\n# a comment\n```", None),
    ],
)
def test_markdown_title_is_the_first_level_1_heading(source, title):
    assert markdown_text(source).title == title


def test_markdown_that_mentions_script_loses_nothing():
    assert markdown_text("Use the <script> tag.\n\nNext.").text == "Use the tag.\n\nNext."


@pytest.mark.parametrize(
    ("prefix", "depth"), [("> ", 300), ("- ", 300), ("1. ", 150), ("> - ", 150), ("* > ", 99)]
)
def test_markdown_keeps_what_is_nested_too_deeply_as_it_is_written(prefix, depth):
    rendered = markdown_text(f"before\n\n{prefix * depth}deep *words*\n\n# After it *all*\n")
    assert rendered.as_written == "nests quotations or lists over 98 levels deep"
    assert rendered.text.startswith("before\n\n")
    assert rendered.text.endswith("deep *words*\n\nAfter it all")
    assert rendered.title == "After it all"


def test_markdown_that_is_not_nested_too_deeply_is_rendered():
    for prefix in ("> " * 90, "- " * 40, "``` as_written\n"):
        rendered = markdown_text(f"{prefix}deep *words*\n")
        assert (rendered.text.replace("*", ""), rendered.as_written) == ("deep words", None)


def test_lists_within_lists_keep_every_item_in_order():
    depth = 200
    source = "".join(f"{'  ' * level}- item{level}\n" for level in range(depth))
    source += "".join(f"{'  ' * level}- back{level}\n" for level in reversed(range(depth)))
    words = re.findall(r"\w+", markdown_text(source).text)
    down = [f"item{n}" for n in range(depth)]
    assert words == down + [f"back{n}" for n in reversed(range(depth))]


_LINE = st.tuples(
    st.sampled_from(["", "> ", "- ", "1. ", "  ", "    ", "> - ", "\t"]),
    st.integers(0, 120),
    st.sampled_from(["", " ", "> ", "- "]),
)


@given(st.lists(_LINE, max_size=8))
@example([("> ", 120, ""), ("", 0, ""), ("> ", 99, "- ")])
def test_no_depth_of_markdown_loses_words(lines):
    source = "\n".join(f"{mark * n}{end}word{i}" for i, (mark, n, end) in enumerate(lines))
    assert re.findall(r"word\d", markdown_text(source).text) == [
        f"word{i}" for i in range(len(lines))
    ]


@pytest.mark.parametrize("depth", [50, 90, 99, 100, 101, 1000])
@pytest.mark.parametrize(("opening", "closing"), [("![", "](u)"), ("[", "](u)"), ("*", "*")])
def test_no_depth_of_inline_markdown_loses_words(opening, closing, depth):
    assert "word" in markdown_text(opening * depth + "word" + closing * depth).text


class Calls:
    """Counts the calls of a function that Python makes, by its name."""

    def __init__(self, *names):
        self.counts = dict.fromkeys(names, 0)

    def __call__(self, frame, event, _argument):
        if event == "call" and frame.f_code.co_name in self.counts:
            self.counts[frame.f_code.co_name] += 1

    def of(self, source, extract=markdown_text):
        before = sys.getprofile()
        sys.setprofile(self)
        try:
            extracted = extract(source)
        finally:
            sys.setprofile(before)
        return extracted


OPEN = ["[", "![", "[a][", "[*", "[`", "[<", "![[]()", "[![a](", "[a\n", "[\\\n"]


@pytest.mark.parametrize("unit", OPEN)
def test_brackets_that_stay_open_are_kept_as_they_are_written(unit):
    source = f"# A *title*\n\n*{unit * 500}\n\nafter *it*"
    calls = Calls("skipToken")
    rendered = calls.of(source)
    assert rendered.as_written == "leaves over 16 square brackets open"
    assert rendered.title == "A title"
    assert rendered.text == f"A title\n\n{' '.join(f'*{unit * 500}'.split())}\n\nafter it"
    assert calls.counts == {"skipToken": 0}


def test_both_reasons_to_keep_something_are_told():
    rendered = markdown_text("> " * 200 + "deep\n\n" + "[" * 200)
    assert rendered.as_written == (
        "nests quotations or lists over 98 levels deep and leaves over 16 square brackets open"
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("[a](b) " * 5_000, "a " * 4_999 + "a"),
        ("[a] *b* " * 5_000, "[a] b " * 4_999 + "[a] b"),
        ("![a](b)" * 5_000, "a" * 5_000),
        ("[" * MAX_OPEN_BRACKETS + " *a*", "[" * MAX_OPEN_BRACKETS + " a"),
        ("*x* in [0, 1), " * 20, "x in [0, 1), " * 19 + "x in [0, 1),"),
        ("- [ ] *a*\n" * 500, "[ ] a\n" * 499 + "[ ] a"),
        ("[" * 10 + "*a*" + "]" * 10, "[" * 10 + "a" + "]" * 10),
        ("] " * 5_000 + "*a*", "] " * 5_000 + "a"),
    ],
    ids=["links", "brackets", "images", "open", "intervals", "tasks", "nested", "closing"],
)
def test_brackets_of_an_ordinary_paragraph_are_rendered(source, text):
    rendered = markdown_text(source)
    assert rendered.as_written is None
    assert rendered.text == text


@pytest.mark.parametrize(
    "unit", [*"*_`<(>|&~!]\\#@", "**", "[a](", "*a ", "a*", "*_", "[a](b", "<a "]
)
def test_rules_are_tried_a_fixed_number_of_times_for_each_character(unit):
    # A parser that looks back or ahead from every mark tries them in the square of the length.
    def tried(length):
        calls = Calls("link", "image", "autolink", "html_inline", "tokenize", "backtick", "text")
        calls.of(unit * (length // len(unit)))
        return sum(calls.counts.values())

    assert tried(4_000) <= 4 * tried(1_000) + 100


def test_links_of_any_length_are_not_encoded():
    calls = Calls("encode")
    assert calls.of("[a](" + "é" * 10_000 + ")").text == "a"
    assert calls.of("[a]\n\n[a]: " + "é" * 10_000).text == "a"
    assert calls.counts == {"encode": 0}


@pytest.mark.parametrize("opening", ["[a]: b '", "[", "[a]:", "[a]: b\n'"])
def test_a_definition_that_does_not_end_is_text(opening):
    calls = Calls("getNextLine")
    rendered = calls.of(f"{opening}\n" + "*more* text\n" * 1_000)
    assert rendered.text.endswith(" ".join(["more text"] * 900))
    assert calls.counts["getNextLine"] <= MAX_DEFINITION_LINES


def test_definitions_of_links_may_have_titles_of_several_lines():
    source = "See [*a*].\n\n[*a*]: b '" + "title\n" * (MAX_DEFINITION_LINES - 1) + "end'\n\nafter"
    assert markdown_text(source).text == "See a.\n\nafter"


def test_a_deep_quotation_takes_in_no_line_without_its_mark():
    for depth, lazy in ((MAX_LAZY_DEPTH, True), (MAX_LAZY_DEPTH + 1, False)):
        rendered = markdown_text("> " * depth + "one\n" + "two *three*\n" * 3)
        gap = " " if lazy else "\n\n"
        assert rendered.text == "one" + gap + " ".join(["two three"] * 3)
        assert rendered.as_written is None


def test_a_deep_quotation_that_is_marked_stays_one():
    source = f"{'> ' * 30}one\n{'> ' * 30}two *three*\n"
    assert markdown_text(source).text == "one two three"


def test_lines_after_a_deep_quotation_are_read_a_fixed_number_of_times():
    def read(lines):
        calls = Calls("fence", "_fence_rule")
        calls.of("> " * 90 + "a\n" + "a\n" * lines)
        return sum(calls.counts.values())

    assert 0 < read(200) - read(100) <= 100 * (MAX_LAZY_DEPTH + 5)


@pytest.mark.parametrize(("elements", "selections"), [(1_000, 1), (MAX_ELEMENTS, 0)])
def test_nothing_is_selected_from_a_page_of_too_many_elements(elements, selections):
    page = f"<html><body><nav>Home</nav><p>{PARAGRAPH}</p>{'<hr>' * elements}<p>{PARAGRAPH}</p>"
    calls = Calls("bare_extraction")
    assert calls.of(page, extract_html).text == f"{PLAIN}\n\n{PLAIN}"
    assert calls.counts["bare_extraction"] == selections


@pytest.mark.parametrize("character", ["&#0;", "&#1;", "&#x1f;", "&#xFFFE;", "\x0b", "\x00"])
@pytest.mark.parametrize("place", ["<time></time>{}", "<td>{}</td>", "{}"])
def test_characters_that_xml_forbids_stop_nothing(character, place):
    odd = place.replace("{}", character)
    story = f"<p>{PARAGRAPH}</p>" * 3
    page = f"<html><body><article>{story}{odd}{story}</article></body></html>"
    assert PLAIN in extract_html(page).text
