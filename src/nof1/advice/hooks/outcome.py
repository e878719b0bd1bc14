"""Refusals: a status and a FHIR OperationOutcome that says what is wrong and leaks nothing.

Reference: HL7 FHIR R4 (4.0.1) OperationOutcome; CDS Hooks (3.0 ballot), "Returning
OperationOutcome".
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

JSON = "application/json"
BAD_REQUEST, UNKNOWN, TOO_LARGE, UNMET, FAILED, LATE = 400, 404, 413, 412, 500, 503


@dataclass(frozen=True)
class Reply:
    """What goes back: an HTTP status and a JSON body."""

    status: int
    body: bytes


class Refusal(Exception):
    """A request that is not answered, and why; never with a value of the request.

    Parameters
    ----------
    status : HTTP status, 4xx or 5xx.
    code : FHIR issue type, for example ``"structure"``.
    text : one sentence for the client's log.
    where : the field or prefetch key that it is about.
    """

    def __init__(self, status: int, code: str, text: str, where: str | None = None) -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.where = status, code, text, where

    def reply(self) -> Reply:
        """The refusal as an answer."""
        return Reply(self.status, body(self.code, self.text, self.where))


def body(code: str, text: str, where: str | None = None) -> bytes:
    """An OperationOutcome with one issue of severity ``error``, as JSON."""
    issue = {"severity": "error", "code": code, "details": {"text": text}}
    if where:
        issue["diagnostics"] = where
    return msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [issue]})


def failed() -> Reply:
    """The answer to anything unforeseen: the same bytes whatever happened."""
    text = "The service failed, and nothing was checked. Do not read this as «no advice»."
    return Reply(FAILED, body("exception", text))


def late() -> Reply:
    """The answer to a request that takes too long."""
    text = "Not checked: ran out of time. Do not read this as «no advice»."
    return Reply(LATE, body("timeout", text))
