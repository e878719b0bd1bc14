"""Which variant of a genotype file a row of a scoring file means.

By place and alleles; rows that have only an rsID by that and alleles, where the file has names. The
best of these counts, in this order (as in the PGS Catalog's calculator, pgscatalog-match):

0, 1    both alleles agree: the effect allele is ``alt``, or ``ref`` (swapped);
2, 3    the same on the other strand (A for T, C for G), single bases only;
4 to 7  the same four where the scoring file does not say the other allele;
8 to 11 the genotype file knows only its reference allele, and it is one of the two.

A/T and C/G variants look the same on both strands. They are kept when they agree as they stand,
because the PGS Catalog's positions are harmonised to the forward strand, and dropping them loses
weights for certain; and only where the score's other rows support that: when more than
``FLIPPED_LIMIT`` of them fit on the other strand alone, or when asked to, they are dropped. (The
PGS Catalog's calculator drops them unless ``--keep_ambiguous`` is given.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Ambiguous = Literal["keep", "drop"]

FLIPPED_LIMIT = 0.01
EXACT, SWAPPED, FLIPPED, FLIPPED_SWAPPED, ALONE, ONE_ALLELE = 0, 1, 2, 3, 4, 8
ABSENT = "not in the genotype file"
OTHER_ALLELES = "the genotype file has other alleles there"
NO_NAME = "only an rsID, and the genotype file has no variant of that name"
AMBIGUOUS = "A/T or C/G: dropped as asked"
STRAND = "A/T or C/G, and other rows of this score are on the other strand: dropped"
SAME_VARIANT = "the same variant and allele as another row"
_OTHER_STRAND = {"A": "T", "T": "A", "C": "G", "G": "C"}
_PALINDROMES = ("AT", "TA", "CG", "GC")
_OWN = ("row", "variant", "ref", "alt", "ref_row")


@dataclass(frozen=True)
class Matches:
    """Rows of scoring files and where they were found.

    Attributes
    ----------
    found : the rows with ``target`` (row of the genotype array), ``v0``, ``v1``, ``v2`` (what 0, 1,
        2 copies *counted there* add), ``frequency`` (of the allele counted there), ``kind`` (0 to
        11, see above), ``ambiguous``, ``several`` (a site with several alternatives).
    unmatched : the other rows, with ``reason``.
    """

    found: pl.DataFrame
    unmatched: pl.DataFrame


def match(rows: pl.DataFrame, variants: pl.DataFrame, ambiguous: Ambiguous = "keep") -> Matches:
    """Find each row (of ``ScoreFiles.rows``) among ``Dosages.variants``."""
    rows = rows.with_row_index("row")
    best = _best(_candidates(rows, variants))
    found = rows.join(best, on="row", how="inner", maintain_order="left").with_columns(_targets())
    dropped = _dropped(found, ambiguous)
    kept = found.filter(pl.Series(dropped).is_null())
    reasons = pl.concat([
        pl.DataFrame({"row": found["row"], "reason": dropped}).drop_nulls(),
        _unmatched_reasons(rows, found, variants),
    ])  # fmt: skip
    unmatched = rows.join(reasons, on="row", how="inner", maintain_order="left").drop("row")
    return Matches(_oriented(kept).drop("row"), unmatched)


def _candidates(rows: pl.DataFrame, variants: pl.DataFrame) -> pl.DataFrame:
    """Every row with every variant at its place, or of its name."""
    known = variants.with_row_index("variant").filter(~pl.col("counts_ref")).drop("counts_ref")
    known = known.with_columns(
        pl.col("ref").replace_strict(_OTHER_STRAND, default=None).alias("ref_flip"),
        pl.col("alt").replace_strict(_OTHER_STRAND, default=None).alias("alt_flip"),
    )
    left = rows.select("row", "chromosome", "position", "id", "effect", "other")
    placed = left.filter(pl.col("position").is_not_null())
    pairs = placed.join(known.drop("id"), on=["chromosome", "position"], how="inner")
    named = left.filter(pl.col("position").is_null() & pl.col("id").is_not_null())
    if named.height:
        by_name = named.join(known.drop("chromosome", "position"), on="id", how="inner")
        pairs = pl.concat([pairs, by_name.select(pairs.columns)])
    return pairs.with_columns(_kind()).filter(pl.col("kind").is_not_null())


def _kind() -> pl.Expr:
    """How a row and a variant agree; missing when they do not."""
    effect, other = pl.col("effect"), pl.col("other")
    ref, alt = pl.col("ref"), pl.col("alt")
    flipped_ref, flipped_alt = pl.col("ref_flip"), pl.col("alt_flip")
    alone, one = other.is_null(), alt.is_null()
    agreements = [
        (other == ref) & (effect == alt),
        (effect == ref) & (other == alt),
        (other == flipped_ref) & (effect == flipped_alt),
        (effect == flipped_ref) & (other == flipped_alt),
        alone & (effect == alt),
        alone & (effect == ref),
        alone & (effect == flipped_alt),
        alone & (effect == flipped_ref),
        one & (other == ref),
        one & (effect == ref),
        one & (other == flipped_ref),
        one & (effect == flipped_ref) & ~alone,
    ]
    return pl.coalesce(
        pl.when(agrees.fill_null(False)).then(pl.lit(kind, pl.Int8))
        for kind, agrees in enumerate(agreements)
    ).alias("kind")


def _best(candidates: pl.DataFrame) -> pl.DataFrame:
    """The best candidate of each row; the first in the file among equals."""
    candidates = candidates.select(*_OWN, "kind")
    if candidates["row"].n_unique() == candidates.height:
        return candidates
    return candidates.sort("row", "kind", "variant").unique(
        "row", keep="first", maintain_order=True
    )


def _targets() -> list[pl.Expr]:
    """Where copies are counted, and whether it is the effect allele that is counted there."""
    is_alt = pl.col("kind") % 2 == 0
    by_reference = ~is_alt & pl.col("ref_row").is_not_null()
    pair = pl.when(pl.col("alt").is_null()).then(pl.col("effect") + pl.col("other"))
    return [
        pl.when(by_reference).then("ref_row").otherwise("variant").cast(pl.Int64).alias("target"),
        (is_alt | by_reference).alias("counted"),
        pair.otherwise(pl.col("ref") + pl.col("alt")).is_in(_PALINDROMES).alias("ambiguous"),
        pl.col("ref_row").is_not_null().alias("several"),
    ]


def _dropped(found: pl.DataFrame, ambiguous: Ambiguous) -> pl.Series:
    """Why a row that was found is not used after all; missing for most."""
    clear = ~pl.col("ambiguous") & (pl.col("kind") < ALONE) & (pl.col("ref").str.len_bytes() == 1)
    other_strand = clear & (pl.col("kind") >= FLIPPED)
    if not found.select(other_strand.any()).item():
        uncertain = pl.lit(False)
    else:
        share = other_strand.sum().over("score") / clear.sum().over("score")
        uncertain = share > FLIPPED_LIMIT
    reason = (
        pl.when(pl.col("ambiguous") & (ambiguous == "drop"))
        .then(pl.lit(AMBIGUOUS))
        .when(pl.col("ambiguous") & uncertain)
        .then(pl.lit(STRAND))
        .otherwise(pl.lit(None, pl.String))
    )
    dropped = found.select(reason.alias("reason")).to_series()
    key = pl.struct("score", "target")
    if found.select(key.n_unique() == pl.len()).item():
        return dropped
    again = found.with_columns(dropped=dropped).with_row_index("order").sort("kind", "order")
    same = pl.struct("score", "target", "counted", "mode", pl.col("dropped").is_null())
    again = again.with_columns(first=same.is_first_distinct()).sort("order")
    return again.select(
        pl.when(pl.col("dropped").is_null() & ~pl.col("first"))
        .then(pl.lit(SAME_VARIANT))
        .otherwise("dropped")
    ).to_series()


def _oriented(found: pl.DataFrame) -> pl.DataFrame:
    """Weights and frequency by the allele that the array counts."""
    counted = pl.col("counted")
    frequency = pl.col("frequency")
    return found.with_columns(
        pl.when(counted).then("w0").otherwise("w2").alias("v0"),
        pl.col("w1").alias("v1"),
        pl.when(counted).then("w2").otherwise("w0").alias("v2"),
        pl.when(counted).then(frequency).otherwise(1 - frequency).alias("frequency"),
    ).drop("variant", "ref_row", "ref", "alt")


def _unmatched_reasons(
    rows: pl.DataFrame, found: pl.DataFrame, variants: pl.DataFrame
) -> pl.DataFrame:
    """Why rows were not found."""
    rest = rows.join(found.select("row"), on="row", how="anti")
    places = variants.select("chromosome", "position", there=pl.lit(True)).unique()
    names = variants.select("id", named=pl.lit(True)).drop_nulls().unique()
    rest = rest.join(places, on=["chromosome", "position"], how="left")
    rest = rest.join(names, on="id", how="left")
    by_name = pl.col("position").is_null()
    return rest.select(
        "row",
        pl.when(by_name & pl.col("named").is_null())
        .then(pl.lit(NO_NAME))
        .when(by_name | pl.col("there").is_not_null())
        .then(pl.lit(OTHER_ALLELES))
        .otherwise(pl.lit(ABSENT))
        .alias("reason"),
    )
