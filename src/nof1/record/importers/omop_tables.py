"""The OMOP CDM 5.3 and 5.4 tables that hold events, and how a row of each becomes events.

Reference: OMOP Common Data Model, https://ohdsi.github.io/CommonDataModel/.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EventTable:
    """One clinical table.

    Attributes
    ----------
    name, id : table, and its primary key.
    concept : column with the concept that names what happened.
    source_value : column with the source's own code for it.
    start, end : columns less their ending ``_date`` or ``_datetime``.
    prefix, end_prefix : role prefix of the codes at start and end; "" means none.
    values : does the table hold results (``value_as_number`` and its like)?
    admission : does the table say where a patient came from and went to?
    """

    name: str
    id: str
    concept: str
    source_value: str
    start: str
    end: str | None = None
    prefix: str = ""
    end_prefix: str = "END//"
    values: bool = False
    admission: bool = False

    @property
    def times(self) -> list[str]:
        """Columns with times; a datetime stands before the date it refines."""
        stems = [self.start] if self.end is None else [self.start, self.end]
        return [f"{stem}_{kind}" for stem in stems for kind in ("datetime", "date")]

    @property
    def identity(self) -> list[str]:
        """Columns that make a record: the key, and what happened to whom and when."""
        return [self.id, "person_id", self.concept, self.source_value, *self.times[:2]]

    @property
    def columns(self) -> list[str]:
        """All columns that are read."""
        own = ["person_id", self.id, self.concept, self.source_value, *self.times]
        return [*own, *(VALUES if self.values else ()), *(ADMISSION if self.admission else ())]


VALUES = (
    "value_as_number",
    "value_as_string",
    "value_as_concept_id",
    "value_source_value",
    "operator_concept_id",
    "unit_concept_id",
    "unit_source_value",
)
# CDM 5.3 says admitting_source and discharge_to, CDM 5.4 admitted_from and discharged_to.
ADMISSION = (
    "admitted_from_concept_id",
    "admitting_source_concept_id",
    "discharged_to_concept_id",
    "discharge_to_concept_id",
)

EVENT_TABLES = (
    EventTable(
        "visit_occurrence",
        "visit_occurrence_id",
        "visit_concept_id",
        "visit_source_value",
        "visit_start",
        "visit_end",
        prefix="ENCOUNTER//",
        end_prefix="ENCOUNTER_END//",
        admission=True,
    ),
    EventTable(
        "visit_detail",
        "visit_detail_id",
        "visit_detail_concept_id",
        "visit_detail_source_value",
        "visit_detail_start",
        "visit_detail_end",
        prefix="VISIT_DETAIL//",
        end_prefix="VISIT_DETAIL_END//",
        admission=True,
    ),
    EventTable(
        "condition_occurrence",
        "condition_occurrence_id",
        "condition_concept_id",
        "condition_source_value",
        "condition_start",
        "condition_end",
    ),
    EventTable(
        "drug_exposure",
        "drug_exposure_id",
        "drug_concept_id",
        "drug_source_value",
        "drug_exposure_start",
        "drug_exposure_end",
    ),
    EventTable(
        "procedure_occurrence",
        "procedure_occurrence_id",
        "procedure_concept_id",
        "procedure_source_value",
        "procedure",
        "procedure_end",
    ),
    EventTable(
        "device_exposure",
        "device_exposure_id",
        "device_concept_id",
        "device_source_value",
        "device_exposure_start",
        "device_exposure_end",
    ),
    EventTable(
        "measurement",
        "measurement_id",
        "measurement_concept_id",
        "measurement_source_value",
        "measurement",
        values=True,
    ),
    EventTable(
        "observation",
        "observation_id",
        "observation_concept_id",
        "observation_source_value",
        "observation",
        values=True,
    ),
    EventTable(
        "note",
        "note_id",
        "note_class_concept_id",
        "note_source_value",
        "note",
        prefix="NOTE//",
    ),
)

PERSON_COLUMNS = (
    "person_id",
    "gender_concept_id",
    "gender_source_value",
    "race_concept_id",
    "race_source_value",
    "ethnicity_concept_id",
    "ethnicity_source_value",
    "year_of_birth",
    "month_of_birth",
    "day_of_birth",
    "birth_datetime",
)
DEATH_COLUMNS = (
    "person_id",
    "death_datetime",
    "death_date",
    "cause_concept_id",
    "cause_source_value",
)
PERIOD_COLUMNS = (
    "observation_period_id",
    "person_id",
    "observation_period_start_date",
    "observation_period_end_date",
)
VOCABULARY_TABLES = {
    *("concept", "concept_ancestor", "concept_class", "concept_relationship", "concept_synonym"),
    *("domain", "drug_strength", "relationship", "vocabulary", "cdm_source", "metadata"),
}

# Codes of the record for the most common concepts: HL7 ActCode and administrative gender.
VISITS = {9201: "IMP", 262: "IMP", 9202: "AMB", 9203: "EMER", 581476: "HH", 5083: "VR"}
GENDERS = {8507: "M", 8532: "F"}
OPERATORS = {4171756: "<", 4171754: "<=", 4172704: ">", 4171755: ">="}
