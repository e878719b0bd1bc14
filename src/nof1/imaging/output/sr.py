"""Findings of one picture as a DICOM Structured Report: TID 1500, Measurement Report.

Each finding is one measurement group (TID 1501): what was asked as the finding's code; its number
as a measurement (probability, unit 1) with the interval as the measurement's upper and lower range
of uncertainty (TID 310) and again in words with its level; the model's name, version and content
hash as algorithm identification (TID 4019). A withheld answer is an explicit evaluation
"Probability: Not Evaluated" with its reason and what would resolve it. The observer is a device;
no person is named; the report is PRELIMINARY and UNVERIFIED, because nobody has checked it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from highdicom import sr
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom import Dataset
from pydicom.sr.coding import Code

from nof1 import __version__
from nof1.core.errors import InputError
from nof1.core.finding import NOTICE, Finding, Status, Value
from nof1.imaging.image import Image
from nof1.imaging.output import codes
from nof1.imaging.output.sources import Source, source_of
from nof1.imaging.output.written import (
    MAKER,
    Written,
    built,
    digest,
    equipment,
    finished,
    quiet,
    stamped,
)

CONTAINS = sr.RelationshipTypeValues.CONTAINS
LIBRARY_IMAGES = 8
DEVICE = "Software (nof1), not a person"
# What an entry of the image library needs (TID 1602 to 1604), with the count of its values.
CROSS_SECTION = {
    "PixelSpacing": 2,
    "SliceThickness": 1,
    "ImagePositionPatient": 3,
    "ImageOrientationPatient": 6,
}
PROJECTION = {"PatientOrientation": 2, "ImagerPixelSpacing": 2}
NEEDED = {
    **dict.fromkeys(("CT", "MR", "PT"), CROSS_SECTION),
    **dict.fromkeys(("CR", "DX", "IO", "MG", "PX", "RF", "RG", "XA"), PROJECTION),
}


@quiet()
def write_sr(
    image: Image,
    findings: Sequence[Finding],
    *,
    at: datetime,
    segmentations: Sequence[Dataset] = (),
    series_number: int = 9001,
) -> Written:
    """The report of one picture.

    Parameters
    ----------
    findings : about this picture: probabilities (unit "1"), volumes ("mL") or mean densities
        ("[hnsf'U]"), or withheld with a reason.
    at : the time of the report, with its zone.
    segmentations : SEG objects of the same study that the report refers to as evidence.

    Raises
    ------
    InputError : without findings, for a picture that is not from DICOM, for files that lack what
        is needed to file the report, or for a unit other than those above.
    """
    moment = stamped(at)
    if not findings:
        raise InputError("A report needs at least one finding, even a withheld one.")
    source = source_of(image)
    content = digest(msgspec.json.encode([one.to_dict() for one in findings])) + str(moment)
    uid = source.uid("SR", source.identity(), content)
    report = built(lambda: _report(source, findings, content))
    made = built(
        lambda: _document(source, report, segmentations, uid, series_number, moment, content)
    )
    return finished(made, moment, source.notes)


def _document(
    source: Source,
    report: sr.MeasurementReport,
    segmentations: Sequence[Dataset],
    uid: str,
    series_number: int,
    at: datetime,
    content: str,
) -> Dataset:
    return sr.ComprehensiveSR(
        evidence=[*source.datasets, *segmentations],
        content=report[0],
        series_instance_uid=source.uid("SR series", content),
        series_number=series_number,
        sop_instance_uid=uid,
        instance_number=1,
        is_complete=True,
        is_final=False,
        is_verified=False,
        coding_schemes=[own_scheme()],
        **equipment(at),
    )


def own_scheme() -> CodingSchemeIdentificationItem:
    """Says in the file what our private scheme is."""
    return CodingSchemeIdentificationItem(
        designator=codes.OWN, name="nof1 codes", version=__version__, responsible_organization=MAKER
    )


def _report(source: Source, findings: Sequence[Finding], content: str) -> sr.MeasurementReport:
    library = _in_library(source)
    # Images that the first group names stand for the groups that name none.
    named = [() if library else source.datasets] + [()] * len(findings)
    groups = [
        _group(source, finding, number, content, named[number - 1])
        for number, finding in enumerate(findings, 1)
    ]
    modality = str(source.first.get("Modality") or "")
    return sr.MeasurementReport(
        observation_context=_observer(source),
        procedure_reported=codes.PROCEDURES.get(modality, codes.OTHER_PROCEDURE),
        imaging_measurements=groups,
        referenced_images=source.datasets if library else None,
    )


def _observer(source: Source) -> sr.ObservationContext:
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=source.uid("device", __version__),
        name=DEVICE,
        manufacturer_name=MAKER,
        model_name=f"{MAKER} {__version__}",
    )
    kind = sr.CodedConcept("121007", "DCM", "Device")
    return sr.ObservationContext(
        observer_device_context=sr.ObserverContext(
            observer_type=kind, observer_identifying_attributes=device
        )
    )


def _in_library(source: Source) -> bool:
    """Whether each image says what an entry of the image library holds.

    Without it the first group names the source images itself; both are allowed (TID 1500, 1501).
    A long series takes that way: 200 slices in the library cost seconds and 0.8 MB.
    """
    if len(source.datasets) > LIBRARY_IMAGES:
        return False
    needed = NEEDED.get(str(source.first.get("Modality") or ""), {})
    return all(
        keyword in one and count == one[keyword].VM and one[keyword].value != ""
        for one in source.datasets
        for keyword, count in needed.items()
    )


def _group(
    source: Source, finding: Finding, number: int, content: str, images: Sequence[Dataset]
) -> sr.MeasurementsAndQualitativeEvaluations:
    made = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=source.uid("finding", source.identity(), content, str(number)),
            identifier=f"finding {number}",
        ),
        finding_type=codes.code(finding.what),
        algorithm_id=_algorithm(finding),
        measurements=[_measurement(finding.value)] if finding.value else None,
        qualitative_evaluations=_evaluations(finding),
        source_images=[
            sr.SourceImageForMeasurementGroup.from_source_image(image) for image in images
        ]
        or None,
    )
    for words in _comments(finding):
        made[0].ContentSequence.append(
            sr.TextContentItem(name=codes.COMMENT, value=words, relationship_type=CONTAINS)
        )
    return made


def _algorithm(finding: Finding) -> sr.AlgorithmIdentification:
    basis = finding.basis
    return sr.AlgorithmIdentification(
        name=basis.id,
        version=basis.version,
        parameters=[
            f"content hash (SHA-256): {basis.content_hash}",
            f"knowledge date: {basis.knowledge_date}",
            f"validated in: {basis.validated_in}",
        ],
        manufacturer=MAKER,
    )


def _measurement(value: Value) -> sr.Measurement:
    what = codes.quantity(value.unit)
    return sr.Measurement(
        name=what.name,
        value=value.amount,
        unit=what.unit,
        derivation=what.derivation,
        properties=_interval(value, what.unit),
    )


def _interval(value: Value, unit: Code) -> sr.MeasurementProperties:
    """How far the interval reaches above and below the value, in the value's own unit.

    ``MeasurementProperties`` writes both with unit 1; TID 310 takes the unit of the measurement.
    """
    properties = sr.MeasurementProperties(
        upper_measurement_uncertainty=round(value.interval.high - value.amount, 9),
        lower_measurement_uncertainty=round(value.amount - value.interval.low, 9),
    )
    for item in properties:
        item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence = [
            sr.CodedConcept.from_code(unit)
        ]
    return properties


def _evaluations(finding: Finding) -> list[sr.QualitativeEvaluation] | None:
    if finding.status not in (Status.WITHHELD, Status.NOT_CHECKED):
        return None
    return [sr.QualitativeEvaluation(name=codes.PROBABILITY, value=codes.NOT_EVALUATED)]


def _comments(finding: Finding) -> list[str]:
    """The words of a group, most important first."""
    words: list[Any] = []
    if finding.status in (Status.WITHHELD, Status.NOT_CHECKED):
        words += [f"Not answered: {finding.reason}", f"What would resolve it: {finding.resolve}"]
    elif finding.reason:
        words.append(finding.reason)
    if finding.value:
        interval, unit = finding.value.interval, finding.value.unit
        suffix = "" if unit == "1" else f" {unit}"
        span = f"{interval.low:.4g} to {interval.high:.4g}{suffix}"
        # The range of a volume is the resolution of the grid, which no level belongs to.
        level = f"{interval.level * 100:g} % interval" if unit == "1" else "Range"
        words.append(f"{level}: {span}")
    words += [*finding.notes]
    words += ["SYNTHETIC data: not a real patient."] if finding.synthetic else []
    return [*words, NOTICE]
