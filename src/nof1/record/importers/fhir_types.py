"""The parts of FHIR R4 resources that we read, as narrow msgspec structs.

Unknown elements are skipped while decoding, which makes this many times faster than a full model;
elements of another shape than R4's are refused with their place. Of a key that occurs twice in one
object the last one counts. Field names are FHIR's own.

Reference: FHIR R4 (4.0.1), https://hl7.org/fhir/R4/resourcelist.html.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from nof1.record.importers.fhir_datatypes import (
    Address,
    CodeableConcept,
    Coding,
    Extension,
    Identifier,
    Integer,
    Meta,
    Period,
    Present,
    Quantity,
    Range,
    Ratio,
    Reference,
    Timing,
)


class Head(Struct, gc=False):
    """What every resource has."""

    resourceType: str
    id: str | None = None
    meta: Meta | None = None


class Resource(Struct, tag_field="resourceType", kw_only=True, gc=False):
    """What all resources share."""

    id: str | None = None
    meta: Meta | None = None
    implicitRules: str | None = None
    modifierExtension: list[Raw] = []
    contained: list[Raw] = []
    subject: Reference | None = None
    patient: Reference | None = None


class PatientLink(Struct, gc=False):
    """How this patient record relates to another one."""

    type: str | None = None


class Patient(Resource, tag="Patient", kw_only=True, gc=False):
    """Who it is about."""

    identifier: list[Identifier] = []
    gender: str | None = None
    birthDate: str | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: str | None = None
    address: list[Address] = []
    extension: list[Extension] = []
    link: list[PatientLink] = []


class Encounter(Resource, tag="Encounter", kw_only=True, gc=False):
    """A stay or a visit."""

    status: str | None = None
    class_: Coding | None = msgspec.field(default=None, name="class")
    type: list[CodeableConcept] = []
    period: Period | None = None
    actualPeriod: Present | None = None  # R5


class Condition(Resource, tag="Condition", kw_only=True, gc=False):
    """A diagnosis or problem."""

    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    code: CodeableConcept | None = None
    onsetDateTime: str | None = None
    onsetPeriod: Period | None = None
    abatementDateTime: str | None = None
    abatementPeriod: Period | None = None
    recordedDate: str | None = None


class Reaction(Struct, gc=False):
    """What happened after the substance was taken."""

    manifestation: list[CodeableConcept] = []
    severity: str | None = None


class AllergyIntolerance(Resource, tag="AllergyIntolerance", kw_only=True, gc=False):
    """An allergy or intolerance."""

    verificationStatus: CodeableConcept | None = None
    code: CodeableConcept | None = None
    criticality: str | None = None
    reaction: list[Reaction] = []
    onsetDateTime: str | None = None
    onsetPeriod: Period | None = None
    recordedDate: str | None = None


class Valued(Resource, tag=False, tag_field=None, kw_only=True, gc=False):
    """What an Observation and each of its components say: a code and a ``value[x]``."""

    code: CodeableConcept | None = None
    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: Integer | None = None
    valueRange: Range | None = None
    valueRatio: Ratio | None = None
    valueSampledData: Present | None = None
    valueTime: str | None = None
    valueDateTime: str | None = None
    valuePeriod: Period | None = None
    dataAbsentReason: CodeableConcept | None = None


class Observation(Valued, tag="Observation", tag_field="resourceType", kw_only=True, gc=False):
    """A measurement, answer or finding."""

    status: str | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    effectiveInstant: str | None = None
    effectiveTiming: Timing | None = None
    issued: str | None = None
    component: list[Valued] = []


class Dosage(Struct, gc=False):
    """How a medicine is to be taken; we read its period."""

    timing: Timing | None = None


class Dose(Struct, gc=False):
    """What was given."""

    dose: Quantity | None = None


class Ingredient(Struct, gc=False):
    """One substance of a medicine."""

    itemCodeableConcept: CodeableConcept | None = None
    itemReference: Reference | None = None


class Medication(Resource, tag="Medication", kw_only=True, gc=False):
    """A medicine that others refer to."""

    code: CodeableConcept | None = None
    ingredient: list[Ingredient] = []


class Medicine(Resource, kw_only=True, gc=False):
    """What the four medication resources share."""

    status: str | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    medication: Present | None = None  # R5


class MedicationRequest(Medicine, tag="MedicationRequest", kw_only=True, gc=False):
    """An order."""

    intent: str | None = None
    doNotPerform: bool | None = None
    authoredOn: str | None = None
    dosageInstruction: list[Dosage] = []


class MedicationStatement(Medicine, tag="MedicationStatement", kw_only=True, gc=False):
    """What somebody says the patient takes."""

    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dateAsserted: str | None = None
    dosage: list[Dosage] = []


class MedicationAdministration(Medicine, tag="MedicationAdministration", kw_only=True, gc=False):
    """A dose that was given."""

    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dosage: Dose | None = None


class MedicationDispense(Medicine, tag="MedicationDispense", kw_only=True, gc=False):
    """A medicine handed over."""

    whenPrepared: str | None = None
    whenHandedOver: str | None = None
    dosageInstruction: list[Dosage] = []


class Procedure(Resource, tag="Procedure", kw_only=True, gc=False):
    """Something done to the patient."""

    status: str | None = None
    code: CodeableConcept | None = None
    performedDateTime: str | None = None
    performedPeriod: Period | None = None


class Immunization(Resource, tag="Immunization", kw_only=True, gc=False):
    """A vaccination."""

    status: str | None = None
    vaccineCode: CodeableConcept | None = None
    occurrenceDateTime: str | None = None
    recorded: str | None = None


class DiagnosticReport(Resource, tag="DiagnosticReport", kw_only=True, gc=False):
    """A report on tests or images."""

    status: str | None = None
    code: CodeableConcept | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    conclusionCode: list[CodeableConcept] = []


class FamilyCondition(Struct, gc=False):
    """A disease of a relative."""

    code: CodeableConcept | None = None
    onsetAge: Quantity | None = None


class FamilyMemberHistory(Resource, tag="FamilyMemberHistory", kw_only=True, gc=False):
    """Diseases of one relative."""

    status: str | None = None
    relationship: CodeableConcept | None = None
    date: str | None = None
    condition: list[FamilyCondition] = []


class Series(Struct, gc=False):
    """A series of images."""

    modality: Coding | None = None


class ImagingStudy(Resource, tag="ImagingStudy", kw_only=True, gc=False):
    """An imaging examination."""

    status: str | None = None
    started: str | None = None
    modality: list[Coding] = []
    series: list[Series] = []


class Request(Struct, gc=False):
    """What a Bundle entry asks the server to do."""

    method: str | None = None
    url: str | None = None


class Response(Struct, gc=False):
    """What the server answered to a Bundle entry."""

    lastModified: str | None = None


class Entry(Struct, gc=False):
    """One entry of a Bundle."""

    fullUrl: str | None = None
    resource: Raw = Raw()  # empty when absent (a union with None would not decode)
    request: Request | None = None
    response: Response | None = None


class Bundle(Struct, gc=False):
    """A collection of resources."""

    type: str | None = None
    timestamp: str | None = None
    entry: list[Entry] = []


Imported = (
    Patient
    | Encounter
    | Condition
    | AllergyIntolerance
    | Observation
    | MedicationRequest
    | MedicationStatement
    | MedicationAdministration
    | MedicationDispense
    | Procedure
    | Immunization
    | DiagnosticReport
    | FamilyMemberHistory
    | ImagingStudy
)
