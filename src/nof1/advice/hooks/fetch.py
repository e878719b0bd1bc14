"""What the client did not send is fetched from its FHIR server, with the request's own token.

Only from servers that the operator names, over https, with limits of time, bytes and pages. No
redirect and no proxy is followed, and a next page must lie below the same address. What came is put
into the request before it is answered and kept, and the token is taken out: a replay needs no
network. A key that could not be fetched holds an OperationOutcome of ours, so it counts as not
checked.

Reference: HL7 CDS Hooks (3.0 ballot), "FHIR Resource Access"; RFC 6750, section 2.1; RFC 9110.
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

import msgspec

from nof1.advice.hooks.fhir_server import Failed, Visit, below, get, server
from nof1.advice.hooks.outcome import Refusal
from nof1.advice.hooks.prefetch import TEMPLATES
from nof1.advice.hooks.request import FETCHED, LARGEST, Request

SECONDS, PAGES, COUNT = 5.0, 20, 500  # for all keys together; of one key; entries asked for a page
SPARE = 2**16  # bytes of the largest request that are left for what is no fetched data
BROKEN = (Failed, Refusal, msgspec.DecodeError, OSError, http.client.HTTPException, ValueError)
TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,8192}=*")


class _Link(msgspec.Struct, frozen=True):
    relation: str = ""
    url: str = ""


class _Page(msgspec.Struct, frozen=True):
    resourceType: str
    id: str | None = None
    link: tuple[_Link, ...] = ()
    entry: tuple[msgspec.Raw, ...] = ()


_PAGE = msgspec.json.Decoder(_Page)
_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Fetcher:
    """Reads from the servers that the operator allows.

    Parameters
    ----------
    allowed : addresses of FHIR servers; a request's ``fhirServer`` must be one of them.
    insecure : http too, for development.
    seconds, pages, most : limits: of all reads of a request, of a key, in bytes of a request.
    trusted : certificates that https trusts; None for the system's.
    """

    def __init__(
        self,
        allowed: Iterable[str],
        *,
        insecure: bool = False,
        seconds: float = SECONDS,
        pages: int = PAGES,
        most: int = LARGEST,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self._servers = {one.base: one for one in (server(a, insecure=insecure) for a in allowed)}
        self._limits = seconds, pages, most
        self._trusted = trusted or ssl.create_default_context()

    def completed(self, raw: bytes, asked: Request, keys: Sequence[str]) -> bytes:
        """The request with what was missing in its prefetch, and without its token.

        Unchanged when nothing is missing, no token came along, or its server is not allowed.

        Parameters
        ----------
        asked : ``raw`` as ``request.read`` understood it. keys : what the service asks for.
        """
        given = asked.prefetch or {}
        first = {key: _unfinished(given.get(key)) for key in keys}
        wanted = [key for key in keys if key not in given or first[key] is not None]
        found = self._servers.get((asked.fhir_server or "").rstrip("/"))
        leave = asked.fhir_authorization
        if not wanted or found is None or leave is None:
            return raw
        seconds, _, most = self._limits
        until = time.monotonic() + min(seconds, leave.expires_in)
        room = most - len(raw) - SPARE
        visit = Visit(found, leave.access_token, until, room, room // 2, self._trusted)
        patient = asked.context.patient_id
        if leave.expires_in <= 0 or not TOKEN.fullmatch(leave.access_token):
            made = {key: _outcome("token") for key in wanted if key not in given}
        else:
            made = self._all(visit, {key: first[key] for key in wanted}, patient)
        return _filled(raw, made)

    def _all(self, visit: Visit, wanted: dict[str, _Page | None], patient: str) -> dict[str, bytes]:
        """All keys at once, each in a thread of its own."""
        pool = ThreadPoolExecutor(len(wanted), thread_name_prefix="fetch")
        try:
            waiting = {
                key: pool.submit(self._key, visit, TEMPLATES[key], patient, page)
                for key, page in wanted.items()
            }
            left = max(visit.until - time.monotonic(), 0.0)
            # Told apart before the visit ends: its end breaks the reads that are still open.
            in_time, _ = wait(waiting.values(), timeout=left)
        finally:
            visit.end()
            pool.shutdown(wait=False, cancel_futures=True)
        made = {
            key: _result(future) if future in in_time else _outcome("timeout")
            for key, future in waiting.items()
        }
        # A first page that the client sent stays when its next one could not be had.
        return {k: v for k, v in made.items() if not (wanted[k] and v.startswith(_OURS))}

    def _key(self, visit: Visit, template: str, patient: str, page: _Page | None) -> bytes:
        """The resource of a read, or all pages of a search in one Bundle."""
        wanted = template.replace("{{context.patientId}}", patient)
        if "?" not in wanted:
            data = get(visit, f"{visit.server.path}/{wanted}")
            found = _PAGE.decode(data)
            if (found.resourceType, found.id) != (wanted.partition("/")[0], patient):
                raise Failed("content")
            return data
        page = page or self._page(visit, f"{visit.server.path}/{wanted}&_count={COUNT}")
        entries, further = list(page.entry), _next(page)
        for _ in range(self._limits[1] - 1):
            if further is None:
                break
            try:
                page = self._page(visit, below(visit.server, further))
            except BROKEN:
                break  # the link stays: what is there counts as a first page only
            entries, further = entries + list(page.entry), _next(page)
        return _bundle(entries, further)

    def _page(self, visit: Visit, path: str) -> _Page:
        found = _PAGE.decode(get(visit, path))
        if found.resourceType != "Bundle":
            raise Failed("content")
        return found


def _unfinished(raw: msgspec.Raw | None) -> _Page | None:
    """A page of the client that names a next one; None for anything else."""
    if raw is None:
        return None
    try:
        page = _PAGE.decode(raw)
    except msgspec.DecodeError:
        return None
    return page if page.resourceType == "Bundle" and _next(page) else None


def _next(page: _Page) -> str | None:
    return next((one.url for one in page.link if one.relation == "next"), None)


def _result(future: Future[bytes]) -> bytes:
    try:
        return future.result()
    except Failed as failed:
        return _outcome(failed.why)
    except (Refusal, msgspec.DecodeError):
        return _outcome("content")
    except TimeoutError:
        return _outcome("timeout")
    except BROKEN:
        return _outcome("unreachable")


_OURS = b'{"resourceType":"OperationOutcome","id":"nof1-'


def _outcome(why: str) -> bytes:
    return _OURS + f'{why}","issue":[{{"severity":"error","code":"transient"}}]}}'.encode()


def _bundle(entries: Sequence[msgspec.Raw], further: str | None) -> bytes:
    made: dict[str, object] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    if further is not None:
        made["link"] = [{"relation": "next", "url": further}]
    return msgspec.json.encode(made)


def _filled(raw: bytes, made: dict[str, bytes]) -> bytes:
    """The request's bytes with these prefetch values, and without the token."""
    whole = _PARTS.decode(raw)
    whole.pop("fhirAuthorization", None)
    kept = {key: _PARTS.decode(whole.get(key, b"{}")) if _is_object(whole.get(key)) else {}
            for key in ("prefetch", "extension")}  # fmt: skip
    kept["prefetch"] |= {key: msgspec.Raw(value) for key, value in made.items()}
    kept["extension"][FETCHED] = msgspec.Raw(msgspec.json.encode(sorted(made)))
    whole |= {key: msgspec.Raw(msgspec.json.encode(value)) for key, value in kept.items()}
    return msgspec.json.encode(whole)


def _is_object(raw: msgspec.Raw | None) -> bool:
    return raw is not None and bytes(raw).lstrip().startswith(b"{")
