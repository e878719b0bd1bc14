"""HLA types: their names, and which alleles that guidelines ask about they hold.

Reference: nomenclature of the WHO committee (PMID 20356336): fields are separated by colons, the
first is the allele group, the first two name one protein. Guidelines ask about proteins, so two
fields of both alleles are needed before one may be called negative.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nof1.genome.outside_calls import OutsideCall, Refused, answer
from nof1.genome.results import Diplotype, GeneResult, Phenotype

# The alleles of CPIC: abacavir (PMID 24561393), allopurinol (PMID 26094938), carbamazepine and
# oxcarbazepine (PMID 29392710), phenytoin (PMID 32779747).
HLA_ASKED: dict[str, tuple[str, ...]] = {
    "HLA-A": ("*31:01",),
    "HLA-B": ("*15:02", "*57:01", "*58:01"),
}
POSITIVE, NEGATIVE = "positive", "negative"
WORDS = {True: POSITIVE, False: NEGATIVE}
_UNTYPED = frozenset({"", "-", "?", ".", "x", "blank", "unknown", "none", "na", "n/a"})
_ALLELE = re.compile(
    r"(?:HLA[-_ ]?)?([A-Z][A-Z0-9]*(?=\s*\*)|[A-Z]+)?\s*\*?\s*([0-9:]+)(:X+|:[A-Z]+|[NLSCAQGP])?"
)
_STATUS = re.compile(r"(?:HLA[-_ ]?)?([A-Z])?\*?([0-9]{2,3}):?([0-9]{2,3})[\s:-]+(\S+)")
_SAID = {"positive": POSITIVE, "pos": POSITIVE, "present": POSITIVE, "+": POSITIVE}
_SAID |= {"negative": NEGATIVE, "neg": NEGATIVE, "absent": NEGATIVE}


def typed(pieces: Sequence[str]) -> list[str]:
    """The alleles of a type without blanks: ``*57:01/-`` names one allele only."""
    found = [piece for piece in pieces if piece.casefold() not in _UNTYPED]
    if not found:
        raise Refused("an allele is missing")
    return found


def hla_allele(gene: str, text: str) -> str:
    """An allele without its gene: ``HLA-B*57:01`` -> ``*57:01``, and so does the old ``B*5701``.

    Raises
    ------
    Refused : it is no HLA allele, or one of another gene.
    """
    found = _ALLELE.fullmatch(text.strip().upper())
    if not found:
        raise Refused("no HLA allele")
    locus, digits, suffix = found.groups()
    if locus and f"HLA-{locus}" != gene:
        raise Refused("an allele of another gene")
    if ":" not in digits and len(digits) in (4, 6, 8):  # before the colons of 2010
        digits = ":".join(re.findall("..", digits))
    fields = digits.split(":")
    usual = len(fields[0]) == 2 and all(2 <= len(field) <= 4 for field in fields)
    if not usual or len(fields) > 4:
        raise Refused("no HLA allele")
    return f"*{digits}{suffix or ''}"


def hla_statuses(gene: str, text: str) -> list[str]:
    """Given statuses in the words of CPIC: ``*57:01 positive``; ``,`` or ``;`` between several.

    Raises
    ------
    Refused : it is no status, or of an allele that no guideline asks about.
    """
    return [_status(gene, part.strip()) for part in re.split(r"[,;]", text) if part.strip()]


def _status(gene: str, text: str) -> str:
    found = _STATUS.fullmatch(text.upper())
    said = _SAID.get(found[4].casefold()) if found else None
    if not found or said is None:
        raise Refused("no HLA status (such as: *57:01 positive)")
    if found[1] and f"HLA-{found[1]}" != gene:
        raise Refused("an allele of another gene")
    allele = f"*{found[2]}:{found[3]}"
    if allele not in HLA_ASKED[gene]:
        raise Refused("an HLA allele that no guideline here asks about")
    return f"{allele} {said}"


def carries(diplotype: str, asked: str) -> bool | None:
    """Whether a type holds an allele (two fields); None when it leaves that open.

    >>> carries("*07:02/*57:01:01:01", "*57:01"), carries("*07:02/*57", "*57:01")
    (True, None)
    """
    fields = [name.lstrip("*").rstrip("NLSCAQGP").split(":")[:2] for name in diplotype.split("/")]
    full = [pair for pair in fields if len(pair) == 2 and pair[1].isdigit()]
    if asked.lstrip("*").split(":") in full:
        return True
    return False if len(full) == 2 else None


def hla_result(*calls: OutsideCall) -> GeneResult:
    """One status for each allele that guidelines ask about, from all calls about one gene.

    A given status counts before a type that leaves it open; where both contradict, both stay
    possible. What no call settles has both statuses, with prior None.
    """
    gene = calls[0].gene
    types = [name for call in calls for name in call.diplotypes]
    statuses: list[Phenotype] = []
    unknown, against = [], []
    for asked in HLA_ASKED[gene]:
        given, seen = _evidence(calls, asked)
        typed_as = [yes for yes in seen if yes is not None]
        differ = bool(given) and bool(set(typed_as) - set(given))
        against += [asked] if differ else []
        settled = [*given, *typed_as] if differ else given or typed_as
        if not settled or (not given and None in seen):
            unknown.append(asked)
            statuses += [_phenotype(asked, word, None) for word in WORDS.values()]
        else:
            shares = {yes: settled.count(yes) / len(settled) for yes in WORDS}
            statuses += [_phenotype(asked, WORDS[yes], n) for yes, n in shares.items() if n]
    warnings = [*(w for call in calls for w in call.warnings), *_remarks(types)]
    warnings += [f"A type contradicts the status of {one}; both stay possible." for one in against]
    if unknown:
        warnings.append(f"The calls leave open whether {', '.join(unknown)} is carried.")
    distinct = tuple(dict.fromkeys(types))
    made = [_diplotype(gene, name, types.count(name) / len(types)) for name in distinct]
    return answer(calls, tuple(made), tuple(statuses), tuple(dict.fromkeys(warnings)))


def _evidence(calls: Sequence[OutsideCall], asked: str) -> tuple[list[bool], list[bool | None]]:
    """Statuses that were given for one allele, and what each type says of it."""
    given = [call.status for call in calls if call.status.startswith(asked)]
    seen = [carries(name, asked) for call in calls for name in call.diplotypes]
    return [status.endswith(POSITIVE) for status in given], seen


def _phenotype(asked: str, word: str, prior: float | None) -> Phenotype:
    return Phenotype(f"{asked} {word}", f"{asked} {word}", None, prior)


def _diplotype(gene: str, name: str, share: float) -> Diplotype:
    found = [(asked, carries(name, asked)) for asked in HLA_ASKED[gene]]
    words = ", ".join(f"{asked} {WORDS[yes]}" for asked, yes in found if yes is not None)
    return Diplotype(name, share, words, words, None)


def _remarks(names: Sequence[str]) -> list[str]:
    """What the letters behind HLA alleles mean for the answer."""
    letters = {part[-1] for name in names for part in name.split("/")}
    found = []
    if letters & set("GP"):
        found.append("Typed as a group (G or P): the allele may be another one of that group.")
    if "N" in letters:
        found.append("An allele with suffix N is not expressed; here it counts as carried.")
    return found
