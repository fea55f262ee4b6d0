"""What of a question a text holds, counted by hand."""

import pytest

from service.covering import QuestionWords


@pytest.mark.parametrize(
    ("question", "text", "share"),
    [
        ("Who displaced the Libyans?", "Fighting displaced Libyans.", 1),
        ("Who displaced the Libyans?", "He displaces furniture.", 1 / 2),
        ("Who displaced the Libyans?", "Talks began in Moscow.", 0),
        ("When did Fayez al-Sarraj meet Conte?", "Conte met Fayez Serraj.", 3 / 4),
        ("When did Conte meet Sarraj?", "Saraj will meet the premier.", 2 / 3),
        ("When did Conte meet Sarraj?", "The prime minister flew.", 0),
        ("what did the sorrow cost?", "Sarraj paid the cost.", 1 / 2),
        ("Who is he?", "He is there.", 2 / 3),
        ("?", "He is there.", 0),
        ("Who came?", "", 0),
    ],
)
def test_the_share_of_a_question_that_a_text_holds(question, text, share):
    words = QuestionWords(question)
    assert words.coverage(text) == words.coverage(text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("question", "texts", "is_foreign"),
    [
        ("Where did Sarraj speak?", ["Talks began.", "Then Serraj left."], False),
        ("Where did Sarraj speak?", ["Talks began.", "Then Conte left."], True),
        ("Where did Sarraj meet Conte?", ["Then Conte left."], False),
        ("Where did the talks begin?", ["It rained."], False),
        ("Where did Sarraj speak?", [], True),
    ],
)
def test_a_question_is_foreign_to_texts_without_any_of_its_names(question, texts, is_foreign):
    assert QuestionWords(question).is_foreign_to(texts) == is_foreign
