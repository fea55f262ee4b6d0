"""Folders in every state → what goes in, what fails and why, what is left out."""

import errno
import json
import os
import socket
from pathlib import Path

import pytest

from index.errors import (
    DocumentTooLarge,
    InvalidDocumentId,
    InvalidMetadata,
    LinkLoop,
    UnreadableDocument,
    UnsupportedDocument,
)
from index.files import Survey, find_sources, read_document
from index.text.reading import is_folder, os_failure

LIMIT = 1000


def survey(*paths: Path) -> Survey:
    return find_sources(paths, max_bytes=LIMIT)


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"Text of {name}", encoding="utf-8")


def ids(found: Survey) -> list[str]:
    return [source.document_id for source in found.sources]


def only_failure(found: Survey, kind: type, *, naming: Path) -> str:
    (failure,) = found.failures
    assert type(failure.error) is kind
    assert failure.name == str(naming)
    assert str(naming) in failure.error.message
    assert failure.error.remedy.endswith(".")
    return failure.error.message


def test_a_folder_is_walked_whole_in_sorted_order(tmp_path):
    write(tmp_path, "b.txt", "a/z.md", "a/b/x.HTML", "Z.text", ".hidden.txt", ".git/x.txt", "c.pdf")
    found = survey(tmp_path)
    assert ids(found) == ["Z.text", "a/b/x.HTML", "a/z.md", "b.txt"]
    assert [source.media_type for source in found.sources] == [
        "text/plain",
        "text/html",
        "text/markdown",
        "text/plain",
    ]
    assert found.failures == ()
    assert [(item.name, item.reason) for item in found.skipped] == [
        (str(tmp_path / "c.pdf"), "not a kind of file that Pincite reads")
    ]
    document, warnings = read_document(found.sources[3], max_bytes=LIMIT)
    assert (document.document_id, document.text, warnings) == ("b.txt", "Text of b.txt", [])


def test_a_file_named_itself_has_its_name_as_id(tmp_path):
    write(tmp_path, "deep/.hidden/x.txt")
    assert ids(survey(tmp_path / "deep" / ".hidden" / "x.txt")) == ["x.txt"]


def test_a_file_of_another_kind_named_itself_fails(tmp_path):
    write(tmp_path, "x.pdf", "y.txt")
    found = survey(tmp_path / "x.pdf", tmp_path / "y.txt")
    only_failure(found, UnsupportedDocument, naming=tmp_path / "x.pdf")
    assert ids(found) == ["y.txt"]


def test_what_is_not_there_fails_and_the_rest_goes_in(tmp_path):
    write(tmp_path, "y.txt")
    found = survey(tmp_path / "gone", tmp_path)
    assert "isn't there" in only_failure(found, UnreadableDocument, naming=tmp_path / "gone")
    assert ids(found) == ["y.txt"]


def test_two_files_with_one_id_clash(tmp_path):
    write(tmp_path, "one/x.txt", "two/x.txt")
    found = survey(tmp_path / "one", tmp_path / "two")
    message = only_failure(found, InvalidDocumentId, naming=tmp_path / "two" / "x.txt")
    assert str(tmp_path / "one" / "x.txt") in message
    assert "'x.txt'" in message
    assert found.sources[0].path == tmp_path / "one" / "x.txt"
    assert len(found.sources) == 1


def test_the_same_file_named_twice_goes_in_once(tmp_path):
    write(tmp_path, "x.txt")
    found = survey(tmp_path, tmp_path / "x.txt")
    assert ids(found) == ["x.txt"]
    assert found.failures == ()


def test_names_are_composed(tmp_path):
    write(tmp_path, "cafe\u0301/u\u0308.txt")
    assert ids(survey(tmp_path)) == ["caf\u00e9/\u00fc.txt"]


def test_links_inside_the_folder_are_followed(tmp_path):
    write(tmp_path, "real/x.txt")
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "file.txt").symlink_to("real/x.txt")
    found = survey(tmp_path)
    assert ids(found) == ["file.txt", "folder/x.txt", "real/x.txt"]
    assert found.failures == ()


def test_a_link_to_a_folder_above_is_a_loop(tmp_path):
    write(tmp_path, "a/x.txt", "y.txt")
    (tmp_path / "a" / "up").symlink_to("..")
    found = survey(tmp_path)
    only_failure(found, LinkLoop, naming=tmp_path / "a" / "up")
    assert ids(found) == ["a/x.txt", "y.txt"]


def test_links_to_each_other_are_a_loop(tmp_path):
    write(tmp_path, "y.txt")
    (tmp_path / "a.txt").symlink_to("b.txt")
    (tmp_path / "b.txt").symlink_to("a.txt")
    found = survey(tmp_path)
    assert [type(failure.error) for failure in found.failures] == [LinkLoop, LinkLoop]
    assert ids(found) == ["y.txt"]
    assert type(survey(tmp_path / "a.txt").failures[0].error) is LinkLoop


def test_a_link_that_leads_outside_is_not_followed(tmp_path):
    write(tmp_path, "outside/secret.txt", "inside/x.txt")
    inside = tmp_path / "inside"
    (inside / "file.txt").symlink_to("../outside/secret.txt")
    (inside / "folder").symlink_to("../outside")
    write(tmp_path, "outside/meta.json")
    (inside / "x.txt.meta.json").symlink_to("../outside/meta.json")
    found = survey(inside)
    assert ids(found) == []
    assert [failure.name for failure in found.failures] == [
        str(inside / "file.txt"),
        str(inside / "folder"),
        str(inside / "x.txt"),
    ]
    for failure in found.failures:
        assert type(failure.error) is UnreadableDocument
        assert "leads outside" in failure.error.message
    # A link that a person names is what he means.
    assert ids(survey(inside / "file.txt")) == ["file.txt"]
    assert ids(survey(inside / "folder")) == ["secret.txt"]


def test_a_dangling_link_is_unreadable(tmp_path):
    (tmp_path / "x.txt").symlink_to("gone.txt")
    message = only_failure(survey(tmp_path), UnreadableDocument, naming=tmp_path / "x.txt")
    assert "isn't there" in message


def test_pipes_and_sockets_are_never_opened(tmp_path, monkeypatch):
    write(tmp_path, "y.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    monkeypatch.chdir(tmp_path)  # a socket's path has a short limit
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.txt")
        found = survey(tmp_path)
    assert ids(found) == ["y.txt"]
    assert [failure.name for failure in found.failures] == [
        str(tmp_path / "pipe.txt"),
        str(tmp_path / "socket.txt"),
    ]
    for failure in found.failures:
        assert type(failure.error) is UnreadableDocument
        assert "isn't a regular file" in failure.error.message


def test_a_failure_says_which_ids_it_stands_for(tmp_path):
    write(tmp_path, "cafe\u0301/a.txt", "re\u0301sume\u0301/e\u0301.txt", "y.txt")
    (tmp_path / "cafe\u0301" / ".pinciteignore").write_bytes(b"\xff")
    (tmp_path / "re\u0301sume\u0301" / "e\u0301.txt").write_bytes(b"x" * (LIMIT + 1))
    # The same id, composed in another way: it is the first one's.
    write(tmp_path, "re\u0301sume\u0301/u\u0308.txt", "re\u0301sume\u0301/\u00fc.txt")
    with open(os.fsencode(tmp_path) + b"/caf\xe9.txt", "wb") as file:  # noqa: PTH123
        file.write(b"x")
    failures = survey(tmp_path, tmp_path / "gone", tmp_path / "gone.txt").failures
    assert [failure.place for failure in failures] == [
        "caf\u00e9",
        None,
        "r\u00e9sum\u00e9/\u00e9.txt",
        None,
        "",
        "",
    ]
    (tmp_path / ".pinciteignore").write_bytes(b"\xff")
    assert [failure.place for failure in survey(tmp_path).failures] == [""]


def test_a_folder_is_told_from_what_cannot_be_looked_at(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "x.txt").write_text("Text")
    told = {name: is_folder(tmp_path / name) for name in ("link", "loop", "x.txt", "x.txt/y", "z")}
    assert told == {"link": True, "loop": False, "x.txt": False, "x.txt/y": False, "z": False}
    with pytest.raises(OSError, match="too long"):
        is_folder(tmp_path / ("x" * 300))


def test_a_file_that_became_a_pipe_is_not_waited_for(tmp_path):
    write(tmp_path, "x.txt")
    (source,) = survey(tmp_path).sources
    source.path.unlink()
    os.mkfifo(source.path)
    with pytest.raises(UnreadableDocument, match="isn't a regular file"):
        read_document(source, max_bytes=LIMIT)


def test_a_file_that_vanished_is_unreadable(tmp_path):
    write(tmp_path, "x.txt")
    (source,) = survey(tmp_path).sources
    source.path.unlink()
    with pytest.raises(UnreadableDocument, match=r"x\.txt.*isn't there") as e:
        read_document(source, max_bytes=LIMIT)
    assert e.value.remedy == "Check the name and the folder."


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (errno.EACCES, "may not be read"),
        (errno.EIO, "can't be read: Input/output error"),
        (errno.ENAMETOOLONG, "can't be read"),
    ],
)
def test_what_the_operating_system_refuses_is_unreadable(code, problem):
    error = os_failure(Path("a/x.txt"), OSError(code, os.strerror(code)))
    assert type(error) is UnreadableDocument
    assert error.message.startswith(f"'a/x.txt' {problem}")
    assert error.remedy.endswith(".")


def test_a_file_over_the_limit_fails_before_and_while_it_is_read(tmp_path):
    write(tmp_path, "small.txt")
    (tmp_path / "large.txt").write_bytes(b"x" * (LIMIT + 1))
    (tmp_path / "exact.txt").write_bytes(b"x" * LIMIT)
    found = survey(tmp_path)
    message = only_failure(found, DocumentTooLarge, naming=tmp_path / "large.txt")
    assert "1,001 bytes" in message
    assert "limit of 1,000" in message
    assert ids(found) == ["exact.txt", "small.txt"]
    with (tmp_path / "small.txt").open("ab") as file:
        file.truncate(10**9)
    with pytest.raises(DocumentTooLarge, match=r"small\.txt.*limit of 1,000"):
        read_document(found.sources[1], max_bytes=LIMIT)


def test_a_name_that_is_not_utf8_or_has_controls_is_named_printably(tmp_path):
    write(tmp_path, "y.txt", "new\nline.txt")
    with open(os.fsencode(tmp_path) + b"/caf\xe9.txt", "wb") as file:  # noqa: PTH123
        file.write(b"x")
    found = survey(tmp_path)
    assert ids(found) == ["y.txt"]
    assert [type(failure.error) for failure in found.failures] == [InvalidDocumentId] * 2
    first, second = found.failures
    assert first.name == f"{tmp_path}/caf\\xe9.txt"
    assert "isn't UTF-8" in first.error.message
    assert first.error.remedy == "Rename it."
    assert "new\\nline.txt" in second.error.message


def test_an_ignore_file_excludes_as_gitignore_does(tmp_path):
    write(tmp_path, "a.txt", "draft-1.txt", "draft-2.txt", "old/x.txt", "keep/old/y.txt")
    write(tmp_path, "keep/z.md", "keep/draft-3.txt")
    (tmp_path / ".pinciteignore").write_text("# drafts\ndraft-*\n!draft-2.txt\n/old/\n")
    (tmp_path / "keep" / ".pinciteignore").write_text("*.md\n!draft-3.txt\n")
    found = survey(tmp_path)
    assert ids(found) == ["a.txt", "draft-2.txt", "keep/draft-3.txt", "keep/old/y.txt"]
    assert [Path(item.name).name for item in found.skipped] == ["draft-1.txt", "z.md", "old"]
    assert {item.reason for item in found.skipped} == {"excluded by .pinciteignore"}
    # A file that a person names is what he means.
    assert ids(survey(tmp_path / "draft-1.txt")) == ["draft-1.txt"]


def test_nothing_goes_in_where_the_ignore_file_cannot_be_understood(tmp_path):
    write(tmp_path, "a/secret.txt", "b.txt")
    (tmp_path / "a" / ".pinciteignore").write_bytes(b"secret\xff")
    found = survey(tmp_path)
    (failure,) = found.failures
    assert type(failure.error) is InvalidMetadata
    assert str(tmp_path / "a" / ".pinciteignore") in failure.error.message
    assert ids(found) == ["b.txt"]


def test_sidecars_say_more_and_are_no_documents(tmp_path):
    write(tmp_path, "a.txt", "b.txt", "c.txt")
    said = {"title": "Named", "published_at": "2020-01-13", "published_at_evidence": "the print"}
    (tmp_path / "a.txt.meta.json").write_text(json.dumps(said))
    (tmp_path / "b.txt.meta.yaml").write_text("title: Othername\ntags: [x, 2020-01-13]\n")
    (tmp_path / "gone.txt.meta.json").write_text("{}")
    for paths in ([tmp_path], [tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "c.txt"]):
        found = survey(*paths)
        documents = [read_document(source, max_bytes=LIMIT)[0] for source in found.sources]
        assert [document.title for document in documents] == ["Named", "Othername", None]
        assert documents[0].published_at == "2020-01-13"
        assert documents[0].published_at_source == "sidecar"
        assert documents[0].metadata == {"published_at_evidence": "the print"}
        assert documents[1].metadata == {"tags": ["x", "2020-01-13"]}
        assert found.failures == ()
    assert [(item.name, item.reason) for item in survey(tmp_path).skipped] == [
        (str(tmp_path / "gone.txt.meta.json"), "a sidecar without its document")
    ]


def test_a_sidecar_named_itself_fails(tmp_path):
    write(tmp_path, "a.txt", "a.txt.meta.json")
    found = survey(tmp_path / "a.txt.meta.json")
    message = only_failure(found, UnsupportedDocument, naming=tmp_path / "a.txt.meta.json")
    assert "is a sidecar" in message


def test_two_sidecars_are_one_too_many(tmp_path):
    write(tmp_path, "a.txt", "a.txt.meta.json", "a.txt.meta.yaml")
    message = only_failure(survey(tmp_path), InvalidMetadata, naming=tmp_path / "a.txt")
    assert "'a.txt.meta.json' and 'a.txt.meta.yaml'" in message


@pytest.mark.parametrize(
    ("content", "problem"),
    [("[1]", "a list"), ("{", "isn't JSON"), ("x" * 1_048_577, "limit of 1,048,576 bytes")],
)
def test_a_broken_sidecar_names_itself(tmp_path, content, problem):
    write(tmp_path, "a.txt")
    (tmp_path / "a.txt.meta.json").write_text(content)
    (source,) = survey(tmp_path).sources
    with pytest.raises(InvalidMetadata) as e:
        read_document(source, max_bytes=LIMIT)
    assert str(tmp_path / "a.txt.meta.json") in e.value.message
    assert problem in e.value.message


def test_a_path_that_is_too_long_to_be_an_id_fails_alone(tmp_path):
    write(tmp_path, "/".join(["x" * 200] * 3) + "/a.txt", "b.txt")
    found = survey(tmp_path)
    (failure,) = found.failures
    assert type(failure.error) is InvalidDocumentId
    assert "limit of 512" in failure.error.message
    assert ids(found) == ["b.txt"]


def test_an_empty_folder_is_an_empty_survey(tmp_path):
    assert survey(tmp_path) == Survey((), (), ())
