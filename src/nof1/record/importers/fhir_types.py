"""The parts of FHIR R4 resources that we read, as narrow msgspec structs.

Unknown elements are skipped while decoding, which makes this many times faster than a full model;
elements of another shape than R4's are refused with their place. Of a key that occurs twice in one
object the last one counts. Field names are FHIR's own.

Reference: FHIR R4 (4.0.1), https://hl7.org/fhir/R4/resourcelist.html.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct


class Coding(Struct, gc=False):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Struct, gc=False):
    coding: list[Coding] = []
    text: str | None = None


class Identifier(Struct, gc=False):
    system: str | None = None
    value: str | None = None


class Reference(Struct, gc=False):
    reference: str | None = None
    identifier: Identifier | None = None
    type: str | None = None


class Period(Struct, gc=False):
    start: str | None = None
    end: str | None = None


class Quantity(Struct, gc=False):
    value: float | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(Struct, gc=False):
    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Struct, gc=False):
    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Extension(Struct, gc=False):
    url: str | None = None
    extension: list[Extension] = []
    valueCode: str | None = None
    valueString: str | None = None
    valueCoding: Coding | None = None


class Meta(Struct, gc=False):
    versionId: str | None = None
    lastUpdated: str | None = None


class Head(Struct, gc=False):
    """What every resource has."""

    resourceType: str
    id: str | None = None
    meta: Meta | None = None


class Resource(Struct, tag_field="resourceType", kw_only=True, gc=False):
    id: str | None = None
    meta: Meta | None = None
    implicitRules: str | None = None
    modifierExtension: list[Raw] = []
    contained: list[Raw] = []
    subject: Reference | None = None
    patient: Reference | None = None


class Address(Struct, gc=False):
    use: str | None = None
    type: str | None = None
    district: str | None = None
    state: str | None = None
    postalCode: str | None = None
    country: str | None = None
    period: Period | None = None


class PatientLink(Struct, gc=False):
    type: str | None = None


class Patient(Resource, tag="Patient", kw_only=True, gc=False):
    identifier: list[Identifier] = []
    gender: str | None = None
    birthDate: str | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: str | None = None
    address: list[Address] = []
    extension: list[Extension] = []
    link: list[PatientLink] = []


class Encounter(Resource, tag="Encounter", kw_only=True, gc=False):
    status: str | None = None
    class_: Coding | None = msgspec.field(default=None, name="class")
    type: list[CodeableConcept] = []
    period: Period | None = None
    actualPeriod: Raw | None = None  # R5


class Condition(Resource, tag="Condition", kw_only=True, gc=False):
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    code: CodeableConcept | None = None
    onsetDateTime: str | None = None
    onsetPeriod: Period | None = None
    abatementDateTime: str | None = None
    abatementPeriod: Period | None = None
    recordedDate: str | None = None


class AllergyIntolerance(Resource, tag="AllergyIntolerance", kw_only=True, gc=False):
    verificationStatus: CodeableConcept | None = None
    code: CodeableConcept | None = None
    criticality: str | None = None
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
    valueInteger: int | None = None
    valueRange: Range | None = None
    valueRatio: Ratio | None = None
    valueSampledData: Raw | None = None
    valueTime: str | None = None
    valueDateTime: str | None = None
    valuePeriod: Period | None = None
    dataAbsentReason: CodeableConcept | None = None


class Timing(Struct, gc=False):
    event: list[str] = []
    repeat: Repeat | None = None


class Repeat(Struct, gc=False):
    boundsPeriod: Period | None = None


class Observation(Valued, tag="Observation", tag_field="resourceType", kw_only=True, gc=False):
    status: str | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    effectiveInstant: str | None = None
    effectiveTiming: Timing | None = None
    issued: str | None = None
    component: list[Valued] = []


class Dosage(Struct, gc=False):
    timing: Timing | None = None


class Dose(Struct, gc=False):
    dose: Quantity | None = None


class Ingredient(Struct, gc=False):
    itemCodeableConcept: CodeableConcept | None = None
    itemReference: Reference | None = None


class Medication(Resource, tag="Medication", kw_only=True, gc=False):
    code: CodeableConcept | None = None
    ingredient: list[Ingredient] = []


class Medicine(Resource, kw_only=True, gc=False):
    """What the four medication resources share."""

    status: str | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    medication: Raw | None = None  # R5


class MedicationRequest(Medicine, tag="MedicationRequest", kw_only=True, gc=False):
    intent: str | None = None
    doNotPerform: bool | None = None
    authoredOn: str | None = None
    dosageInstruction: list[Dosage] = []


class MedicationStatement(Medicine, tag="MedicationStatement", kw_only=True, gc=False):
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dateAsserted: str | None = None
    dosage: list[Dosage] = []


class MedicationAdministration(Medicine, tag="MedicationAdministration", kw_only=True, gc=False):
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dosage: Dose | None = None


class MedicationDispense(Medicine, tag="MedicationDispense", kw_only=True, gc=False):
    whenPrepared: str | None = None
    whenHandedOver: str | None = None
    dosageInstruction: list[Dosage] = []


class Procedure(Resource, tag="Procedure", kw_only=True, gc=False):
    status: str | None = None
    code: CodeableConcept | None = None
    performedDateTime: str | None = None
    performedPeriod: Period | None = None


class Immunization(Resource, tag="Immunization", kw_only=True, gc=False):
    status: str | None = None
    vaccineCode: CodeableConcept | None = None
    occurrenceDateTime: str | None = None
    recorded: str | None = None


class DiagnosticReport(Resource, tag="DiagnosticReport", kw_only=True, gc=False):
    status: str | None = None
    code: CodeableConcept | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    conclusionCode: list[CodeableConcept] = []


class FamilyCondition(Struct, gc=False):
    code: CodeableConcept | None = None
    onsetAge: Quantity | None = None


class FamilyMemberHistory(Resource, tag="FamilyMemberHistory", kw_only=True, gc=False):
    status: str | None = None
    relationship: CodeableConcept | None = None
    date: str | None = None
    condition: list[FamilyCondition] = []


class Series(Struct, gc=False):
    modality: Coding | None = None


class ImagingStudy(Resource, tag="ImagingStudy", kw_only=True, gc=False):
    status: str | None = None
    started: str | None = None
    modality: list[Coding] = []
    series: list[Series] = []


class Request(Struct, gc=False):
    method: str | None = None
    url: str | None = None


class Response(Struct, gc=False):
    lastModified: str | None = None


class Entry(Struct, gc=False):
    fullUrl: str | None = None
    resource: Raw | None = None
    request: Request | None = None
    response: Response | None = None


class Bundle(Struct, gc=False):
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
