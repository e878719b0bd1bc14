"""The desk where learners sit: who is in which sitting now, and what is kept of it.

Pages talk to this one object. The current sitting of everybody lives in memory; of those who opted
in each step is also written to the store, so that they go on where they were. Of the others nothing
is written, and all is gone when the program ends.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nof1.academy.answers import Pair
from nof1.academy.bank import form as form_of
from nof1.academy.cases import Case
from nof1.academy.history import pairs_of, sittings_of_form
from nof1.academy.practice import plan
from nof1.academy.sitting import SITTINGS, Sitting, Step, begin
from nof1.academy.store import Store
from nof1.core.errors import UsageError

MOST_LEARNERS = 500  # in memory at a time; whoever came longest ago makes room
FORMS = 2**31


class Desk:
    """Safe for several threads: a step that is done twice at once is done once.

    Parameters
    ----------
    store : the learners' file.
    cases : the bank.
    """

    def __init__(self, store: Store, cases: Sequence[Case]) -> None:
        self.store = store
        self.cases = tuple(cases)
        self._by_id = {case.id: case for case in self.cases}
        self._memory: OrderedDict[str, list[Sitting]] = OrderedDict()
        self._lock = threading.RLock()

    def sittings(self, name: str) -> list[Sitting]:
        """All sittings of a learner, oldest first, the current one too."""
        with self._lock:
            if self.store.opted(name):
                return self.store.sittings(name)
            return list(self._memory.get(name, []))

    def pairs(self, name: str) -> list[Pair]:
        """All finished answers with the facts of their cases, in the order they were given."""
        return pairs_of(self.sittings(name))

    def current(self, name: str) -> Sitting | None:
        """The unfinished sitting of a learner, or None."""
        mine = self.sittings(name)
        return mine[-1] if mine and mine[-1].step is not Step.DONE else None

    def case(self, sitting: Sitting) -> Case:
        """The case that is being answered.

        Raises
        ------
        UsageError : the sitting is done, or the bank was built anew since.
        """
        found = self._by_id.get(sitting.case)
        if found is None:
            raise UsageError(
                "This sitting cannot go on: it is finished, or the bank was built anew since.",
                where="sitting", next_step="Leave it and begin a new one.",
            )  # fmt: skip
        return found

    def view(self, name: str) -> dict[str, Any]:
        """What the learner may see now (``Sitting.view``); refused without a current sitting."""
        sitting = self._going(name)
        return sitting.view(self.case(sitting))

    def begin_test(self, name: str, now: datetime, *, silent: bool = False) -> Sitting:
        """The next sitting of the learner's test, or the first one of a new test.

        ``silent``: without feedback between the cases, as a trial measures.

        Raises
        ------
        UsageError : another sitting is not finished.
        """
        with self._lock:
            mine = self._free(name)
            tests = [one for one in mine if one.kind == "test"]
            form = tests[-1].form if tests else 0
            done = len(sittings_of_form(tests, form))
            if not tests or done >= SITTINGS:
                form, done = 1 + secrets.randbelow(FORMS), 0
            cases = form_of(self.cases, form)
            made = begin(cases, now, form=form, number=done + 1, silent=silent)
            return self._keep(name, made, now)

    def begin_practice(self, name: str, now: datetime) -> Sitting:
        """Twelve cases on what this learner needs most.

        Raises
        ------
        UsageError : another sitting is not finished.
        """
        with self._lock:
            mine = self._free(name)
            seed = 1 + secrets.randbelow(FORMS)
            cases = plan(self.cases, pairs_of(mine), now, seed)
            return self._keep(name, begin(cases, now, kind="practice", form=seed), now)

    def leave(self, name: str, now: datetime) -> None:
        """End the current sitting early: its finished answers stay, the rest is never asked."""
        with self._lock:
            self._keep(name, self._going(name).left(), now)

    def own(self, name: str, case: str, act: bool, probability: float, now: datetime) -> Sitting:
        """The own answer (see ``Sitting.own``)."""
        with self._lock:
            return self._keep(name, self._going(name).own(case, act, probability, now), now)

    def open_check(self, name: str, case: str, check: str, now: datetime) -> Sitting:
        """Open a check (see ``Sitting.open_check``)."""
        with self._lock:
            return self._keep(name, self._going(name).open_check(case, check, now), now)

    def final(self, name: str, case: str, act: bool, probability: float, move: str,
              now: datetime) -> Sitting:  # fmt: skip
        """The final answer (see ``Sitting.final``)."""
        with self._lock:
            going = self._going(name)
            going.due(Step.CARD, case)
            done = going.final(self.case(going), act, probability, move, now)
            return self._keep(name, done, now)

    def learn(self, name: str, case: str, lesson: str, now: datetime) -> Sitting:
        """Leave the feedback with a line (see ``Sitting.learn``)."""
        with self._lock:
            return self._keep(name, self._going(name).learn(case, lesson, now), now)

    def opt_in(self, name: str, now: datetime) -> None:
        """Keep this learner's data from now on, with what is in memory of this session."""
        with self._lock:
            self.store.opt_in(name, now)
            for one in self._memory.pop(name, []):
                self.store.keep(name, one, now)

    def forget(self, name: str) -> None:
        """Remove all of a learner, in memory and in the store."""
        with self._lock:
            self._memory.pop(name, None)
            if self.store.opted(name):
                self.store.forget(name)

    def _going(self, name: str) -> Sitting:
        found = self.current(name)
        if found is None:
            raise UsageError("No sitting is begun.", where="sitting",
                             next_step="Begin a test or a practice.")  # fmt: skip
        return found

    def _free(self, name: str) -> list[Sitting]:
        mine = self.sittings(name)
        if mine and mine[-1].step is not Step.DONE:
            raise UsageError("A sitting is not finished yet.", where="sitting",
                             next_step="Go on with it, or leave it.")  # fmt: skip
        return mine

    def _keep(self, name: str, made: Sitting, now: datetime) -> Sitting:
        """Put a sitting in place of its earlier state, or behind the others."""
        if self.store.opted(name):
            self.store.keep(name, made, now)
            return made
        mine = self._memory.setdefault(name, [])
        self._memory.move_to_end(name)
        if mine and mine[-1].begun == made.begun:
            mine[-1] = made
        else:
            mine.append(made)
        while len(self._memory) > MOST_LEARNERS:
            self._memory.popitem(last=False)
        return made
