"""What can go wrong in the service; grows from the tree in `index.errors`.

PinciteError
├── QuestionError            the question can't be asked as it is
│   ├── InvalidQuestion      not valid Unicode text
│   ├── EmptyQuestion
│   └── QuestionTooLong
├── UnusableCalibration      a calibration's file is missing, or isn't one
├── TooFewQuestions          too few to calibrate on
├── NotReady                 a collection can't be opened
├── Overloaded               more requests at once than the server takes
├── DeadlineExceeded         the answer would have come too late
├── RequestCancelled         nobody waits for the answer any more
│   └── ServerStopping       the server ends before it is done
├── FalseCitation            a quote isn't what stands at its place: never sent
├── RequestTooLarge          the body is over the limit
├── InvalidJSON              the body is not JSON
├── InvalidUpload            the body is no multipart/form-data with files
├── TooManyFiles             an upload has more files than the limit
├── NotFound                 (of `index.errors`)
│   └── UnknownJob           no such job, or not any more
├── ForbiddenHost            the Host header names no host that this server answers for
├── ForbiddenOrigin          a page of another site sends the request
├── AddressUnavailable       the server can't listen where it should
└── QuestionFileError        a question file can't be read, or most of it is wrong
"""

from __future__ import annotations

from index.errors import NotFound, PinciteError


class QuestionError(PinciteError):
    """The question can't be asked as it is."""

    code = "question_error"


class InvalidQuestion(QuestionError):
    """The question isn't valid Unicode text."""

    code = "invalid_question"


class EmptyQuestion(QuestionError):
    """There is nothing in the question."""

    code = "empty_question"


class QuestionTooLong(QuestionError):
    """The question is over the limit of characters, or of the reader's tokens."""

    code = "question_too_long"


class UnusableCalibration(PinciteError):
    """A calibration's file is missing, or isn't one."""

    code = "unusable_calibration"


class TooFewQuestions(PinciteError):
    """There are too few questions to calibrate on, or all are of one kind."""

    code = "too_few_questions"


class NotReady(PinciteError):
    """A collection can't be opened."""

    code = "not_ready"


class Overloaded(PinciteError):
    """More requests at once than the server takes."""

    code = "overloaded"


class DeadlineExceeded(PinciteError):
    """The answer would have come too late."""

    code = "deadline_exceeded"


class RequestCancelled(PinciteError):
    """Nobody waits for the answer any more."""

    code = "request_cancelled"


class ServerStopping(RequestCancelled):
    """The server ends before it is done."""

    code = "server_stopping"


class FalseCitation(PinciteError):
    """A quote isn't what stands at its place; it is never sent."""

    code = "false_citation"


class RequestTooLarge(PinciteError):
    """The body is over the limit."""

    code = "request_too_large"


class InvalidJSON(PinciteError):
    """The body is not JSON."""

    code = "invalid_json"


class InvalidUpload(PinciteError):
    """The body is no multipart/form-data with files, each of a name of its own."""

    code = "invalid_upload"


class TooManyFiles(PinciteError):
    """An upload has more files than the limit."""

    code = "too_many_files"


class UnknownJob(NotFound):
    """There is no such job, or not any more."""

    code = "unknown_job"


class ForbiddenHost(PinciteError):
    """The Host header names no host that this server answers for."""

    code = "forbidden_host"


class ForbiddenOrigin(PinciteError):
    """A page of another site sends the request."""

    code = "forbidden_origin"


class AddressUnavailable(PinciteError):
    """The address and port can't be listened on."""

    code = "address_unavailable"


class QuestionFileError(PinciteError):
    """A question file can't be read, or most of it is wrong."""

    code = "question_file_error"
