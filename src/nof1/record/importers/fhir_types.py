"""The parts of FHIR R4 resources that we read, as narrow msgspec structs.

Unknown elements are skipped while decoding, which makes this many times faster than a full model;
elements of another shape than R4's are refused with their place. Of a key that occurs twice in one
object the last one counts. Field names are FHIR's own.

Reference: FHIR R4 (4.0.1), https://hl7.org/fhir/R4/resourcelist.html.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Raw, Struct

Integer = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class Present(Struct, gc=False):
    """An object of which we only need to know that it is there."""


class Coding(Struct, gc=False):
    """A code of one vocabulary."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Struct, gc=False):
    """A concept: one or several codings, a text, or both."""

    coding: list[Coding] = []
    text: str | None = None


class Identifier(Struct, gc=False):
    """A business identifier, such as a record number."""

    system: str | None = None
    value: str | None = None


class Reference(Struct, gc=False):
    """A reference to another resource."""

    reference: str | None = None
    identifier: Identifier | None = None
    type: str | None = None


class Period(Struct, gc=False):
    """A span between two dates, either of which may be absent."""

    start: str | None = None
    end: str | None = None


class Quantity(Struct, gc=False):
    """A number with a unit."""

    value: float | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(Struct, gc=False):
    """A low and a high quantity."""

    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Struct, gc=False):
    """Two quantities, as in a titre."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Extension(Struct, gc=False):
    """An additional element; we read those of Patient."""

    url: str | None = None
    extension: list[Extension] = []
    valueCode: str | None = None
    valueString: str | None = None
    valueCoding: Coding | None = None


class Meta(Struct, gc=False):
    """Version and moment of the last change on the server."""

    versionId: str | None = None
    lastUpdated: str | None = None


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


class Address(Struct, gc=False):
    """Where a patient lives, without street."""

    use: str | None = None
    type: str | None = None
    district: str | None = None
    state: str | None = None
    postalCode: str | None = None
    country: str | None = None
    period: Period | None = None


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


class AllergyIntolerance(Resource, tag="AllergyIntolerance", kw_only=True, gc=False):
    """An allergy or intolerance."""

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
    valueInteger: Integer | None = None
    valueRange: Range | None = None
    valueRatio: Ratio | None = None
    valueSampledData: Present | None = None
    valueTime: str | None = None
    valueDateTime: str | None = None
    valuePeriod: Period | None = None
    dataAbsentReason: CodeableConcept | None = None


class Timing(Struct, gc=False):
    """When something happens repeatedly."""

    event: list[str] = []
    repeat: Repeat | None = None


class Repeat(Struct, gc=False):
    """The bounds of a repetition."""

    boundsPeriod: Period | None = None


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
