"""What a label asks to be measured before or during a medicine, and what of it is missing."""

from __future__ import annotations

from datetime import timedelta

from nof1.advice.orders import values
from nof1.advice.orders.company import Answer, Company, Raised
from nof1.knowledge import monitoring as facts
from nof1.knowledge.base import Base
from nof1.knowledge.measurements import measurements
from nof1.medicines.ranking.columns import NOT_IN_TABLE, Level, Open, Reason, cited


def monitoring(drug: str, company: Company, base: Base) -> Answer:
    """One passive reason that lists everything that is missing, and since when."""
    if not facts.covered(drug, base):
        text = f"No measurement that {drug} asks for is in our table."
        return Answer("monitoring", (), (Open(text, "Read the label.", NOT_IN_TABLE),))
    known = company.known
    taken = drug not in company.drafted and known.takes(drug) is not None
    missing = []
    for row in facts.of(drug, taken, base):
        last = values.looked_at(known, measurements(base)[row.measurement])
        if last is None:
            missing.append((row, f"{row.measurement} (none is recorded)"))
        elif known.at - last > timedelta(days=row.days):
            missing.append((row, f"{row.measurement} (the last: {last:%Y-%m-%d})"))
    if not missing:
        return Answer("monitoring")
    when = "while it is taken" if taken else "before it is started"
    text = f"The label of {drug} asks for this {when}: {', '.join(said for _, said in missing)}."
    names = ", ".join(row.measurement for row, _ in missing)
    source = "|".join(dict.fromkeys(one for row, _ in missing for one in row.source.split("|")))
    place = "; ".join(dict.fromkeys(row.citation for row, _ in missing))
    said = Reason(Level.WATCH, f"to be measured: {names}", text, (), cited(source, place, base))
    return Answer("monitoring", (Raised("missing", said, (drug,)),))
