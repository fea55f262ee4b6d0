"""Asking on the page: answers, cancelling, history, documents."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from fake_service import NO_ANSWER, FakeService, Json
from playwright.sync_api import Locator, Page, expect

TALKS = "The talks went on. About 146,000 people fled their homes. They wait."
TITLE = "Talks Go On"


@pytest.fixture
def talks(fake: FakeService) -> Json:
    document = fake.add("news/talks #1.txt", TALKS, title=TITLE, published_at="2020-01-13")
    fake.answer("How many fled?", [fake.cite(document, "146,000")])
    return document


def ask(page: Page, question: str) -> None:
    page.get_by_label("Ask the documents").fill(question)
    page.keyboard.press("Enter")


def settled(page: Page) -> None:
    """Wait until the newest question has its outcome."""
    expect(page.locator(".exchange").first).not_to_have_attribute("aria-busy", "true")


def status(page: Page) -> Locator:
    return page.locator("#announcement[role=status]")


def test_the_ask_box_has_the_focus_and_the_documents_are_listed(
    page: Page, fake: FakeService, talks: Json
) -> None:
    fake.add("plain.txt", "Nothing.", title=None)
    page.goto("/")
    expect(page.get_by_label("Ask the documents")).to_be_focused()
    items = page.locator("#documents li")
    expect(items).to_have_text([f"{TITLE}13 January 2020", "plain.txtundated"])
    href = items.first.get_by_role("link").get_attribute("href")
    assert href is not None
    assert parse_qs(urlsplit(href).query)["document_id"] == [talks["document_id"]]
    expect(page.locator("#documents-total")).to_have_text("2")


@pytest.mark.usefixtures("talks")
def test_an_answer_shows_its_quote_in_its_sentence(page: Page, fake: FakeService) -> None:
    page.goto("/")
    ask(page, "  How many fled?\n")
    quote = page.get_by_role("blockquote")
    expect(quote).to_have_text("About 146,000 people fled their homes.")
    assert page.locator("blockquote mark").all_text_contents() == ["146,000"]
    assert page.locator("figcaption time").get_attribute("datetime") == "2020-01-13"
    expect(page.locator(".place")).to_have_text("characters 25–32")
    expect(page.get_by_role("heading", level=3)).to_have_text("How many fled?")
    expect(status(page)).to_have_text(f"Answer: 146,000, from {TITLE}.")
    expect(page.get_by_label("Ask the documents")).to_be_focused()
    expect(page.get_by_label("Ask the documents")).to_have_value("")
    assert fake.asked == [
        {"question": "How many fled?", "collection": "default", "top_k": 3, "max_passages": 20}
    ]
    page.locator("figcaption a").click()
    expect(page.locator("mark")).to_have_text("146,000")


def test_a_document_without_title_or_date_is_named_by_its_id(page: Page, fake: FakeService) -> None:
    document = fake.add("notes/a.txt", "It costs 5 euros.")
    fake.answer("What does it cost?", [fake.cite(document, "5 euros")])
    page.goto("/")
    ask(page, "What does it cost?")
    expect(page.locator("figcaption a")).to_have_text("notes/a.txt")
    expect(page.locator("figcaption .facts > :first-child")).to_have_text("undated")


def test_sources_that_differ_are_said_to(page: Page, fake: FakeService) -> None:
    one = fake.add("1.txt", "It began in 1950.", title="One", published_at="2001-01-01")
    two = fake.add("2.txt", "It began in 1951.", title="Two", published_at="2002-02-02")
    three = fake.add("3.txt", "In 1951 it began.", title="Three")
    fake.answer(
        "When?",
        [fake.cite(one, "1950")],
        [fake.cite(two, "1951"), fake.cite(three, "1951")],
        status="differing",
    )
    page.goto("/")
    ask(page, "When?")
    expect(page.get_by_text("The documents differ", exact=True)).to_be_visible()
    answers = page.locator(".answer")
    expect(answers).to_have_count(2)
    assert answers.nth(0).locator("mark").all_text_contents() == ["1950"]
    assert answers.nth(1).locator("mark").all_text_contents() == ["1951", "1951"]
    assert answers.nth(1).locator("figcaption a").all_text_contents() == ["Two", "Three"]
    expect(answers.nth(1)).to_contain_text("2 independent sources say so")
    expect(status(page)).to_have_text("The documents differ. 1950, from One; 1951, from Two.")


def test_sides_stand_apart_from_other_answers(page: Page, fake: FakeService) -> None:
    texts = [fake.add(f"{n}.txt", f"It began in {n}.", title=f"In {n}") for n in (1950, 1951, 1952)]
    cited = [[fake.cite(text, text["text"][12:16])] for text in texts]
    fake.answer("When?", *cited, status="differing")
    first, second, other = fake.answers["When?"]["answers"]
    first["relation"], second["relation"], other["side"] = "earlier", "later", False
    page.goto("/")
    ask(page, "When?")
    sides = page.locator(".differing .answer")
    assert sides.locator("mark").all_text_contents() == ["1950", "1951"]
    expect(sides.nth(0)).to_contain_text("the earlier report")
    expect(sides.nth(1)).to_contain_text("the later report")
    boxes = [sides.nth(n).bounding_box() for n in (0, 1)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]
    expect(page.get_by_role("heading", name="Other answers")).to_be_visible()
    assert page.locator(".lesser mark").all_text_contents() == ["1952"]


def test_evidence_is_told_from_an_answer(page: Page, fake: FakeService) -> None:
    document = fake.add("1.txt", "It began in 1950.", title="One")
    fake.answer("Did it begin?", [fake.cite(document, "It began in 1950.")])
    fake.answers["Did it begin?"]["answers"][0] |= {"form": "evidence", "confidence": 0.734}
    page.goto("/")
    ask(page, "Did it begin?")
    answer = page.locator(".answer")
    expect(answer).to_contain_text("evidence, not the answer itself")
    expect(answer).to_contain_text("confidence")
    expect(answer).to_contain_text("73%")


def test_what_comes_closest_is_no_answer(page: Page, fake: FakeService) -> None:
    document = fake.add("1.txt", "Then it rained. It began in 1950.", title="One")
    closest = [fake.cite(document, "It began in 1950.")]
    fake.answers["Who won?"] = NO_ANSWER | {
        "no_answer": NO_ANSWER["no_answer"] | {"reason": "nothing_relevant", "closest": closest}
    }
    page.goto("/")
    ask(page, "Who won?")
    outcome = page.locator(".outcome")
    expect(outcome).to_contain_text("Nothing in them is about it.")
    expect(outcome.get_by_role("heading", name="Closest, but not an answer")).to_be_visible()
    assert outcome.locator("blockquote").all_text_contents() == ["It began in 1950."]
    expect(outcome.locator("mark")).to_have_count(0)
    expect(outcome.get_by_role("link", name="One")).to_be_visible()


def test_why_asks_again_for_the_reasons(page: Page, fake: FakeService) -> None:
    document = fake.add("1.txt", "It began in 1950.", title="One")
    fake.answer("When?", [fake.cite(document, "1950")])
    page.goto("/")
    ask(page, "When?")
    expect(page.locator(".outcome mark")).to_have_text("1950")
    fake.answers["When?"] |= {
        "explanation": {
            "rounds": 2,
            "settled": True,
            "foreign": False,
            "none_probability": 0.1,
            "texts": [
                {
                    "passage_id": "1",
                    "document_id": "1.txt",
                    "start_char_index": 0,
                    "end_char_index": 17,
                    "similarity": 0.513,
                    "lexical": 7.25,
                    "found_by": ["meaning", "words"],
                    "null_score": 1.5,
                    "url": "/view?document_id=1.txt",
                }
            ],
            "spans": [],
            "groups": [
                {
                    "answer": "1950",
                    "probability": 0.8,
                    "confidence": 0.876,
                    "support": 3,
                    "why": "the most probable",
                }
            ],
        }
    }
    page.get_by_text("Why?", exact=True).click()
    expect(page.get_by_role("row", name="1950 88% 3 the most probable")).to_be_visible()
    expect(page.get_by_role("row", name="1.txt 0.51 7.3 meaning and words")).to_be_visible()
    expect(page.locator(".why-body")).to_contain_text("1 passage read in 2 rounds")
    assert [body.get("explain", False) for body in fake.asked] == [False, True]


def test_a_day_can_be_asked_for(page: Page, fake: FakeService) -> None:
    page.goto("/")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("As of").fill("2020-01-12")
    ask(page, "Who won?")
    expect(page.locator(".outcome")).to_contain_text("As of 12 January 2020.")
    assert fake.asked[-1]["as_of"] == "2020-01-12"
    assert "as_of=2020-01-12" in page.url
    page.reload()
    expect(page.get_by_label("As of")).to_have_value("2020-01-12")
    expect(page.locator(".outcome")).to_contain_text("As of 12 January 2020.")


def test_what_the_documents_do_not_say_is_said_plainly(page: Page) -> None:
    page.goto("/")
    ask(page, "Who won?")
    expect(page.locator(".outcome").get_by_text("Not in these documents.")).to_be_visible()
    expect(status(page)).to_have_text("Not in these documents.")


def test_words_of_documents_are_never_markup(page: Page, fake: FakeService) -> None:
    evil = "<img src=x onerror=alert(1)>"
    document = fake.add("e.txt", f"Say {evil} twice.", title=f"T {evil}")
    citation = fake.cite(document, evil) | {"url": "javascript:alert(1)"}
    fake.answer(evil, [citation])
    page.goto("/")
    ask(page, evil)
    expect(page.locator("mark:visible")).to_have_text(evil)
    expect(page.locator("figcaption .title")).to_have_text(f"T {evil}")
    assert page.locator("img, figcaption a").count() == 0


@pytest.mark.parametrize("blank", ["", "  \n\t "])
def test_a_blank_question_is_not_sent(page: Page, fake: FakeService, blank: str) -> None:
    page.goto("/")
    ask(page, blank)
    page.get_by_role("button", name="Ask").click()
    ask(page, "Then this?")
    settled(page)
    assert [body["question"] for body in fake.asked] == ["Then this?"]


def test_shift_enter_starts_a_line(page: Page, fake: FakeService) -> None:
    page.goto("/")
    box = page.get_by_label("Ask the documents")
    box.press_sequentially("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    expect(box).to_have_value("one\ntwo")
    box.press("Enter")
    settled(page)
    assert fake.asked[0]["question"] == "one\ntwo"


def test_the_limit_counts_code_points(page: Page, fake: FakeService) -> None:
    page.goto("/")
    box = page.get_by_label("Ask the documents")
    box.fill("🙂" * 1001)
    expect(page.locator("#ask-count")).to_have_text("1,001 / 1,000")
    expect(page.get_by_role("alert")).to_contain_text("1,000 characters")
    expect(box).to_have_attribute("aria-invalid", "true")
    box.press("Enter")
    assert page.locator(".exchange").count() == 0
    ask(page, "🙂" * 1000)
    expect(box).not_to_have_attribute("aria-invalid", "true")
    settled(page)
    assert [len(body["question"]) for body in fake.asked] == [1000]


@pytest.mark.parametrize("way", ["Escape", "button"])
def test_a_pending_question_can_be_cancelled(page: Page, fake: FakeService, way: str) -> None:
    fake.gate.clear()
    page.goto("/")
    ask(page, "Will it take long?")
    expect(page.get_by_role("article")).to_have_attribute("aria-busy", "true")
    with page.expect_event("requestfailed") as failed:
        if way == "Escape":
            page.keyboard.press("Escape")
        else:
            page.get_by_role("button", name="Cancel").click()
    assert urlsplit(failed.value.url).path == "/v1/ask"
    expect(status(page)).to_have_text("Cancelled.")
    expect(page.get_by_label("Ask the documents")).to_be_focused()
    expect(page.get_by_label("Ask the documents")).to_have_value("Will it take long?")
    fake.gate.set()
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".verdict")).to_have_text("Not in these documents.")
    expect(page.get_by_role("heading", level=3)).to_be_focused()


def test_a_new_question_takes_the_place_of_a_pending_one(page: Page, fake: FakeService) -> None:
    fake.gate.clear()
    page.goto("/")
    ask(page, "First?")
    ask(page, "Second?")
    expect(page.locator(".exchange").nth(1)).to_contain_text("Cancelled.")
    fake.gate.set()
    expect(page.locator(".exchange").nth(0)).to_contain_text("Not in these documents.")
    assert page.get_by_role("heading", level=3).all_text_contents() == ["Second?", "First?"]


@pytest.mark.usefixtures("talks")
def test_a_link_asks_its_question(page: Page, fake: FakeService) -> None:
    page.goto("/?q=How+many+fled%3F")
    expect(page.locator("blockquote mark")).to_have_text("146,000")
    expect(page).to_have_title("How many fled? · Pincite")
    with page.expect_response("**/v1/ask"):
        page.reload()
    expect(page.locator("blockquote mark")).to_have_text("146,000")
    expect(page.locator(".exchange")).to_have_count(1)
    assert [body["question"] for body in fake.asked] == ["How many fled?"] * 2


def test_back_and_forward_lead_to_questions_without_asking_again(
    page: Page, fake: FakeService
) -> None:
    page.goto("/")
    for question in ("One?", "Two?"):
        ask(page, question)
        settled(page)
    assert parse_qs(urlsplit(page.url).query) == {"q": ["Two?"]}
    page.go_back()
    expect(page.get_by_role("heading", name="One?")).to_be_focused()
    assert parse_qs(urlsplit(page.url).query) == {"q": ["One?"]}
    page.go_forward()
    expect(page.get_by_role("heading", name="Two?")).to_be_focused()
    page.go_back()
    page.go_back()
    expect(page.get_by_label("Ask the documents")).to_be_focused()
    assert [body["question"] for body in fake.asked] == ["One?", "Two?"]


@pytest.mark.usefixtures("talks")
def test_the_way_back_from_a_document_keeps_the_answers(page: Page, fake: FakeService) -> None:
    page.goto("/")
    ask(page, "Who won?")
    settled(page)
    ask(page, "How many fled?")
    page.locator("figcaption a").click()
    expect(page.locator("mark")).to_be_focused()
    page.get_by_role("link", name="Back to the questions").click()
    expect(page.get_by_role("heading", name="How many fled?")).to_be_focused()
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.locator("blockquote mark")).to_have_text("146,000")
    assert len(fake.asked) == 2
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_label("Ask the documents")).to_be_focused()
    page.reload()
    expect(page.locator("#documents li")).to_have_count(1)
    assert page.locator(".exchange").count() == 0


def test_an_empty_collection_says_how_to_fill_it(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#documents")).to_contain_text("No documents yet.")
    expect(page.locator("#documents code")).to_have_text("pincite index PATH")


def test_another_collection_can_be_chosen(page: Page, fake: FakeService) -> None:
    fake.add("d.txt", "D.")
    fake.add("o.txt", "O.", collection="other one")
    page.goto("/")
    page.get_by_label("Collection").select_option("other one")
    expect(page.locator("#documents li a")).to_have_text("o.txt")
    ask(page, "Who?")
    settled(page)
    page.goto(page.url)
    expect(page.get_by_label("Collection")).to_have_value("other one")
    expect(page.locator("#documents li a")).to_have_text("o.txt")
    assert {body["collection"] for body in fake.asked} == {"other one"}


def test_a_long_list_is_shown_page_by_page(page: Page, fake: FakeService) -> None:
    fake.page_size = 2
    for i in range(5):
        fake.add(f"{i}.txt", "x")
    page.goto("/")
    more = page.get_by_role("button", name="Show more")
    more.click()
    expect(page.get_by_role("link", name="2.txt")).to_be_focused()
    more.click()
    expect(more).to_have_count(0)
    names = page.locator("#documents li a").all_text_contents()
    assert names == [f"{i}.txt" for i in range(5)]


@pytest.mark.parametrize("host", ["127.0.0.1", "pincite.test"])
@pytest.mark.usefixtures("talks")
def test_a_citation_can_be_copied(new_page: Callable[..., Page], base_url: str, host: str) -> None:
    # On the second, plain http is no secure context, and there is no clipboard to write to.
    origin = f"http://{host}:{urlsplit(base_url).port}"
    page = new_page(base_url=origin)
    page.goto("/?q=How+many+fled%3F")
    if host == "127.0.0.1":
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    assert page.evaluate("isSecureContext") is (host == "127.0.0.1")
    page.get_by_role("button", name="Copy citation").click()
    expect(status(page)).to_have_text("Citation copied.")
    box = page.get_by_label("Ask the documents")
    box.press("ControlOrMeta+v")
    expect(box).to_have_value(f"“146,000” — {TITLE}, 2020-01-13, news/talks #1.txt [25–32]")
