"""Names that other programs use for genes, alleles and phenotypes, in the words of our tables.

Several spellings are in use: ``CYP2D6*1``, ``*1xN``, ``B (wildtype)``, ``EM``, ``1555A>G``,
``HLA-B*57:01:01:01``. What is read into a name is only what is certain; a name that no table knows
is kept as it is, and its function is unknown.

Facts: spellings from PharmCAT (docs/using/Outside-Call-Format.md); sub-alleles (``*4.021``) share
the function of their core allele (PharmVar, criteria of allele designation).
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from nof1.genome.outside_calls import Refused
from nof1.genome.outside_hla import HLA_ASKED, hla_allele, typed
from nof1.knowledge import alleles, phenotypes
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.phenotypes import GenePhenotypes

COPIES_COUNT = "CYP2D6"  # the only gene whose tables know numbers of copies
ONE_COPY = frozenset({"MT-RNR1"})
MOST_SOLUTIONS = 64
UNKNOWN_ALLELE = "unknown"
NO_CALL = frozenset(
    {"none", "no_match", "multiple", "unknown", "no_call", "nocall", "no_result", "not_called"}
    | {"undetermined", "failed", "na", "n/a", "nan", ".", "./.", "-"}
)
WILDTYPE = frozenset({"wt", "wildtype", "wild-type", "wild type", "ref", "reference"})
_COPIES = re.compile(
    r"(\*[0-9]+[A-Z]?(?:\.[0-9]+)?)\s*"
    r"(?:[xX×]\s*(N|n|[0-9]{1,2})|[xX×]?\s*(?:≥|>=)\s*([0-9]{1,2}))"
)
_CORE = re.compile(r"(\*\d+[A-Z]?)\.\d+")


@dataclass(frozen=True)
class Vocabulary:
    """The names that our tables have for one gene.

    Attributes
    ----------
    table : its phenotype table; None where there is none (CYP4F2, HLA).
    names : the alleles, in the usual order. spellings : other spelling, in lower case -> name.
    """

    gene: str
    table: GenePhenotypes | None
    names: tuple[str, ...]
    spellings: dict[str, str]

    @property
    def listed(self) -> frozenset[str]:
        """Alleles whose function the tables list."""
        return frozenset(self.table.functions if self.table else self.names)

    @property
    def scored(self) -> bool:
        """Whether activity scores decide."""
        return self.table is not None and self.table.by == "activity"


@functools.cache
def genes(base: Base = SHIPPED) -> dict[str, str]:
    """Every gene that a call may be about: its letters and digits -> its symbol."""
    known = {*alleles.genes(base), *phenotypes.genes(base), *HLA_ASKED}
    return {_bare(gene): gene for gene in sorted(known)}


@functools.cache
def vocabulary(gene: str, base: Base = SHIPPED) -> Vocabulary:
    """The names of one gene (its symbol)."""
    table = phenotypes.phenotypes(gene, base) if gene in phenotypes.genes(base) else None
    defined = alleles.definition(gene, base).names if gene in alleles.genes(base) else ()
    names = tuple(dict.fromkeys((*defined, *(table.functions if table else ()))))
    more = {"*1": "Reference"} if gene == "DPYD" else {}  # its older nomenclature
    return Vocabulary(gene, table, names, more | _spellings(names))


def _spellings(names: tuple[str, ...]) -> dict[str, str]:
    """Unambiguous short forms: ``*2A`` for ``c.1905+1G>A (*2A)``, ``1555A>G`` for ``m.1555A>G``."""
    found: list[tuple[str, str]] = []
    for name in names:
        short = re.fullmatch(r"(.+) \((.+)\)", name)
        forms = [*(short.groups() if short else ()), name.removeprefix("m.")]
        if "+*" in name:
            forms.append("+".join(reversed(name.split("+"))))
        if point := re.fullmatch(r"m\.(\d+)([ACGT])>([ACGT])", name):
            forms.append(f"{point[2]}{point[1]}{point[3]}")
        found += [(form.casefold(), name) for form in dict.fromkeys(forms)]
    times = Counter(form for form, _ in found)
    known = {form: name for form, name in found if times[form] == 1}
    if usual := next((name for name in ("Reference", "*1", *names[:1]) if name in names), None):
        known |= {word: usual for word in WILDTYPE}
    return known | {name.casefold(): name for name in names}


def _bare(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def gene_symbol(text: str, base: Base = SHIPPED) -> str:
    """The symbol of a gene.

    Raises
    ------
    Refused : it is none of the genes that we know.
    """
    if (symbol := genes(base).get(_bare(text))) is None:
        raise Refused("unknown gene, or one that no medicine here depends on")
    return symbol


def is_no_call(text: str) -> bool:
    """Whether a program says that it has no answer (``None``, ``NO_MATCH/NO_MATCH``).

    >>> is_no_call("NO_MATCH/NO_MATCH"), is_no_call("*1/*2")
    (True, False)
    """
    word = text.strip().casefold().replace(" ", "_")
    return word in NO_CALL or all(part in NO_CALL for part in word.split("/"))


@functools.lru_cache(maxsize=65_536)
def diplotypes(gene: str, text: str, base: Base = SHIPPED) -> tuple[str, ...]:
    """All diplotypes that a call stands for, in our names; ``;`` separates solutions.

    ``*1xN`` says "two or more copies" and therefore stands for every number of them.

    Raises
    ------
    Refused : it is no diplotype.
    """
    words = vocabulary(gene, base)
    found = [name for part in text.split(";") if part.strip() for name in _pairs(words, part)]
    if len(found) > MOST_SOLUTIONS:
        raise Refused(f"more than {MOST_SOLUTIONS} solutions")
    return tuple(dict.fromkeys(found))


def _pairs(words: Vocabulary, text: str) -> list[str]:
    pieces = [piece.strip() for piece in re.split(r"[/|]", text)]
    if len(pieces) > 2:
        raise Refused("more than two alleles")
    if words.gene in HLA_ASKED:
        return ["/".join(hla_allele(words.gene, piece) for piece in typed(pieces))]
    if not all(pieces):
        raise Refused("an allele is missing")
    options = [_haplotypes(words, piece) for piece in pieces]
    if words.gene in ONE_COPY:
        return [name for option in options for name in option]
    return ["/".join(ordered(words, pair)) for pair in product(*options)]


def _haplotypes(words: Vocabulary, text: str) -> list[str]:
    """One chromosome's alleles; several where the number of copies is left open."""
    text = _without_gene(words.gene, text.strip()).strip("[]").strip()
    if text.casefold().replace(" ", "_") in NO_CALL:
        return [UNKNOWN_ALLELE]
    names = parts(words, text)
    if words.gene == COPIES_COUNT:
        options = [_counted(name) for name in names]
        return [_with_copies(words, chosen) for chosen in product(*options)]
    plain = [canonical(words, name) for name in names]
    return plain if len(plain) == 1 else [f"[{' + '.join(ordered(words, plain))}]"]


def _without_gene(gene: str, text: str) -> str:
    named = re.match(r"([A-Za-z][A-Za-z0-9-]+)\s*(?=\*)", text)
    if named and "::" not in text:
        if _bare(named[1]) != _bare(gene):
            raise Refused("an allele of another gene")
        return text[named.end() :]
    return text


def parts(words: Vocabulary, text: str) -> list[str]:
    """The alleles that lie together on one chromosome: ``*36+*10``, ``[*6 + *8]``."""
    text = text.strip("[]").strip()
    if {text.casefold(), text.casefold().removeprefix("*")} & words.spellings.keys():
        return [text]
    found = re.split(r"\s*\+\s*" if text.startswith("*") else r"\s+\+\s+", text)
    if not all(found):
        raise Refused("an allele is missing")
    return [_without_gene(words.gene, part) for part in found]


def canonical(words: Vocabulary, text: str) -> str:
    """Our name of one allele; a name that we do not know stays as it is.

    >>> canonical(vocabulary("DPYD"), "*2A"), canonical(vocabulary("CYP2D6"), "*4.021")
    ('c.1905+1G>A (*2A)', '*4')
    """
    plain = re.sub(r"\s*\((?:wild-?\s?type|wt)\)$", "", text, flags=re.IGNORECASE)
    known = words.spellings
    if plain in words.names:
        return plain
    for form in (plain, plain.removeprefix("*"), _CORE.sub(r"\1", plain)):
        if form and form.casefold() in known:
            return known[form.casefold()]
    return text


def _counted(name: str) -> list[tuple[str, str]]:
    """An allele and its number of copies: ``1``, ``2``, ``≥3``; both of these for ``xN``."""
    found = _COPIES.fullmatch(name)
    if not found:
        return [(name, "1")]
    allele, copies, at_least = found.groups()
    if at_least and int(at_least) != 2:
        return [(allele, f"≥{int(at_least)}")]
    if at_least or copies in ("N", "n"):
        return [(allele, "2"), (allele, "≥3")]
    if int(copies) == 0:
        raise Refused("a number of copies of 0")
    return [(allele, str(int(copies)))]


def _with_copies(words: Vocabulary, chosen: Iterable[tuple[str, str]]) -> str:
    """``*4+*4`` is ``*4x2``; ``*1x5`` is in the bin ``*1x≥3`` where the table has it."""
    count: Counter[str] = Counter()
    open_ended = set()
    for allele, copies in chosen:
        name = canonical(words, allele)
        count[name] += int(copies.lstrip("≥"))
        open_ended |= {name} if copies.startswith("≥") else set()
    named = [_copied(words, name, n, name in open_ended) for name, n in count.items()]
    return "+".join(ordered(words, named))


def _copied(words: Vocabulary, name: str, copies: int, or_more: bool) -> str:
    if copies == 1 and not or_more:
        return name
    exact, at_least = f"{name}x{copies}", f"{name}x≥3"
    if copies >= 3 and at_least in words.listed:
        return at_least
    return f"{name}x≥{copies}" if or_more else exact


def ordered(words: Vocabulary, names: Iterable[str]) -> list[str]:
    """Alleles in the usual order: by number for star alleles, else as in the definition."""
    place = {name: index for index, name in enumerate(words.names) if not name.startswith("*")}
    return sorted(names, key=lambda name: (place.get(name, len(place)), *_natural(name)))


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    pieces = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in pieces)
