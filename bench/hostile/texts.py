"""Text files: VCF, CSV, FHIR and XML that mean harm or cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.hostile.cases import MAPPED, Build, Case, Place, at

Text = Callable[[Place], str]
VCF_HEAD = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr10,length=133797422>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
)
GOOD = "chr10\t94761900\t.\tC\tT\t50\tPASS\t.\tGT\t0/1\n"


def cases() -> Iterator[Case]:
    """Each text at the doors that might take it."""
    for name, text in VCFS.items():
        yield from at("VCF", name, _file("a.vcf", text), "genome call")
    for name, text in list(VCFS.items())[:6]:
        yield from at("VCF", name, _file("a.vcf", text), "genome score")
    for name, text in FHIRS.items():
        yield from at("FHIR", name, _file("b.json", text), "advise", "ingest")
        yield from at("FHIR", name, _file("b.json", text), "privacy deidentify")
    for name, text in CSVS.items():
        yield from at("CSV", name, _file("a.csv", text), "ingest", "surveillance import")
        yield Case("CSV", f"{name} with a mapping", _file("a.csv", text), MAPPED)
    for name in ("surveillance score", "surveillance validate", "compounds train", "genome outside",
                 "response train", "federation join"):  # fmt: skip
        for fault in ("formula", "long line", "NUL and control signs", "wrong encoding"):
            yield from at("table", fault, _file("a.csv", CSVS[fault]), name)


def _file(name: str, text: Text) -> Build:
    def build(place: Place) -> Path:
        path = place.given / name
        path.write_bytes(text(place).encode("utf-8", "surrogateescape"))
        path.chmod(0o600)  # a kit that others may read is refused before it is opened
        return path

    return build


def _vcf(old: str = "?!", new: str = "", more: str = "") -> Text:
    """A VCF of one sample, with something put in the place of something else."""
    return lambda p: (VCF_HEAD + GOOD.replace("\t.\tC", f"\t{p.canary}\tC") + more).replace(
        old, new
    )


VCFS: dict[str, Text] = {
    "a line without end": _vcf(more="A" * (80 * 2**20)),
    "no header": lambda p: GOOD + p.canary,
    "a bad contig": _vcf("chr10\t", "../../x;rm\t"),
    "a position below zero": _vcf("94761900", "-7"),
    "a position of 30 digits": _vcf("94761900", "9" * 30),
    "bases that are none": _vcf("\tC\tT\t", "\t<script>\t=cmd|x\t"),
    "an allele that is not there": _vcf("0/1", "0/9"),
    "10,000 other alleles": _vcf("\tT\t", "\t" + ",".join(["T" * 9] * 10_000) + "\t", "x"),
    "a sample twice": _vcf("\tS1\n", "\tS1\tS1\n"),
    "columns that are missing": _vcf("\tPASS\t.\tGT\t0/1\n", "\n"),
    "NUL and control signs": _vcf(more="\0\x1b[2J\tx\n"),
    "two headers": _vcf(more=VCF_HEAD + GOOD),
    "no text at all": lambda p: "",
    "wrong encoding": _vcf(more="\udcff\udcfe" * 10 + "\n"),
}


def _bundle(place: Place, **more: object) -> dict[str, object]:
    patient = {"resourceType": "Patient", "id": "1", "birthDate": "1960-01-01",
               "name": [{"family": place.canary}]} | more  # fmt: skip
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]}


def _observation(place: Place, value: str) -> str:
    text = json.dumps(_bundle(place))[:-2]
    return (
        text + ', {"resource": {"resourceType": "Observation", "id": "o", "status": "final", '
        '"code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]}, "subject": '
        '{"reference": "Patient/1"}, "effectiveDateTime": "2020-01-01", "valueQuantity": '
        f'{{"value": {value}, "unit": "mg/dL", "note": "{place.canary}"}}}}}}]}}'
    )


FHIRS: dict[str, Text] = {
    "100,000 deep": lambda p: '{"a":' * 100_000 + f'"{p.canary}"' + "}" * 100_000,
    "lists 100,000 deep": lambda p: "[" * 100_000 + f'"{p.canary}"' + "]" * 100_000,
    "a key twice": lambda p: (
        json.dumps(_bundle(p))[:-1] + ', "resourceType": "Patient", "type": "x", "entry": 7}'
    ),
    "NaN": lambda p: _observation(p, "NaN"),
    "Infinity": lambda p: _observation(p, "-Infinity"),
    "a number of 5,000 digits": lambda p: _observation(p, "9" * 5_000),
    "1e999": lambda p: _observation(p, "1e999"),
    "references in a circle": lambda p: json.dumps(
        {"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order",
         "subject": {"reference": "#m"}, "note": [{"text": p.canary}],
         "medicationReference": {"reference": "#x"},
         "contained": [{"resourceType": "Medication", "id": "x",
                        "ingredient": [{"itemReference": {"reference": "#x"}}]}]}
    ),
    "references to other hosts": lambda p: json.dumps(
        _bundle(p, generalPractitioner=[{"reference": "http://192.0.2.1/steal"}])
        | {"entry": "http://192.0.2.1"}
    ),
    "XML with an entity": lambda p: (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
        f'<Patient xmlns="http://hl7.org/fhir"><id value="&e;{p.canary}"/></Patient>'
    ),
    "XML that grows without end": lambda p: (
        '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><x>&c;' + p.canary + "</x>"
    ),
    "half surrogates": lambda p: '{"resourceType": "Patient", "id": "\\ud800", "x": "' + p.canary,
    "cut in the middle": lambda p: json.dumps(_bundle(p))[:-30],
    "a list in place of a resource": lambda p: json.dumps([p.canary, 1, None]),
    "two patients in one": lambda p: json.dumps(
        {"resourceType": "Bundle", "type": "collection",
         "entry": [{"resource": {"resourceType": "Patient", "id": str(k), "text": p.canary}}
                   for k in range(2)] + [{"resource": p.canary}]}
    ),
}  # fmt: skip
HEAD = "patient,time,code,value\n"
CSVS: dict[str, Text] = {
    "formula": lambda p: HEAD + f"=cmd|' /C touch {p.trap}'!A0,@SUM(1),+1+1,{p.canary}\n",
    "long line": lambda p: HEAD + p.canary + "x" * (40 * 2**20),
    "quotes without end": lambda p: HEAD + '"' + f"{p.canary},\n" * 1000,
    "NUL and control signs": lambda p: HEAD + f"\0\x1b]0;x\x07{p.canary},\x1b[2J,,\n",
    "wrong encoding": lambda p: HEAD + f"{p.canary}\udcff\udcfe,1,2,3\n",
    "10,000 columns": lambda p: ",".join(f"c{k}" for k in range(10_000)) + f"\n{p.canary}\n",
    "a column twice": lambda p: f"patient,patient,time,code\n{p.canary},2,2020-01-01,A\n",
    "lines of different length": lambda p: HEAD + f"{p.canary}\n,,,,,,,,\n1\n",
    "dates of no calendar": lambda p: HEAD + f"{p.canary},2020-13-45,A,1\n1,99999-01-01,B,nan\n",
    "log lines of another": lambda p: HEAD + f'{p.canary}\n{{"action": "forged"}},\r\n,x,y,z\n',
}
