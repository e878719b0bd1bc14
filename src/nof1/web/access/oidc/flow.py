"""The way to the hospital's sign-in and back: state, nonce and PKCE, each good for one time.

A sign-in that was begun is kept on the server under the hash of its state, together with the hash
of a cookie: only the browser that began it can end it, once, within ten minutes.

Reference: RFC 6749, section 4.1; RFC 7636; RFC 9207 (iss); RFC 9700, section 4.4 (mix-up).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from nof1.web.access import secrets
from nof1.web.access.accounts import hospital_account
from nof1.web.access.desk import Desk
from nof1.web.access.oidc.claims import Person, Untrue, person
from nof1.web.access.oidc.issuer import Issuer
from nof1.web.access.oidc.settings import Settings
from nof1.web.access.oidc.transport import Failed, ask

LASTS_S, MOST = 600.0, 10_000  # a sign-in that was begun; such sign-ins at once
CALLBACK = "/sign-in/callback"


class NotIn(Exception):
    """The sign-in did not work; ``words`` are for the person."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True)
class Entered:
    """Somebody who came in: the session's secret, and where to go."""

    secret: str
    next: str


BROKEN = "The sign-in did not work. Begin again."
UNREACHABLE = "The hospital's sign-in does not answer as it should. Try again later."
NO_ROLE = "Your hospital knows you, but no group of yours has a role here. Ask its administrator."


class Hospital:
    """The sign-in of one hospital. ``origin`` is this server's public address."""

    def __init__(self, settings: Settings, desk: Desk, origin: str) -> None:
        self.settings, self._desk = settings, desk
        self._issuer = Issuer(settings)
        self._redirect = origin + CALLBACK

    def begin(self, next_: str) -> tuple[str, str]:
        """The issuer's address for the browser, and the secret for its cookie.

        Raises
        ------
        NotIn : the issuer cannot be reached.
        """
        try:
            door = self._issuer.door("authorization_endpoint")
        except Failed as failed:
            raise self._refused(f"issuer: {failed}", UNREACHABLE) from None
        state, browser, nonce, verifier = (secrets.new() for _ in range(4))
        now = self._desk.clock()
        with self._desk.database.writing() as db:
            db.execute("DELETE FROM waiting WHERE until <= ?", (now,))
            db.execute(  # a flood pushes out the oldest and keeps nobody from beginning
                "DELETE FROM waiting WHERE state IN (SELECT state FROM waiting "
                "ORDER BY until DESC LIMIT -1 OFFSET ?)",
                (MOST - 1,),
            )
            row = (secrets.kept(state), secrets.kept(browser), nonce, verifier, next_,
                   now + LASTS_S)  # fmt: skip
            db.execute("INSERT INTO waiting VALUES (?, ?, ?, ?, ?, ?)", row)
        digest = hashlib.sha256(verifier.encode()).digest()
        query = urlencode({
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self._redirect,
            "scope": self.settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        })  # fmt: skip
        return f"{door}{'&' if '?' in door else '?'}{query}", browser

    def finish(
        self, query: Iterable[tuple[str, str]], browser: str | None, old: str | None = None
    ) -> Entered:
        """The end of a sign-in: what the issuer sent with the browser becomes a session.

        Parameters
        ----------
        query : parameters of the address. browser : the cookie's secret. old : the secret of the
            session that this browser had before; it ends.

        Raises
        ------
        NotIn : a check fails; the log of this server says which.
        """
        pairs = list(query)
        given = dict(pairs)
        if len(given) < len(pairs) or browser is None:
            raise self._refused("half an answer")
        nonce, verifier, next_ = self._taken(given.get("state", ""), browser)
        issuer = given.get("iss")
        if issuer != self.settings.issuer and (issuer is not None or self.settings.require_iss):
            raise self._refused("issuer of the answer")
        if "error" in given or not given.get("code"):
            raise self._refused("the issuer refused")
        return Entered(self._entered(self._person(given["code"], verifier, nonce), old), next_)

    def _taken(self, state: str, browser: str) -> tuple[str, str, str]:
        """Nonce, verifier and place of the sign-in with this state, which is used up by that."""
        with self._desk.database.writing() as db:
            row = db.execute(
                "SELECT * FROM waiting WHERE state = ?", (secrets.kept(state),)
            ).fetchone()
            db.execute("DELETE FROM waiting WHERE state = ?", (secrets.kept(state),))
        if row is None or row["until"] <= self._desk.clock():
            raise self._refused("state")
        if row["browser"] != secrets.kept(browser):
            raise self._refused("another browser")
        return row["nonce"], row["verifier"], row["next"]

    def _person(self, code: str, verifier: str, nonce: str) -> Person:
        one = self.settings
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect,
            "client_id": one.client_id, "code_verifier": verifier,
        }  # fmt: skip
        client = None if one.secret is None else (one.client_id, one.secret)
        try:
            door = self._issuer.door("token_endpoint")
            answer = ask(door, form=form, client=client, certificates=one.certificates)
            token = answer.get("id_token")
            if not isinstance(token, str):
                raise Untrue("no ID token")
            return person(token, one, self._issuer, nonce, self._desk.clock())
        except Untrue as untrue:
            raise self._refused(f"ID token: {untrue}") from None
        except Failed as failed:
            raise self._refused(f"issuer: {failed}", UNREACHABLE) from None

    def _entered(self, found: Person, old: str | None) -> str:
        """A session for a person who has a role; whoever lost the last one loses all that was."""
        one, desk = self.settings, self._desk
        account = hospital_account(one.issuer, found.subject)
        given = one.roles_of(found.groups)
        if not given:
            desk.accounts.unvouched(account)
            desk.journal.refused("sign-in refused", why="no role", account=account)
            raise NotIn(NO_ROLE)
        desk.accounts.vouched(
            one.issuer, found.subject, found.name, given, every_patient=one.every_patient
        )
        if old is not None:
            desk.sessions.end(old)
        desk.journal.note("sign-in", account=account, way="hospital")
        return desk.sessions.begin(account)

    def _refused(self, why: str, words: str = BROKEN) -> NotIn:
        self._desk.journal.refused("sign-in refused", why=why, way="hospital")
        return NotIn(words)
