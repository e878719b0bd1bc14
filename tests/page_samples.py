"""Data for the page tests: real-looking, and hostile."""

from __future__ import annotations

from typing import Any

import surveillance_samples

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}&amp;\u2028"


def figure(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.02, "high": value + 0.02, "level": 0.95, "note": ""}


def finding(text: str = "Haemoglobin 9.8 g/dL", **changes: Any) -> dict[str, Any]:
    event = {"code": text, "display": text, "time": "2024-04-21T09:12:00Z", "value": 9.8}
    event |= {"unit": text, "source_file": text, "source_row": 17}
    basis = {"kind": "model", "id": text, "version": "1", "content_hash": "sha256:9f2c"}
    return {
        "subject": {"kind": "patient", "id": text},
        "as_of": "2024-05-01T00:00:00Z",
        "kind": "risk",
        "what": {"code": text, "display": text},
        "status": "found",
        "basis": basis | {"knowledge_date": "2026-11-20", "validated_in": text},
        "horizon_days": 365.0,
        "value": {
            "amount": 0.118,
            "unit": "1",
            "interval": {"low": 0.081, "high": 0.173, "level": 0.9},
        },
        "frequency": {"events": 12, "of": 100, "low": 8, "high": 17, "text": text},
        "evidence": [
            {"text": text, "contribution": 0.62, "events": [event] * 25, "citation": text},
            {"text": "Omeprazole", "contribution": -0.29, "events": []},
        ],
        "notes": [text],
        "synthetic": True,
        **changes,
    }


def withheld(text: str = "outside what the model has seen") -> dict[str, Any]:
    made = finding(text, status="withheld", reason=text, resolve=text, evidence=[])
    return {k: v for k, v in made.items() if k not in ("value", "frequency")}


def genes(text: str = "CYP2C19: *1/*2, Intermediate Metabolizer") -> list[dict[str, Any]]:
    made = finding(text, kind="genotype", reason=text, evidence=[{"text": text, "events": []}])
    plain = {k: v for k, v in made.items() if k not in ("value", "frequency", "horizon_days")}
    return [plain, {**plain, "status": "not_checked", "resolve": text}]


def patient(text: str = "p-0042") -> dict[str, Any]:
    points = [{"time": f"2024-0{n}-01", "value": 13.0 - n} for n in range(1, 6)]
    line = {"display": text, "unit": "g/dL", "low": 12.0, "high": 16.0, "points": points}
    return {
        "schema": "nof1/advise/1",
        "subject": text,
        "as_of": "2024-05-01T00:00:00Z",
        "findings": [finding(text), withheld(text), *genes(text)],
        "timeline": [line, {**line, "low": None, "high": None, "points": []}],
    }


def card(text: str = "Bleeding within a year", passed: bool = True) -> dict[str, Any]:
    bins = [
        {"rows": 100, "predicted": p, "observed": p + 0.01, "low": p - 0.03, "high": p + 0.05}
        for p in (0.05, 0.1, 0.3)
    ]
    curve = [
        {"threshold": t, "model": 0.1 - t / 4, "low": 0.08 - t / 4, "high": 0.12 - t / 4}
        | {"treat_all": 0.1 - t}
        for t in (0.05, 0.1, 0.2)
    ]
    group = {"attribute": "sex", "group": text, "rows": 120, "events": 20, "auroc": figure(0.7)}
    group |= {"observed_expected": figure(1.0), "calibration": figure(0.0), "coverage": None}
    group |= {"gap": 0.1, "flagged": True, "note": ""}
    none = {"value": None, "low": None, "high": None, "level": 0.95, "note": "too few"}
    few = {**group, "rows": None, "events": None, "auroc": none, "observed_expected": none}
    check = {"name": text, "passed": passed, "value": 1.02, "low": 0.9, "high": 1.1}
    term = {"features": [0], "cuts": [[1.0, 2.0]], "scores": [0.1, -0.3, 0.0, 0.4]}
    term |= {"standard_errors": [0.1] * 4, "counts": [0, 10, 20, 30], "bags": []}
    return {
        "schema": "nof1/card/1",
        "name": text,
        "version": "1",
        "content_hash": "sha256:9f2c",
        "created": "2026-11-23",
        "status": "speaks" if passed else "withheld",
        "synthetic": False,
        "validated_by": text,
        "purpose": text,
        "intended_use": text,
        "outcome": text,
        "population": text,
        "data": {"sources": [text], "data_date": "2026-11-20", "sites": 5, "share": 0.25},
        "attrition": [{"step": "All", "people": 900}, {"step": text, "people": 300}],
        "features": [{"name": text, "importance": 0.2}, {"name": "age_years"}],
        "learners": {"glassbox": {"auroc": figure(0.74)}, text: {"auroc": figure(0.75)}},
        "choice": {"kept": "glassbox", "favourite": "glassbox", "differences": {}, "reason": text},
        "evaluation": {
            "kind": "binary",
            "rows": 300,
            "events": 45,
            "horizon_days": 365.0,
            "figures": {"auroc": figure(0.74), "calibration_slope": none},
            "calibration": bins,
            "net_benefit": curve,
            "subgroups": [group, few],
        },
        "gate": {
            "passed": passed,
            "failed": [],
            "checks": [{**check, "allowed": text, "reason": text, "next_step": text}],
            "withheld_groups": {text: text},
        },
        "drift": {"inputs": text},
        "limits": [text],
        "tripod": {
            "items": [
                {"item": "1", "part": "title", "question": text, "answer": text},
                {"item": "2", "part": "x", "question": "Is it there?", "answer": None},
            ],
            "filled": 1,
            "blank": ["2"],
        },
        "shapes": {"names": [text], "terms": [term]},
    }


def effect(text: str = "celecoxib-or-diclofenac", passed: bool = True) -> dict[str, Any]:
    none = {"value": None, "low": None, "high": None, "level": 0.95, "note": text}
    row = {"name": text, "before": 0.3, "after": -0.02, "error": 0.03, "apart": False}
    row |= {"feature": text}
    trial = ("eligibility", "strategies", "assignment", "time_zero", "outcome", "follow_up")
    needed = {"value": 27.0, "low": 15.0, "high": 125.0, "event_less_with": "comparator"}
    control = {"name": text, "events": 40, "difference": figure(0.0), "note": ""}
    raced = {"forest": figure(-0.1), "average": figure(0.01), "s": none}
    learner = {"chosen": "m", "title": text, "default": "m", "further_from_the_scores": raced}
    groups = [
        {"people": 300.0, "predicted": gain, "observed": figure(gain)} for gain in (0.1, 0.0, -0.1)
    ]
    found = {"validated": passed, "autoc": figure(0.03), "qini": figure(0.01), "groups": groups}
    policy = [
        {"share": n / 10, "benefit": figure(n / 100), "over_random": figure(0.01)}
        for n in range(11)
    ]
    average = {"measure": "risk_difference", "horizon_days": 365.0, "ratio": figure(1.2)}
    average |= {"comparator": figure(0.14), "treatment": figure(0.18), "difference": figure(0.04)}
    average |= {"e_value": {"estimate": 1.8, "limit": 1.2}, "number_needed_to_treat": needed}
    step = {"rule": text, "patients": 2694, "index_events": 3000}
    step |= {"patients_removed": 0, "index_events_removed": 0}
    return {
        "schema": "nof1/effect-card/1",
        "notice": text,
        "synthetic": True,
        "name": text,
        "version": "1",
        "content_hash": "sha256:9f2c",
        "created": "2026-11-26",
        "data_date": "2024-05-01",
        "validated_in": text,
        "options": {"comparator": "diclofenac" + text, "treatment": text},
        "target_trial": dict.fromkeys((*trial, "estimand", "analysis"), text),
        "attrition": [step],
        "people": dict.fromkeys(
            ("treatment", "comparator", "outcome_known", "left_the_option", "compared"), 1200
        ),
        "effect": average,
        "negative_controls": [control, {**control, "difference": none, "note": text}],
        "overlap": {"least_propensity": 0.1, "comparator": [20.0] * 20, "treatment": [30.0] * 20}
        | {"share_refused": 0.01, "effective_people": [400.0, 700.0]}
        | {"regions": [{"where": text, "option": text, "people": 134.0, "most": 0.03}]},
        "balance": [row, {**row, "name": text + "2", "before": None, "after": None, "error": None}],
        "learner": learner | {"challengers": {"forest": text}},
        "heterogeneity": found | {"slope": figure(0.9), "c_for_benefit": figure(0.56)},
        "policy": policy,
        "modifiers": [{"feature": text, "column": text, "modifier": 0.2, "low": 0.1, "high": 0.3}],
        "withheld": [] if passed else [text],
        "limits": [text],
    }


def quality(text: str = "LOINC//2345-7") -> dict[str, Any]:
    problem = {"check": "impossible-values", "severity": "critical", "what": text, "code": text}
    problem |= {"site": text, "sites": 1, "month": "2024-01", "until": "2024-02", "count": None}
    problem |= {"of": 30, "things": "values", "share": "fewer than 5 of 30 values", "why": text}
    problem |= {"next_step": text, "reference": text, "display": text}
    unit = {"unit": text, "values": 30, "low": 1.0, "median": 2.0, "high": None}
    code = {"code": text, "display": None, "events": 30, "patients": None, "numeric": 30}
    months = [
        {"code": c, "site": s, "month": f"2024-0{m}", "events": 10 * m}
        for c in (None, text)
        for s in (text, "b")
        for m in range(1, 5)
    ]
    people = {"patients": 10, "birth": 9, "sex": None, "event": 10}
    return {
        "schema": "nof1/quality/1",
        "as_of": "2024-06-01T00:00:00Z",
        "synthetic": True,
        "masked_below": 5,
        "totals": {"events": 30, "patients": None, "codes": 1, "sites": 2},
        "severities": {"critical": 1, "warning": 0, "info": 0},
        "problems": [problem] * 9,
        "people": [{"site": text, **people}, {"site": None, **people}],
        "lags": [],
        "codes": [{**code, "no_value": 0, "units": [unit]}],
        "months": months,
        "quarantined": [{"file": text, "reason": text, "rows": 7}],
    }


def index(text: str = "From records to advice") -> dict[str, Any]:
    step = {"title": text, "text": text, "links": [{"href": "quality.html", "text": text}]}
    step |= {"figures": [{"label": text, "value": text}]}
    return {
        "title": text,
        "lead": text,
        "synthetic": True,
        "data_date": "2026-11-23",
        "steps": [step, {"title": "Bare", "text": "No figures."}],
        "links": {"Data": "quality.html"},
    }


def gene_line(text: str, **changes: Any) -> dict[str, Any]:
    return {
        "gene": text,
        "outcome": "called",
        "diplotype": text,
        "diplotypes": 3,
        "phenotype": text,
        "score": 1.5,
        "sure": "97 of 100",
        "others": [text, text, text],
        "seen": 33,
        "of": 35,
        "settled_by": text,
        "settles": True,
        "variants": [text],
        "warnings": [text],
        "called_by": text,
        **changes,
    }


def gene_entry(text: str, **changes: Any) -> dict[str, Any]:
    other = {"action": "avoid", "word": "Avoid", "text": text, "because": text}
    other |= {"prior": 0.003, "chance": "about 3 in 1,000", "settled_by": text}
    return {
        "source": text,
        "populations": [text],
        "under_medicines": True,
        "silent": False,
        "strength": "strong",
        "action": "reduce",
        "word": "Lower dose",
        "text": text,
        "because": text,
        "sure": text,
        "dose": [-25.0, -50.0],
        "dose_limit": text,
        "alternatives": [text],
        "monitor": text,
        "if_used": text,
        "unknown": [text],
        "not_excluded": other,
        "uncovered": text,
        "pmids": [text],
        "url": text,
        **changes,
    }


GENE_ACTIONS = ("unread", "avoid", "alternative", "reduce", "increase", "monitor", "no_advice")
GENE_ACTIONS += ("standard",)


def genome(text: str = "HG-0001") -> dict[str, Any]:
    one = {"drugs": [text, "simvastatin"], "action": "reduce", "word": "Lower dose"}
    one |= {"worst": "avoid", "disagree": True, "dose": "-25 %"}
    one |= {"entries": [gene_entry(text), gene_entry(text, because="another", not_excluded=None)]}
    named = {"drug": text, "group": text, "dose": "-25 %", "disagree": True}
    source = {"id": text, "title": text, "version": text, "published": "2023-08-01"}
    source |= {"valid_until": "2025-07-31", "expired": True}
    return {
        "schema": "nof1/genome-report/1",
        "as_of": "2026-11-25",
        "sample": text,
        "file": text,
        "build": "GRCh38",
        "notes": {text: 3, "another": 1},
        "synthetic": True,
        "notice": "Research and education use; not a medical device.",
        "current": [text],
        "glance": [
            {"action": action, "word": action.replace("_", " ").capitalize(), "medicines": [named]}
            for action in (*GENE_ACTIONS, "not_excluded", "not_checked")
        ],
        "act": [one],
        "watch": [{**one, "action": "monitor", "word": "Monitor"}],
        "not_excluded": [
            {**one, "action": "standard", "word": "Usual dose"},
            {**one, "worst": "monitor"},
        ],
        "remote": [{"drug": text, "word": "Avoid", "chance": text}],
        "usual": [text],
        "no_advice": [text],
        "without_guideline": [text],
        "genes": [
            gene_line(text),
            gene_line(text, outcome="not_called", diplotype=None, sure=None, of=0, score=None),
        ],
        "not_checked": [
            {"genes": [text, "MT-RNR1"], "why": text, "resolve": text, "medicines": {text: [text]}}
        ],
        "conversions": [
            {"gene": text, "medicine": text, "phenotype": text, "effective": text}
            | {"status": status, "because": [text], "not_known": [text]}
            for status in ("converted", "direction")
        ],
        "knowledge": [source, {**source, "expired": False}],
    }


def medicines(text: str = "clopidogrel") -> dict[str, Any]:
    event = {"code": text, "display": text, "time": "2024-04-21T09:12:00Z", "value": 1.4}
    event |= {"unit": text, "source_file": text, "source_row": 17}
    source = {"id": text, "published": "2023-08-01", "citation": text}
    reason = {"level": "avoid", "short": text, "text": text, "evidence": [event] * 7}
    reasons = [{**reason, "source": source}, {**reason, "source": None}]
    ask = {"text": text, "resolve": text, "short": text, "could_ask_for": "avoid"}
    columns = {
        "efficacy": {"status": "clear", "text": text, "reasons": reasons[:1], "not_known": []},
        "pharmacogenomics": {"status": "stop", "text": text, "reasons": reasons, "not_known": []},
        "renal": {"status": "not_known", "text": text, "reasons": [], "not_known": [ask]},
        "interactions": {
            "status": "caution",
            "text": text,
            "reasons": reasons[1:],
            "not_known": [ask],
        },
    }
    others = ("phenoconversion", "allergies", "hepatic", "pregnancy", "age", "conditions")
    clear = {"status": "clear", "text": text, "reasons": [], "not_known": []}
    row = {
        "purpose": text,
        "place": 1,
        "medicine": {"name": text, "rxnorm": "32968", "atc": [text]},
        "current": event,
        "verdict": "avoid",
        "verdict_word": "avoid",
        "because": {"short": text, "text": text},
        "next": text,
        **dict.fromkeys((*others, "duplicates"), clear),
        **columns,
        "laboratory": {**clear, "reasons": reasons[1:]},
        "evidence": {"grade": 0, "text": text},
        "not_known": [ask],
    }
    last = {**row, "place": 2, "verdict": "standard", "verdict_word": "standard", "next": None}
    last |= {"current": None, "laboratory": None, "not_known": [], "purpose": None}
    last |= {"medicine": {"name": text, "rxnorm": None, "atc": []}}
    known = {"id": text, "published": "2023-08-01", "valid_until": "2025-07-31", "expired": True}
    return {
        "schema": "nof1/medicines-rank/1",
        "subject": {"id": text, "site": text},
        "condition": {"code": text, "name": text},
        "as_of": "2024-05-01T00:00:00Z",
        "synthetic": True,
        "current": [text],
        "genes": 3,
        "rows": [row, last],
        "deciding": [{"name": text, "medicines": [text, text]}],
        "not_indicated": [
            {"name": text, "why": text, "current": True},
            {"name": "other", "why": None, "current": False},
        ],
        "order": text,
        "knowledge": [known, {**known, "published": None, "valid_until": None, "expired": False}],
        "notice": text,
    }


def repurposing(text: str = "text") -> dict:
    """Hypotheses in the form of nof1/medicines-repurpose/1, every text replaced by ``text``."""
    step = {"signal": "stem", "text": text, "weight": 0.5}
    row = {"rank": 1, "medicine": text, "status": "hypothesis", "score": -1.5}
    row |= {"naive_score": 4, "naive_rank": 12, "path": [step, step]}
    gain = {"value": 0.2, "interval": [0.1, 0.3], "level": 0.95}
    judged = {"split": text, "diseases": 80, "hidden": 900, "unreachable": 40, "difference": gain}
    judged |= {"average_precision": {"model": 0.3, "popularity": 0.1}, "better": True}
    judged |= {"among_first_20": {"model": 500, "popularity": 200}}
    return {
        "schema": "nof1/medicines-repurpose/1",
        "disease": {"name": text, "doid": text, "snomed": [], "icd10cm": [], "synonyms": []},
        "status": "hypothesis",
        "reason": text,
        "caution": text,
        "known": [text],
        "not_indicated": [text],
        "contraindicated": [text],
        "pool": 500,
        "judged": [judged],
        "weights": {"stem": 0.3},
        "hypotheses": [row],
        "set_aside": {text: 3},
        "basis": {"facts": [text], "content_hash": "ab" * 32, "knowledge_date": "2016-03-15"},
        "how_to_read": text,
        "notice": text,
    }


def screen(text: str = "CHEMBL25") -> dict[str, Any]:
    rows = {name: {m: figure(0.4) for m in ("ef1", "bedroc", "auroc")} for name in (text, "naive")}
    pick = {"id": text, "smiles": text, "file": text, "row": 17, "similarity": 0.52}
    pick |= {"nearest_active": text, "predicted": None, "stands_for": 3, "liabilities": ["brenk"]}
    pick |= {"alerts": [text], "weight": 318.2, "logp": 2.1, "lipinski_violations": 0}
    pick |= {"qed": None, "synthesis": 3.2, "drawing": f"<svg><title>{text}</title></svg>"}
    check = {"ranking": text, "actives": 60, "series": 22, "others": 20_000, "others_are": text}
    check |= {"figures": rows, "differences": {text: figure(0.2)}, "passed": True, "reasons": []}
    return {
        "schema": "nof1/compounds-screen/1",
        "target": text,
        "library": {
            "name": text,
            "molecules": 41_000,
            "content": "9f2c",
            "rdkit": text,
            "files": [text],
            "indexed": "2026-11-20",
        },
        "status": "found",
        "reason": text,
        "resolve": text,
        "known": {
            "target": text,
            "rows": 70,
            "actives": 60,
            "inactives": 0,
            "set_aside": {text: 1},
        },
        "held_back": check | {"chance": {"ef1": 1.0, "bedroc": 0.05, "auroc": 0.5}},
        "looked_at": 2000,
        "set_aside": {text: 40},
        "not_checked": [text],
        "picks": [pick, {**pick, "liabilities": [], "alerts": [], "qed": 0.7}],
    }


def compounds(text: str = "solubility") -> dict[str, Any]:
    """A property model of two labels after a race, and four compounds asked about."""
    covered = {"predictions": 60, "covered": 0.87, "low": 0.8, "high": 0.92}
    nobody = {"predictions": 0, "covered": None, "low": None, "high": None}
    zones = {"all": covered, "inside": nobody, "edge": covered, "outside": nobody}
    unknown = {"value": None, "low": None, "high": None}
    split = {"repeats": 1, "test_compounds": 60.0, "naive": 0.5, "neighbour": 0.6}
    split |= {"coverage": zones, "metrics": {"auroc": figure(0.8), "brier": unknown}}
    number = {**split, "metrics": {"rmse": figure(0.6), "r2": figure(0.7)}}
    label = {"name": text, "kind": "regression", "compounds": 1100, "positive": None}
    label |= {"status": "speaks", "why": None, "splits": {"random": number, "scaffold": number}}
    other = {"name": text + "2", "kind": "classification", "positive": 300, "status": "withheld"}
    other |= {"splits": {"random": split, "scaffold": {"repeats": 0, "why": text}}, "why": text}
    lap = {"ours": figure(0.6), "challenger": figure(0.7), "difference": figure(0.1)}
    cost = {"ours": 9.0, "ours_without_limits": 2.0, "challenger": 80.0}
    near = {"zone": "inside", "reason": text, "similarity": 0.5, "neighbour": text}
    near |= {"in_training": False, "scaffold_seen": True}
    answers = {
        text: {"value": -1.2, "low": -2.0, "high": -0.4},
        text + "2": {"value": 0.7, "classes": []},
    }
    silent = {name: {"value": None, "withheld": text} for name in answers}
    one = {"row": 1, "smiles": text, "domain": near, "answers": answers, "notes": [text]}
    one |= {"drawing": f"<svg><title>{text}</title></svg>", "strongest": [text]}
    far = {**one, "row": 2, "answers": silent, "drawing": None, "strongest": []}
    return {
        "schema": "nof1/compounds-page/1",
        "version": 1,
        "card": {
            "name": text,
            "source": text,
            "rdkit": text,
            "labels": [label, {**label, **other}],
            "meaning": [text],
            "rows": {
                "rows": 1128,
                "compounds": 1100,
                "set_aside": {text: 3},
                "changed": {text: 4},
                "repeated_rows": 5,
                "without_label": 6,
                "shared_ids": 2,
                "conflicts": {text: 7},
                "unreadable_labels": {text: 8},
            },
            "challenger": {
                "name": text,
                "settings": text,
                "labels": {
                    text: {
                        "random": {**lap, "reading": "challenger better"},
                        "scaffold": {**lap, "reading": "no clear difference"},
                    },
                    text + "2": {"random": {**lap, "reading": "challenger worse"}, "other": None},
                },
                "cpu_seconds": {"random": cost},
            },
        },
        "asked": {
            "counts": {"rows": 77, "predicted": 44, "withheld": 3, "unusable": 30},
            "reasons": {text: 30},
            "unusable": [{"row": 3, "reason": text}] * 25,
            "drawn_label": text,
            "predictions": [
                one,
                {**one, "domain": {**near, "in_training": True, "zone": "edge"}},
                {**far, "domain": {**near, "zone": "outside"}},
                {**one, "answers": {**answers, text + "2": {"value": 0.5, "classes": [0, 1]}}},
            ],
        },
    }


def imaging(text: str = "film.dcm") -> dict[str, Any]:
    """A film that was answered with a doubt, one that was refused, and a measured volume."""
    plain = {"kind": "image", "frequency": None, "horizon_days": None}
    words = [{"text": text, "contribution": 2.3, "unit": "log odds"}, {"text": text}]
    notes = [f"Not validated: {text}", text]
    found = finding(text, **plain, reason=text, evidence=words, notes=notes)
    refused = {**withheld(text), **plain}
    unusual = finding(text, **plain, reason=text, evidence=[{**words[0], "unit": text}])
    del unusual["value"]
    volume = {"amount": 2525.0, "unit": "mL"}
    volume |= {"interval": {"low": 2252.0, "high": 2797.0, "level": 0.95}}
    measured = finding(text, **plain, reason=text, evidence=[{"text": text}], value=volume)
    gates = [
        {"gate": gate, "status": status, "code": text, "reason": text, "next_step": text}
        | {"value": 0.5, "limit": 0.02}
        for gate, status in (
            ("quality", "passed"),
            ("orientation", "refused"),
            ("population", "not validated"),
            ("domain", "not checkable"),
        )
    ]
    film = {"sources": [text], "sha256": "9f2c", "shape": [1024, 1024], "unit": "raw"}
    film |= {"modality": text, "view": text, "body_part": None, "spacing_mm": [0.2, 0.2]}
    film |= {"notes": [text], "answers": [{"model": text, "gates": gates, "labels": []}]}
    film |= {"findings": [found, refused, unusual]}
    ct = {**film, "sources": ["1.dcm"] * 40, "shape": [40, 96, 96], "unit": "HU", "answers": []}
    ct |= {"findings": [measured], "spacing_mm": None, "view": None, "notes": []}
    return {
        "schema": "nof1/imaging-read/1",
        "path": text,
        "status": "ok",
        "reason": None,
        "models": [{"name": text, "sha256": "9f2c"}],
        "findings": [*film["findings"], measured],
        "pictures": [film, ct, {**ct, "sources": [], "findings": []}],
        "refused": [{"file": text, "reason": text, "next_step": text}],
        "written": [text],
        "drawings": [{"source": text, "finding": text, "png": "iVBORw0KGgo="}],
        "films": [{"source": text, "png": "iVBORw0KGgo="}],
    }


def imaging_audit(text: str = "films.csv") -> dict[str, Any]:
    """An audit with every judgement, and figures of every kind."""
    gap = {"value": 0.005, "low": -0.02, "high": 0.03, "level": 0.95, "note": "paired"}
    none = {"value": None, "low": None, "high": None, "level": 0.95, "note": text}
    pair = {"model": text, "pictures": 240, "full": figure(0.8), "frame_only": figure(0.79)}
    pair |= {"full_minus_frame_only": gap}
    within = {"full": 0.8, "mean_within": 0.79, "within": {text: figure(0.8), "PA": none}}
    copies = {"exact_copies": 8, "exact_rows": [[1, 2]], "parts": {text: 200}, "patients": None}
    gates = [
        {"gate": "leakage", "judgement": "failed", "because": text, "figures": copies},
        {"gate": "frame only", "judgement": "failed", "because": text}
        | {"figures": {**pair, "matched_pictures": 92, "matched": pair}},
        {"gate": "within view", "judgement": "passed", "because": "", "figures": within},
        {"gate": "site", "judgement": "not checkable", "because": text, "figures": {}},
        {"gate": "population", "judgement": "passed", "because": ""}
        | {"figures": {"age_years": [18.0, 89.0], "views": [text, "PA"]}},
    ]
    return {
        "schema": "nof1/imaging-audit/1",
        "name": text,
        "judgement": "failed",
        "failed": ["leakage", "frame only"],
        "not_checkable": ["site"],
        "counts": {"pictures": 240, "patients": None, "labels": {text: 128}},
        "set_aside": {text: 3},
        "gates": gates,
        "synthetic": True,
    }


def governance(text: str = "head of pharmacy") -> dict[str, Any]:
    share = {"count": 3, "of": 40, "low": 0.02, "high": 0.19, "level": 0.95, "value": 0.075}
    found = {"shown": 60, "accepted": 3, "overridden": 37, "no_answer": 20, "people": 5}
    row = {"id": text, "state": "off", "by": text, "since": "2024-05-01", "tier": 3, "unseen": 7}
    row |= {"tier_of_the_table": 2, "shown": 60}
    row["acceptance"] = found | {"acceptance": share, "reasons": {text: 37}}
    empty = {"state": "on", "by": None, "since": None, "unseen": 0, "shown": 0, "acceptance": None}
    model = row | empty | {"tier": None, "tier_of_the_table": None, "drift": text, "paused": True}
    proposal = {"id": text, "kind": "demote", "text": text}
    return {
        "schema": "nof1/governance/1",
        "as_of": "2024-05-01T00:00:00Z",
        "synthetic": True,
        "fault": text,
        "ledger": True,
        "decisions": 4,
        "rules": [row, row | {"state": "shadow"}, row | empty],
        "models": [model],
        "proposals": [proposal],
        "feedback_on_unknown_cards": 2,
    }


def attributes(text: str = "Not used") -> dict[str, Any]:
    row = {"number": "A.5", "part": text, "question": text, "answer": text, "available": True}
    rows = [row, row | {"available": False}, row | {"answer": "", "part": text + "2"}]
    subject = {"subject": text, "kind": "predictive", "attributes": rows, "count": 3}
    subject |= {"answered": 1, "not_available": ["A.5"], "blank": ["A.5"]}
    return {
        "schema": "nof1/governance-attributes/1",
        "as_of": "2024-05-01T00:00:00Z",
        "synthetic": True,
        "subjects": [subject],
    }


def egress(text: str = "stroke-risk") -> dict[str, Any]:
    found = {"where": text, "what": text, "count": 3, "status": "fail"}
    attack = {"attack": text, "auc": figure(0.61), "hits_at_1": {**figure(0), "value": None}}
    checks = [
        {"name": text, "title": text, "status": status, "reason": text, "limit": text}
        | {"figures": {"limit": 0.6, text: None, "attacks": [{**attack, "decides": True}]}}
        | {"findings": 60, "found": [found, {**found, "status": "attention"}], "blind": [text]}
        for status in ("pass", "attention", "fail", "not_checked")
    ]
    return {
        "schema": "nof1/federation-egress/1",
        "created": "2026-11-26T08:00:00+00:00",
        "site": text,
        "synthetic": True,
        "model": {"name": text, "version": 1, "content_hash": text, "learner": text}
        | {"federated": True, "sites": 3, "claim": {"epsilon": 3.0, "delta": 1e-5}},
        "files": {text: {"sha256": text, "bytes": 1234}},
        "code": {"nof1": text, "rooms": [text], "sha256": text},
        "verdict": "fail",
        "checks": checks,
        "signature": {"key": text, "public_key": text, "value": text},
    }


ALL = {
    "quality": quality,
    "model": card,
    "effect": effect,
    "patient": patient,
    "genome": genome,
    "medicines": medicines,
    "repurposing": repurposing,
    "screen": screen,
    "imaging": imaging,
    "imaging-audit": imaging_audit,
    "compounds": compounds,
    "surveillance": surveillance_samples.country,
    "governance": governance,
    "attributes": attributes,
    "egress": egress,
    "index": index,
}
