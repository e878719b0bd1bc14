"""All of the door of one workspace in one hand: who is this, and may they?"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import time

from nof1.core.errors import UsageError
from nof1.core.workspace import Workspace
from nof1.web.access import emergency, passwords
from nof1.web.access.accounts import Account, Accounts
from nof1.web.access.database import Database
from nof1.web.access.emergency import Emergencies
from nof1.web.access.journal import Journal
from nof1.web.access.principal import Decision, Principal, decide
from nof1.web.access.roles import scopes_of
from nof1.web.access.sessions import Sessions
from nof1.web.access.throttle import Slow, Throttle
from nof1.web.access.tokens import ApiTokens

AT_ONCE = 2  # passwords that are checked at once: each needs 32 MiB
WAITING = 8  # sign-ins that are here at once: more would take the threads that answer with advice
LOG = logging.getLogger("nof1.web")


class Refused(Exception):
    """A sign-in that did not work; ``slow``: too many tries. It tells nothing else."""

    def __init__(self, *, slow: bool = False) -> None:
        super().__init__()
        self.slow = slow


@dataclass(frozen=True)
class Desk:
    """Accounts, sessions, tokens and emergencies over one database."""

    workspace: Workspace
    database: Database
    clock: Callable[[], float] = time
    journal: Journal = field(init=False)
    accounts: Accounts = field(init=False)
    sessions: Sessions = field(init=False)
    tokens: ApiTokens = field(init=False)
    emergencies: Emergencies = field(init=False)
    throttle: Throttle = field(init=False)
    checking: threading.Semaphore = field(init=False)
    waiting: threading.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        journal = Journal(self.workspace.audit)
        parts = {
            "journal": journal,
            "accounts": Accounts(self.database, journal, self.clock),
            "sessions": Sessions(self.database, self.clock),
            "tokens": ApiTokens(self.database, journal, self.clock),
            "emergencies": Emergencies(self.database, journal, self.clock),
            "throttle": Throttle(self.database, self.clock),
            "checking": threading.Semaphore(AT_ONCE),
            "waiting": threading.Semaphore(WAITING),
        }
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    def sign_in(self, name: str, password: str, address: str, old: str | None = None) -> str:
        """A new session for a name and its password; gives the session's secret.

        ``old`` is the secret of the browser's session before, which ends.

        Raises
        ------
        Refused : for every fault alike; the work done is the same for a name that nobody has.
        """
        account = self.checked(name, password, address)
        if old is not None:
            self.sessions.end(old)
        self.journal.note("sign-in", account=account, way="password")
        return self.sessions.begin(account)

    def checked(self, name: str, password: str, address: str) -> str:
        """The account whose name and password these are.

        Raises
        ------
        Refused : see ``sign_in``; also when too many sign in at this moment.
        """
        if not self.waiting.acquire(blocking=False):
            raise Refused(slow=True)
        try:
            return self._checked(name, password, address)
        finally:
            self.waiting.release()

    def _checked(self, name: str, password: str, address: str) -> str:
        plain = passwords.normal(name).encode("utf-8", "replace").decode()
        account = f"local:{plain.strip().casefold()[:100]}"
        try:
            self.throttle.begin(account, address)
        except Slow:
            self.journal.refused("sign-in refused", why="too many tries")
            raise Refused(slow=True) from None
        kept = self.accounts.password_of(account)
        with self.checking:
            good = passwords.fits(password, kept or passwords.nobodys())
        if not good or kept is None or self.throttle.locked(account):
            known = {} if kept is None else {"account": account}
            # Written each time: for a name that nobody has it must not be quicker.
            self.journal.note("sign-in refused", why="name or password", **known)
            raise Refused
        self.throttle.succeeded(account, address)
        if passwords.outdated(kept):
            self.accounts.set_password(account, password, by="itself", quiet=True)
        return account

    def by_session(self, secret: str) -> Principal | None:
        """Who a session's secret belongs to."""
        found = self.sessions.find(secret)
        return None if found is None else self._of(found.account)

    def by_token(self, secret: str) -> Principal | None:
        """Who a token belongs to, with the token's limits."""
        found = self.tokens.find(secret)
        who = None if found is None else self._of(found.account)
        return None if found is None or who is None else replace(who, within=found.scopes)

    def _of(self, account: str) -> Principal | None:
        try:
            return self.principal(self.accounts.get(account))
        except UsageError:  # it was removed at this very moment
            return None

    def principal(self, account: Account) -> Principal:
        """An account as the one who asks, with its roles and patients of this moment."""
        opened = self.emergencies.open_now(account.account) if account.person else []
        return Principal(
            account=account.account,
            name=account.name,
            person=account.person,
            roles=account.roles,
            scopes=scopes_of(account.roles),
            patients=self.accounts.patients(account.account),
            emergencies=frozenset(one.patient for one in opened),
        )

    def decide(
        self,
        who: Principal | None,
        action: str,
        kind: str,
        patient: str | None = None,
        *,
        asked: bool = True,
    ) -> Decision:
        """As ``principal.decide``, for a patient's own identifier; refusals and uses are noted.

        ``asked`` False: nobody asked, a page only wants to know what to offer: no refusal is noted.

        Raises
        ------
        UsageError : this is no identifier of a patient.
        """
        marked = None if patient is None else emergency.mark(self.workspace.audit, patient)
        made = decide(who, action, kind, marked)
        if who is not None and not made.allowed and asked:
            about = {} if marked is None else {"patient": marked}
            self.journal.refused("access refused", account=who.account, what=f"{action} {kind}",
                                 why=made.reason, **about)  # fmt: skip
        if who is not None and made.emergency and marked is not None:
            self.emergencies.used(who.account, marked, action, kind)
        return made

    def close(self) -> None:
        """Close the file."""
        self.database.close()


def open_desk(workspace: Workspace, clock: Callable[[], float] = time) -> Desk:
    """The accounts of a workspace: ``service/access.db``, made where there is none.

    Raises
    ------
    WorkspaceError : see ``database.Database``.
    """
    return Desk(workspace, Database(workspace.root / "service"), clock)
