"""What another site says in the clear is a stranger's text: looked at before anything uses it.

Names and words of a site go into the model, its card, pages and terminals of all sites. A hostile
site could put commands for a terminal there, or so many names that nobody's memory holds their
features.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from nof1.core.errors import InputError, Nof1Error
from nof1.predict.spec import FeatureSpec

LONGEST = 1000  # characters of a code or of its words
MOST = 20_000  # codes of one site
GROUPS = 20  # sexes of one site
DAY = re.compile(r"\d{4}-\d\d-\d\d|undated")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def spec(site: str, parts: Mapping[str, Any]) -> FeatureSpec:
    """The features that a site offers.

    Raises
    ------
    InputError : they are none, or too many, or no plain texts.
    """
    try:
        found = FeatureSpec.from_dict(parts)
        names = (*found.codes, *found.static_codes, *found.static_values)
        hash((found.windows, found.aggregates, found.age))
    except (Nof1Error, TypeError, ValueError, AttributeError, KeyError):
        _refuse(site, "features")
    texts(site, names, "features")
    return found


def texts(site: str, said: Iterable[Any], what: str, most: int = MOST) -> None:
    """Nothing when all are plain, short texts and not too many.

    Raises
    ------
    InputError : they are not. The text itself is not repeated.
    """
    found = list(said)
    fine = len(found) <= most and all(
        isinstance(one, str) and len(one) <= LONGEST and not CONTROL.search(one) for one in found
    )
    if not fine:
        _refuse(site, what)


def sets(site: str, said: list[list[str]], count: int) -> None:
    """Nothing when a site names codes for as many code sets as the task has.

    Raises
    ------
    InputError : it does not.
    """
    if len(said) != count:
        _refuse(site, "code sets")
    texts(site, (code for one in said for code in one), "code sets")


def day(site: str, said: str) -> None:
    """Nothing when a site's youngest day is one.

    Raises
    ------
    InputError : it is not.
    """
    if not DAY.fullmatch(said):
        _refuse(site, "youngest day")


def words(said: Mapping[str, str]) -> dict[str, str]:
    """A site's words for codes, with what no terminal should get taken out."""
    return {code: CONTROL.sub(" ", text[:LONGEST]) for code, text in said.items()}


def _refuse(site: str, what: str) -> NoReturn:
    raise InputError(
        f"What {site} offers as {what} cannot be used.",
        where="federation",
        allowed=f"plain texts of at most {LONGEST} characters, at most {MOST:,}",
        next_step=f"Ask {site} by telephone what its record or its program is.",
    ) from None
