"""Units of a response: half-maximal concentrations become ln(µmol/L); AUC stays as it is.

Lower is more sensitive for all of them. Nothing is guessed: the unit is given, by name or row by
row, and numbers that it makes impossible refuse the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.learn.sums import FloatArray

LN_IC50, AUC = "ln_ic50_um", "auc"
UNITS = ("ln_uM", "log10_uM", "nM", "uM", "AUC")
SPELLINGS = {
    "ln_um": "ln_uM",
    "ln(um)": "ln_uM",
    "ln": "ln_uM",
    "log10": "log10_uM",
    "log10_um": "log10_uM",
    "log10(um)": "log10_uM",
    "nm": "nM",
    "um": "uM",
    "µm": "uM",
    "μm": "uM",
    "auc": "AUC",
}
LOWEST, HIGHEST = -16.0, 16.0  # ln µmol/L: 0.1 pmol/L to 9 mol/L, more than any assay spans
MOST_IMPOSSIBLE = 0.01
MOST_SPAN = 25.0  # ln units within one drug: a factor of 7e10, two units in one column
LN_10 = float(np.log(10.0))


def unit_named(text: str) -> str:
    """The unit of a name, whatever its case.

    Raises
    ------
    InputError : for another name.

    >>> unit_named("NM"), unit_named("µM")
    ('nM', 'uM')
    """
    found = SPELLINGS.get(text.strip().lower())
    if found is None:
        raise InputError(
            f"The response unit {text.strip()[:20]!r} is not known.",
            where="response table",
            allowed=UNITS,
            next_step="Name the unit with --unit, or in the column 'unit' of a long table.",
        )
    return found


def measure_of(units: Sequence[str]) -> str:
    """``ln_ic50_um`` or ``auc``, the measure of all rows.

    Raises
    ------
    InputError : when a table holds both: an area is not a concentration.
    """
    counts = Counter(units)
    if AUC.upper() in counts and len(counts) > 1:
        told = ", ".join(f"{name} {count:,} rows" for name, count in sorted(counts.items()))
        raise InputError(
            f"Unit chaos: areas (AUC) and concentrations stand in one table: {told}.",
            where="response table, unit",
            allowed="AUC alone, or any of ln_uM, log10_uM, nM, uM",
            next_step="Split the table, and train one model for each measure.",
        )
    return AUC if AUC.upper() in counts else LN_IC50


def converted(values: FloatArray, unit: str) -> FloatArray:
    """Values of one unit as ln(µmol/L), or as they are for AUC; NaN stays NaN.

    Raises
    ------
    InputError : concentrations of zero or less; an impossible size for this unit.
    """
    steps: dict[str, Callable[[FloatArray], FloatArray]] = {
        "ln_uM": lambda x: x,
        "log10_uM": lambda x: x * LN_10,
        "nM": lambda x: np.log(x) - 3 * LN_10,
        "uM": lambda x: np.log(x),
        "AUC": lambda x: x,
    }
    known = values[np.isfinite(values)]
    if unit in ("nM", "uM") and (known <= 0).any():
        raise chaos(unit, f"{int((known <= 0).sum()):,} values are zero or negative", "ln_uM")
    with np.errstate(invalid="ignore", divide="ignore"):
        made = steps[unit](values)
    done = made[np.isfinite(made)]
    if unit == "AUC":
        if (done < 0).any():
            raise chaos(unit, f"{int((done < 0).sum()):,} areas are negative", "ln_uM")
    elif done.size and ((done < LOWEST) | (done > HIGHEST)).mean() > MOST_IMPOSSIBLE:
        share = float(((done < LOWEST) | (done > HIGHEST)).mean())
        raise chaos(unit, f"{share:.0%} of the values cannot be concentrations of it", "nM or uM")
    return made


def check_spans(response: FloatArray, drugs: Sequence[str]) -> None:
    """Refuse a table of ln(µmol/L) in which one drug spans what no drug does: two units in it.

    Raises
    ------
    InputError : names up to five such drugs.
    """
    spans = np.array([_span(column) for column in response.T])
    wide: NDArray[np.int64] = np.flatnonzero(spans > MOST_SPAN)
    if len(wide):
        raise InputError(
            f"Unit chaos: the values of {len(wide):,} drugs span more than a factor of 7e10.",
            where="response table: " + ", ".join(drugs[i] for i in wide[:5]),
            allowed="one unit in the table, or a column 'unit'",
            next_step="Bring these drugs to one unit.",
        )


def _span(column: FloatArray) -> float:
    known = column[np.isfinite(column)]
    return float(known.max() - known.min()) if known.size else 0.0


def chaos(unit: str, what: str, perhaps: str) -> InputError:
    """The refusal of a unit that the numbers contradict."""
    return InputError(
        f"Unit chaos: the unit is given as {unit}, but {what}.",
        where="response table",
        allowed=UNITS,
        next_step=f"Look at the table; is it {perhaps}?",
    )
