"""How alike the patients of the output are: k-anonymity and l-diversity of what is still told.

k is the size of the smallest group of patients with the same quasi-identifiers; l is the smallest
number of different diagnoses in such a group. Patients in a group of one are unique in these data.

Sources: Sweeney, Int J Uncertain Fuzz 10 (2002) 557; Machanavajjhala et al., ACM TKDD 1 (2007) 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

SMALL = 5


@dataclass(frozen=True)
class Anonymity:
    """The measures of one table of people.

    Attributes
    ----------
    quasi : columns that others may know: sex, birth year, ZIP3 and the like.
    patients, k : how many patients, and the size of the smallest group.
    unique, in_small : patients in groups of one, and in groups below five.
    l_diversity : fewest different values of ``sensitive`` in a group; None without such values.
    """

    quasi: tuple[str, ...]
    patients: int
    k: int
    unique: int
    in_small: int
    sensitive: str | None = None
    l_diversity: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "quasi_identifiers": list(self.quasi),
            "patients": self.patients,
            "k": self.k,
            "unique_patients": self.unique,
            "patients_in_groups_below_5": self.in_small,
            "sensitive": self.sensitive,
            "l_diversity": self.l_diversity,
        }


def measure(
    people: Sequence[Mapping[str, str | None]], sensitive: str | None = None
) -> Anonymity | None:
    """k and l of a table of people; None without people or without quasi-identifiers.

    Parameters
    ----------
    people : one mapping a patient; all keys but ``sensitive`` are quasi-identifiers. A missing
        value is a value of its own.
    sensitive : the column that must vary within a group.
    """
    columns = sorted({name for row in people for name in row} - {sensitive or ""})
    if not people or not columns:
        return None
    wanted = [*columns, *([sensitive] if sensitive else [])]
    table = pl.DataFrame(
        [{name: row.get(name) for name in wanted} for row in people],
        schema=dict.fromkeys(wanted, pl.String),
    )
    counts = [pl.len().alias("size")]
    if sensitive:
        counts.append(pl.col(sensitive).n_unique().alias("values"))
    groups = table.group_by(columns).agg(counts)
    sizes = groups["size"]
    varied = sensitive is not None and table[sensitive].null_count() < table.height
    return Anonymity(
        tuple(columns),
        table.height,
        int(sizes.min() or 0),  # type: ignore[arg-type]
        int(sizes.filter(sizes == 1).sum()),
        int(sizes.filter(sizes < SMALL).sum()),
        sensitive if varied else None,
        int(groups["values"].min()) if varied else None,  # type: ignore[arg-type]
    )
