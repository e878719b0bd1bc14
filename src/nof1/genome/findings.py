"""Genes as findings about one patient: what they are, and what they mean for the medicines taken.

The gene results come from the record (``nof1.genome.stored``), so no genome file is opened. For
every current medicine that a guideline links to a gene there is one finding: also "usual dose", so
that a silent medicine was really looked at. Sources stand side by side.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import msgspec
from msgspec.structs import replace

from nof1.core.finding import Basis, Coding, EventRef, Evidence, Finding, Kind, Status, Subject, utc
from nof1.genome import advicewords, prescribing, stored, stored_scores, words
from nof1.genome.medicines import Taken, converted, taken
from nof1.genome.results import GeneResult, Outcome, contradict, mixed_up
from nof1.genome.stored_scores import Stored
from nof1.knowledge import alleles
from nof1.knowledge.base import SHIPPED, Base, sources
from nof1.knowledge.prescribing import ACTIONS, FILE, by_drug
from nof1.record.current import current_medicines
from nof1.record.rows import Events, picked, seen

OTHERS = "With the other medicines: "
VALIDATED_IN = "published rules and simulated genotypes; not validated in patients"


@dataclass(frozen=True)
class Gene:
    """A gene result of the record, and the event that holds it."""

    result: GeneResult
    event: EventRef


def findings(
    subject: Subject,
    events: Events,
    at: datetime,
    names: Mapping[str, str] | None = None,
    *,
    base: Base = SHIPPED,
    synthetic: bool = False,
    today: date | None = None,
) -> list[Finding]:
    """Findings about the medicines taken now, then about every gene; empty without genes.

    Parameters
    ----------
    events : the patient's events, as rows or as a frame (``nof1.record.rows``).
    at : the moment of asking, UTC without zone; nothing known later is used.
    names : words for codes, to recognise medicines that have a code of their own strength.
    today : the day on which sources are judged to be old (default: today or the day of ``at``).
    """
    genes, scores = known_genes(events, at, base), known_scores(events, at)
    if not genes and not scores:
        return []
    today = today or max(at.date(), datetime.now(UTC).date())
    ask = _Asked(subject, at, genes, base, synthetic, today)
    medicines = taken(current_medicines(events, at), names or {})
    advised = [one for medicine in medicines for one in ask.medicine(medicine, medicines)]
    advised.sort(key=lambda pair: pair[0])  # the most cautious first
    return [
        *(finding for _, finding in advised),
        *(ask.score(score, event) for score, event in scores),
        *(ask.gene(gene) for gene in genes.values()),
    ]


def known_genes(events: Events, at: datetime, base: Base = SHIPPED) -> dict[str, Gene]:
    """The gene results known at a moment; of several about one gene the one recorded last.

    Where one of them excludes all that another one, of another file, holds possible, somebody's
    samples or names were mixed up: neither counts.
    """
    found: dict[str, Gene] = {}
    for code, text, event in _answers(events, at, stored.PREFIX):
        gene = code.removeprefix(stored.PREFIX)
        made = Gene(_decoded(gene, text, base), event)
        before = found.get(gene)
        against = (
            before is not None
            and before.event.source_file != event.source_file
            and contradict(before.result, made.result)
        )
        found[gene] = Gene(mixed_up(gene), event) if against else made
    return dict(sorted(found.items()))


def known_scores(events: Events, at: datetime) -> list[tuple[Stored, EventRef]]:
    """The polygenic scores known at a moment; of several results the one recorded last.

    Scores that came from elsewhere as bare numbers have no answer here: nobody said how they were
    made.
    """
    found: dict[str, tuple[Stored, EventRef]] = {}
    for code, text, event in _answers(events, at, stored_scores.PREFIX):
        try:
            found[code] = (stored_scores.decode(text), event)
        except (msgspec.DecodeError, ValueError):
            continue
    return [found[code] for code in sorted(found)]


def _answers(events: Events, at: datetime, prefix: str) -> Iterator[tuple[str, str, EventRef]]:
    """Code, text and way back of events that hold a whole answer, the last recorded last."""
    rows = [row for row in seen(picked(events, prefix), at) if row.code.count("//") == 1]
    for row in sorted(rows, key=lambda one: one.recorded or datetime.min):
        if row.text_value is None:
            continue
        event = EventRef(
            code=row.code,
            display=f"Genotypes ({row.code.removeprefix(prefix)})",
            time=row.recorded and utc(row.recorded),
            source_file=row.source_file,
            source_row=row.source_row,
            site=row.site,
        )
        yield row.code, row.text_value, event


@functools.lru_cache(maxsize=1024)  # the stored results of a patient are read with each request
def _decoded(gene: str, text: str, base: Base) -> GeneResult:
    """The stored result; one that cannot be read is openly no result."""
    try:
        return stored.decode(gene, text, base)
    except (msgspec.DecodeError, ValueError):
        reason = "The stored result cannot be read: import the genotypes again."
        return GeneResult(gene, Outcome.NOT_CALLED, reason=reason)


@dataclass(frozen=True)
class _Asked:
    """One patient asked about at one moment."""

    subject: Subject
    at: datetime
    genes: Mapping[str, Gene]
    base: Base
    synthetic: bool
    today: date

    def gene(self, gene: Gene) -> Finding:
        """What is known about one gene."""
        result = gene.result
        called = result.outcome is Outcome.CALLED
        positions = 0
        if result.gene in alleles.genes(self.base):
            positions = len(alleles.definition(result.gene, self.base).positions)
        used = self._definition_sources(result.gene)
        notes = [*result.warnings, *filter(None, [words.unseen(result, positions)])]
        return self._finding(
            Kind.GENOTYPE,
            Coding(code=f"GENE//{result.gene}", display=_title(result)),
            Status.FOUND if called else Status.NOT_CHECKED,
            words.sentence(result),
            None if called else words.resolve(result),
            (Evidence(text=f"Genotypes of {result.gene}", events=(gene.event,)),),
            (*notes, *self._old(used)),
            self._basis(f"genome/{result.gene}", used, result.gene),
        )

    def score(self, score: Stored, event: EventRef) -> Finding:
        """What an inherited score says: its place among people, never a risk."""
        result = score.result
        number = stored_scores.value(result)
        refused = number is None
        cited = f"{result.citation}; weights of {result.file}" if result.citation else result.file
        made = self._finding(
            Kind.GENOTYPE,
            Coding(code=event.code, display=stored_scores.title(result)),
            Status.WITHHELD if refused else Status.FOUND,
            stored_scores.sentence(result),
            stored_scores.resolve(result) if refused else None,
            (Evidence(text="Genotypes of the score", events=(event,), citation=cited),),
            result.notes,
            Basis(
                kind="rule",
                id=f"polygenic/{result.score_id}",
                version=result.file,
                content_hash=score.sha256,
                knowledge_date="as of the scoring file",
                validated_in=result.developed_in or "not said by the scoring file",
            ),
        )
        return made if number is None else replace(made, value=number)

    def medicine(self, medicine: Taken, others: Sequence[Taken]) -> list[tuple[int, Finding]]:
        """What the guidelines ask for one medicine that is taken; with how cautious that is."""
        results = {name: gene.result for name, gene in self.genes.items()}
        before = prescribing.advise(results, [medicine.name], self.base)
        now, notes = converted(results, medicine, others, self.base)
        after = prescribing.advise(now, [medicine.name], self.base) if notes else before
        if not before and not after:
            return self._unknown(medicine)
        worst = advicewords.most_cautious([*before, *after])
        open_genes = sorted({gene for one in (*before, *after) for gene in one.unknown})
        certain = all(one.certain for one in after)
        unread = worst.worst.rule.action == "unread"
        checked = not open_genes and not unread
        finding = self._finding(
            Kind.MEDICATION,
            Coding(code=medicine.code, display=advicewords.heading(medicine.name, worst)),
            Status.FOUND if checked else Status.NOT_CHECKED,
            advicewords.told(worst, certain=certain, among=[*before, *after]),
            None if checked else advicewords.resolve(open_genes),
            tuple(self._evidence(before, after, medicine)),
            (
                *notes,
                *advicewords.uncovered(after),
                *self._old({one.source for one in (*before, *after)}),
            ),
            self._basis(f"prescribing/{medicine.name}", {o.source for o in (*before, *after)}),
        )
        return [(prescribing.severity(worst.worst.rule), finding)]

    def _unknown(self, medicine: Taken) -> list[tuple[int, Finding]]:
        """A medicine with guidelines, but without advice here: never left out silently."""
        rules = by_drug(self.base).get(medicine.name, ())
        linked = sorted({gene for rule in rules for gene in rule.genes})
        if not linked:
            return []
        called = [name for name in linked if self._called(name)]
        reason = f"Guidelines link {medicine.name} to genes not known here: {', '.join(linked)}."
        if called:
            reason = (
                f"Guidelines link {medicine.name} to {', '.join(called)}, but say nothing about "
                "the result found here. This does not mean that the usual dose is right."
            )
        finding = self._finding(
            Kind.MEDICATION,
            Coding(code=medicine.code, display=f"{medicine.name}: genes not known"),
            Status.NOT_CHECKED,
            reason,
            advicewords.resolve([name for name in linked if name not in called] or called),
            self._taken_and_genes(medicine, called),
            (),
            self._basis(f"prescribing/{medicine.name}", {rule.source for rule in rules}),
        )
        return [(len(ACTIONS), finding)]

    def _called(self, gene: str) -> bool:
        return gene in self.genes and self.genes[gene].result.outcome is Outcome.CALLED

    def _taken_and_genes(self, medicine: Taken, genes: Sequence[str]) -> tuple[Evidence, ...]:
        found = [
            Evidence(text=_title(self.genes[g].result), events=(self.genes[g].event,))
            for g in genes
        ]
        return (*found, Evidence(text=f"{medicine.name} is taken", events=(medicine.event,)))

    def _evidence(
        self,
        before: Sequence[prescribing.DrugAdvice],
        after: Sequence[prescribing.DrugAdvice],
        medicine: Taken,
    ) -> list[Evidence]:
        """Each source's advice with its genes; then the medicine itself."""
        pairs: list[tuple[str, prescribing.DrugAdvice]] = []
        for one in before:
            pairs.append(("", one))
            changed = [new for new in after if new[:3] == one[:3] and new.worst != one.worst]
            pairs += [(OTHERS, new) for new in changed]
        asked = {one[:3] for one in before}
        pairs += [(OTHERS, new) for new in after if new[:3] not in asked]
        pairs.sort(key=lambda pair: pair[1].worst.rule.action == "no_advice")  # at the end
        together: dict[tuple[object, ...], list[prescribing.DrugAdvice]] = {}
        for start, one in pairs:  # equal words for several groups of patients are said once
            rule = one.worst.rule
            key = (start, rule.source, rule.text, rule.strength, one.worst.because)
            together.setdefault(key, []).append(one)
        made = [self._source_evidence(same, str(key[0])) for key, same in together.items()]
        return [*made, Evidence(text=f"{medicine.name} is taken", events=(medicine.event,))]

    def _source_evidence(self, same: Sequence[prescribing.DrugAdvice], start: str) -> Evidence:
        rule, because = same[0].worst.rule, same[0].worst.because
        source = sources(self.base)[rule.source]
        groups = "; ".join(one.population for one in same if one.population != "general")
        group = f" ({groups})" if groups else ""
        name = advicewords.source_name(rule.source)
        strength = "" if rule.strength == "none" else f", {rule.strength} strength"
        return Evidence(
            text=f"{start}{name}{group}{strength}: {rule.text} {advicewords.because(same[0])}",
            events=tuple(self.genes[e.gene].event for e in because if e.gene in self.genes),
            citation=advicewords.cited(rule, source),
        )

    # shared -----------------------------------------------------------------------------------

    def _definition_sources(self, gene: str) -> set[str]:
        return {alleles.definition(gene, self.base).source} if gene in alleles.genes() else set()

    def _old(self, used: set[str]) -> list[str]:
        """A note for each source that is past its date."""
        known = sources(self.base)
        return [
            f"The facts of {known[name].id} were valid until {known[name].valid_until}: newer "
            "guidance may exist. Next step: nof1 knowledge import."
            for name in sorted(used)
            if name in known and known[name].expired(self.today)
        ]

    def _basis(self, name: str, used: set[str], gene: str | None = None) -> Basis:
        known = [sources(self.base)[each] for each in sorted(used) if each in sources(self.base)]
        files = [FILE] if gene is None else [f"alleles/{gene}.json"]
        present = [each for each in files if self.base.path(each).is_file()]
        return Basis(
            kind="rule",
            id=name,
            version=", ".join(one.id for one in known) or "none",
            content_hash=self.base.hash(*present),
            knowledge_date=str(min((one.published for one in known), default=date.max)),
            validated_in=VALIDATED_IN,
        )

    def _finding(
        self,
        kind: Kind,
        what: Coding,
        status: Status,
        reason: str,
        resolve: str | None,
        evidence: tuple[Evidence, ...],
        notes: tuple[str, ...],
        basis: Basis,
    ) -> Finding:
        return Finding(
            subject=self.subject,
            as_of=utc(self.at),
            kind=kind,
            what=what,
            status=status,
            basis=basis,
            reason=reason,
            resolve=resolve,
            evidence=evidence,
            notes=notes,
            synthetic=self.synthetic,
        )


def _title(result: GeneResult) -> str:
    if result.outcome is not Outcome.CALLED:
        return f"{result.gene}: not known"
    said = words.statuses(result)
    if said is not None:
        return f"{result.gene}: {said}"
    name = result.likeliest.name if result.likeliest else ""
    sure = "" if len(words.by_phenotype(result)) == 1 else " (likeliest)"
    phenotype = result.phenotypes[0].phenotype
    return f"{result.gene}: {name + ', ' if name else ''}{phenotype}{sure}"
