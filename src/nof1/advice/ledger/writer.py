"""One thread that writes for all: whatever waits is committed together, then everybody is told.

A commit costs a disk flush (milliseconds), so a busy server shares one among many entries. Nobody
is told before the flush: an entry with a receipt survives a kill and a power cut.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from nof1.advice.ledger.shapes import Draft, Receipt
from nof1.core.errors import WorkspaceError

LARGEST_GROUP = 256
MOST_WAITING = 4096
Waiting = tuple[Draft, "Future[Receipt]"]
Lot = list[Waiting]  # what is written together or not at all


class Writer:
    """Groups drafts and hands each group to ``commit``, which returns one receipt a draft.

    When ``commit`` raises, every waiting caller of the group gets that error; the next group is
    tried anew.
    """

    def __init__(self, commit: Callable[[Sequence[Draft]], Sequence[Receipt]]) -> None:
        self._commit = commit
        self._queue: queue.Queue[Lot | None] = queue.Queue(MOST_WAITING)
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="nof1-ledger", daemon=True)
        self._thread.start()

    def submit(self, draft: Draft) -> Future[Receipt]:
        """Queue a draft; the future is done when it is on disk.

        Raises
        ------
        WorkspaceError : when the writer is closed, or the database is too slow for the load.
        """
        return self.submit_together([draft])[0]

    def submit_together(self, drafts: Sequence[Draft]) -> list[Future[Receipt]]:
        """Queue drafts that are written all or none, one future each; raises as ``submit``."""
        lot: Lot = [(draft, Future()) for draft in drafts]
        with self._gate:
            if self._closed:
                raise WorkspaceError("The ledger is closed.", next_step="Open it again.")
            try:
                self._queue.put_nowait(lot)  # never block a server's event loop
            except queue.Full:
                raise WorkspaceError(
                    f"{MOST_WAITING} requests wait for the ledger's database.",
                    next_step="Give it a faster disk, or ask less often.",
                ) from None
        return [future for _, future in lot]

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = self._group(first)
            self._write(group)
            if last:
                return

    def _group(self, first: Lot) -> tuple[list[Waiting], bool]:
        group = list(first)
        while len(group) < LARGEST_GROUP:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return group, True
            group += item
        return group, False

    def _write(self, group: list[Waiting]) -> None:
        # From here on a caller who goes away cannot cancel: its entry is written all the same.
        heard = [future.set_running_or_notify_cancel() for _, future in group]
        try:
            receipts = self._commit([draft for draft, _ in group])
        except Exception as error:  # the thread must live on, and each caller must hear of it
            for (_, future), there in zip(group, heard, strict=True):
                if there:
                    future.set_exception(error)
            return
        for (_, future), there, receipt in zip(group, heard, receipts, strict=True):
            if there:
                future.set_result(receipt)
