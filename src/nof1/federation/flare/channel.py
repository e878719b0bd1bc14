"""The two methods of ``link.Channel`` over whatever can call the coordinator, and its answers.

Nothing here needs FLARE. The coordinator's side is the hub of one process (``local.Hub``): it
collects what sites lay down, knows no key and sees noise. An answer is bytes or words of why not,
so that no error object, and no traceback with a site's values, travels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from nof1.core.errors import InputError, ModelError, Nof1Error
from nof1.federation.local import Hub
from nof1.federation.refusal import Refused
from nof1.federation.ring import WORD
from nof1.federation.secure import EXTRA

MESSAGE, VECTOR = "message", "vector"
AGAIN = "Start the job again; it will have new keys."
Call = Callable[[str, int, bytes], bytes]
"""(message or vector, number, payload) -> an encoded ``Answer``; what an engine offers a site."""


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the coordinator gives back: ``data``, or ``why`` it did not."""

    data: bytes = b""
    why: str = ""


@dataclass
class CalledChannel:
    """One site's line in one job; it sends no more than the manifest asks for.

    Attributes
    ----------
    call : the engine. rounds, entries : most sums, and most entries of one.
    """

    call: Call
    rounds: int
    entries: int
    _number: int = field(default=0, repr=False)

    def exchange(self, message: bytes) -> Mapping[str, bytes]:
        """Lay down a message and take those of all sites.

        Raises
        ------
        InputError : the answer cannot be read. ModelError : the job is over.
        """
        number, self._number = self._number, self._number + 1
        raw = self._asked(MESSAGE, number, message)
        try:
            return msgspec.msgpack.decode(raw, type=dict[str, bytes])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InputError("The sites' messages cannot be read.", where="link") from None

    def lay(self, number: int, payload: bytes) -> bytes:
        """Lay down a masked vector and take the total.

        Raises
        ------
        Refused : more or longer sums than were asked for. ModelError : the job is over.
        """
        if number >= self.rounds or len(payload) > WORD * (self.entries + EXTRA):
            raise Refused("rounds", "The training needs more or longer sums than were asked for.")
        return self._asked(VECTOR, number, payload)

    def _asked(self, kind: str, number: int, payload: bytes) -> bytes:
        raw = self.call(kind, number, payload)
        try:
            found = msgspec.msgpack.decode(raw, type=Answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InputError("The coordinator's answer cannot be read.", where="link") from None
        if found.why:
            raise ModelError(found.why, where="federation", next_step=AGAIN)
        return found.data


def served(hub: Hub, site: str, kind: str, number: int, payload: bytes) -> bytes:
    """The coordinator's side of a call, an encoded ``Answer``; what a site sends never raises.

    Parameters
    ----------
    site : who calls, as the engine knows it from the connection and not from the message.
    """
    try:
        if kind == MESSAGE:
            data = msgspec.msgpack.encode(hub.exchange(site, payload, number))
        elif kind == VECTOR:
            data = hub.rounds.lay(site, number, payload)
        else:
            return msgspec.msgpack.encode(Answer(why="The call is not known."))
    except Nof1Error as error:
        return msgspec.msgpack.encode(Answer(why=error.message))
    return msgspec.msgpack.encode(Answer(data))
