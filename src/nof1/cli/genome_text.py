"""Genes as text for a terminal of 80 columns: what to act on, the genes, what was not checked."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nof1.cli.options import WIDTH
from nof1.core.finding import NOTICE

Data = Mapping[str, Any]
LABEL = 18
GENE, ALLELES = 11, 20
SIGNS = {
    "unread": "?",
    "avoid": "X",
    "alternative": ">",
    "reduce": "-",
    "increase": "+",
    "monitor": "o",
    "not_excluded": "?",
    "not_checked": "?",
}
DISAGREE = "*"


def told(report: Data) -> str:
    """The report of one sample (``nof1.genome.overview``)."""
    lines = [*_head(report), "", *_glance(report)]
    for title, name in (("WHAT TO DO", "act"), ("WATCH", "watch")):
        if report[name]:
            lines += ["", title, *_joined(_medicine(one) for one in report[name])]
    lines += _not_excluded(report["not_excluded"])
    lines += _remote(report["remote"])
    lines += _others(report)
    lines += ["", "GENES", *_genes(report["genes"])]
    lines += _not_checked(report["not_checked"])
    lines += ["", "SOURCES", *_sources(report["knowledge"])]
    return _plain([*lines, "", report["notice"]])


def _head(report: Data) -> Iterator[str]:
    head = f"Sample {report['sample']}"
    yield f"{head:<{WIDTH - 16}}{'SYNTHETIC DATA':>16}" if report["synthetic"] else head
    yield from _wrapped(f"Genotypes of {report['file']}, {report['build'] or 'build not known'}.")
    for note, count in report["notes"].items():
        yield from _wrapped(f"Note: {note}{f' ({count:,})' if count > 1 else ''}.", "      ")
    if report["current"] is not None:
        yield from _wrapped(f"Medicines taken: {', '.join(report['current'])}.")
    for one in report["conversions"]:
        yield from _wrapped(_conversion(one), "  ")


def _conversion(one: Data) -> str:
    """Both phenotypes: that of the genes, and the one that holds now."""
    who = " and ".join(one["because"]) or "The other medicines"
    if one["status"] == "converted":
        return (
            f"{one['gene']}, for {one['medicine']}: {one['phenotype']} by the genes; with {who} "
            f"it acts as {one['effective']}."
        )
    return f"{one['gene']}, for {one['medicine']}: {who}. {' '.join(one['not_known'])}"


def _glance(report: Data) -> Iterator[str]:
    """Names of medicines by what to do."""
    if not report["glance"]:
        yield "Nothing to act on was found among the medicines that could be checked."
    for row in report["glance"]:
        names = ", ".join(_named(one) for one in row["medicines"])
        yield from _field(f"{SIGNS.get(row['action'], ' ')} {row['word']}", names)
    if any(one["disagree"] for row in report["glance"] for one in row["medicines"]):
        yield from _field("", f"{DISAGREE} the sources disagree; both are shown below")


def _named(one: Data) -> str:
    dose = f" {one['dose']}" if one["dose"] else ""
    group = f" ({one['group']})" if one["group"] else ""
    return f"{one['drug']}{group}{dose}{DISAGREE if one['disagree'] else ''}"


def _medicine(one: Data) -> Iterator[str]:
    disagree = " (the sources disagree)" if one["disagree"] else ""
    yield from _wrapped(f"{', '.join(one['drugs'])}: {one['word'].lower()}{disagree}")
    reasons = {entry["because"] for entry in one["entries"]}
    if len(reasons) == 1:
        yield from _wrapped(f"because {next(iter(reasons))}", "  ")
    for entry in one["entries"]:
        yield from _entry(entry, with_reason=len(reasons) > 1)


def _entry(entry: Data, *, with_reason: bool) -> Iterator[str]:
    groups = f"For {'; '.join(entry['populations'])}: " if entry["populations"] else ""
    start = "With the other medicines: " if entry["under_medicines"] else ""
    strength = "" if entry["strength"] == "none" else f" ({entry['strength']})"
    yield from _field(entry["source"], f"{start}{groups}{entry['text']}{strength}")
    for text in _more(entry, with_reason=with_reason):
        yield from _field("", text)


def _more(entry: Data, *, with_reason: bool) -> Iterator[str]:
    if entry["if_used"]:
        yield f"If used: {entry['if_used']}."
    if with_reason and entry["because"]:
        yield f"because {entry['because']}"
    if entry["sure"]:
        yield f"This is the likeliest result ({entry['sure']})."
    if entry["unknown"]:
        yield f"not known: {', '.join(entry['unknown'])}"
    if entry["uncovered"]:
        yield f"The source says nothing about other results that fit ({entry['uncovered']})."
    if entry["not_excluded"]:
        yield unsure(entry["not_excluded"])


def unsure(other: Data) -> str:
    """What is not excluded, how likely it is, and which position would settle it."""
    settled = f"; {other['settled_by']}" if other["settled_by"] else ""
    return (
        f"not excluded ({other['chance']}): {other['word'].lower()}. {other['text']} "
        f"({other['because']}){settled}"
    )


def _not_excluded(found: Sequence[Data]) -> list[str]:
    """Medicines whose usual advice rests on something that is not certain."""
    act = [one for one in found if one["worst"] != "monitor"]
    lines = []
    if act:
        lines = ["", "NOT EXCLUDED: settle this before you rely on the usual dose"]
        lines += _joined(_open(one) for one in act)
    names = [drug for one in found if one["worst"] == "monitor" for drug in one["drugs"]]
    if names:
        lines += ["", *_wrapped(f"A need to monitor is not excluded: {', '.join(names)}.")]
    return lines


def _remote(found: Sequence[Data]) -> list[str]:
    if not found:
        return []
    names = ", ".join(f"{one['drug']} ({one['word'].lower()})" for one in found)
    return ["", *_wrapped(f"Not excluded either, each less likely than 1 in 10,000: {names}.")]


def _open(one: Data) -> Iterator[str]:
    yield from _wrapped(f"{', '.join(one['drugs'])}: {one['word'].lower()} if all is as likeliest")
    for entry in one["entries"]:
        if entry["not_excluded"]:
            yield from _field(entry["source"], unsure(entry["not_excluded"]))
        elif entry["uncovered"]:
            text = f"says nothing about other results that fit ({entry['uncovered']})."
            yield from _field(entry["source"], text)


def _others(report: Data) -> list[str]:
    lines = []
    texts = (
        ("usual", "Usual dose as far as these genes go"),
        ("no_advice", "The guidelines give no advice for these results"),
        ("without_guideline", "No guideline here speaks about"),
    )
    for name, title in texts:
        if report[name]:
            lines += ["", *_wrapped(f"{title}: {', '.join(report[name])}.")]
    return lines


def _genes(rows: Sequence[Data]) -> Iterator[str]:
    yield f"{'gene':<{GENE}}{'alleles':<{ALLELES}}{'seen':<8}phenotype (how sure)"
    for row in rows:
        if row["outcome"] != "not_called":
            yield from _gene(row)
    names = [row["gene"] for row in rows if row["outcome"] == "not_called"]
    if names:
        yield from _wrapped(f"not called: {', '.join(names)}", "", "  ")


def _gene(row: Data) -> Iterator[str]:
    alleles = row["diplotype"] or "-"
    more = row["diplotypes"] - 1
    if more > 0:
        alleles += f" or {more:,} more"
    seen = f"{row['seen']}/{row['of']}" if row["of"] else "-"
    indent = " " * (GENE + ALLELES + 8)
    said = _phenotype(row)
    lines = textwrap.wrap(said, WIDTH - len(indent), break_on_hyphens=False) or [""]
    if len(alleles) >= ALLELES:
        yield from _wrapped(alleles, f"{row['gene']:<{GENE}}", " " * (GENE + 2))
        yield f"{'':<{GENE + ALLELES}}{seen:<8}{lines[0]}"
    else:
        yield f"{row['gene']:<{GENE}}{alleles:<{ALLELES}}{seen:<8}{lines[0]}"
    yield from (f"{indent}{line}" for line in lines[1:])
    if row["variants"]:
        yield from _wrapped(f"carries {', '.join(row['variants'])}", " " * GENE)
    if row["called_by"] != "vcf":
        yield from _wrapped(f"called by {row['called_by']}", " " * GENE)
    for warning in row["warnings"]:
        yield from _wrapped(f"! {warning}", " " * GENE)


def _phenotype(row: Data) -> str:
    score = "" if row["score"] is None else f", score {row['score']:g}"
    sure = f" ({row['sure']})" if row["sure"] and row["others"] else ""
    text = f"{row['phenotype']}{score}{sure}"
    if row["others"]:
        text += f"; not excluded: {', '.join(row['others'])}"
    if row["settled_by"]:
        text += f"; {row['settled_by']} would {'settle it' if row['settles'] else 'say most'}"
    return text


def _not_checked(rows: Sequence[Data]) -> list[str]:
    if not rows:
        return []
    lines = ["", "NOT CHECKED: no answer here is no all-clear"]
    for row in rows:
        lines += _wrapped(f"{', '.join(row['genes'])}: {row['why']} {row['resolve']}", "  ", "    ")
        for gene, medicines in row["medicines"].items():
            if medicines:
                lines += _wrapped(f"wait for {gene}: {', '.join(medicines)}", "    ", "      ")
    return lines


def _sources(rows: Sequence[Data]) -> Iterator[str]:
    for row in rows:
        old = f" EXPIRED {row['valid_until']}: newer guidance may exist." if row["expired"] else ""
        valid = "" if row["expired"] else f", valid until {row['valid_until']}"
        text = f"{row['title']}; version {row['version']}, {row['published']}{valid}.{old}"
        yield from _field(row["id"], text)


# cohorts ------------------------------------------------------------------------------------------


def summary(
    file: str,
    samples: int,
    genes: Mapping[str, Counter[str]],
    notes: Mapping[str, int],
    table_file: str | None = None,
) -> str:
    """Many samples: for each gene how many have which likeliest phenotype; only counts."""
    lines = [f"{samples:,} samples of {file}"]
    for note, count in notes.items():
        lines += _wrapped(f"Note: {note}{f' ({count:,})' if count > 1 else ''}.", "  ")
    lines += ["", f"{'gene':<{GENE}}likeliest phenotype: samples"]
    for gene, counts in sorted(genes.items()):
        shown = [f"{name}: {count:,}" for name, count in counts.most_common()]
        lines += _wrapped("; ".join(shown), f"{gene:<{GENE}}", " " * GENE)
    more = MORE if table_file is None else (f"All samples are in {table_file}.", *NEXT)
    return _plain([*lines, "", *more, "", NOTICE])


NEXT = ("Next step: one report with --sample NAME.",)
MORE = (
    "Next step: one report with --sample NAME, all samples as a table with",
    "--table FILE.parquet, or everything as data with --json.",
)


# lines --------------------------------------------------------------------------------------------


def _plain(lines: Iterable[str]) -> str:
    """One text; what a hostile name of a sample or file could do to a terminal is cut."""
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in lines)


def _joined(parts: Iterable[Iterable[str]]) -> list[str]:
    return [line for part in parts for line in part]


def _wrapped(text: str, indent: str = "", rest: str | None = None) -> list[str]:
    """Lines; the second and later ones begin with ``rest`` (default: two columns deeper)."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  " if rest is None else rest,
        break_on_hyphens=False,
    )


def _field(label: str, text: str) -> list[str]:
    indent = " " * (LABEL + 2)
    start = f"  {label:<{LABEL}}" if len(label) < LABEL else f"  {label}  "
    return textwrap.wrap(
        text, WIDTH, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False
    ) or [start.rstrip()]
