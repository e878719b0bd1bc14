"""Synthetic patients with a canary in every place where an identifier can stand.

A canary is a text that exists nowhere else, so finding it in an output proves a leak. Nothing here
is a real person.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from io import BytesIO
from typing import Any

Node = dict[str, Any]
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"


@dataclass
class Canaries:
    """The canaries of one patient, made on demand and remembered."""

    number: int
    made: set[str] = field(default_factory=set)

    def word(self, place: str, upper: bool = False) -> str:
        """Twelve letters that no dictionary and no pseudonym holds (they start with Q or q)."""
        digest = hashlib.sha256(f"{self.number}/{place}".encode()).digest()
        text = "Q" + "".join(chr(ord("k") + byte % 16) for byte in digest[:11])
        text = text.upper() if upper else text
        self.made.add(text)
        return text

    def digits(self, place: str, size: int = 9) -> str:
        """A number that does not start with zero."""
        digest = hashlib.sha256(f"{self.number}/{place}".encode()).hexdigest()
        text = "7" + str(int(digest, 16))[: size - 1]
        self.made.add(text)
        return text

    def birth(self) -> date:
        """A day between 1940 and 1989."""
        return date(1940, 1, 1) + timedelta(days=int(self.number * 37 % 18_000))


_WORD = re.compile(r"(?=(q[k-z]{11}))")
_DIGITS = re.compile(r"\d{5,}")


def left(content: bytes | str, canaries: set[str]) -> list[str]:
    """Canaries that stand in a content, in any case, plain or in base64; numbers as whole runs."""
    text = content if isinstance(content, str) else content.decode("latin-1")
    found = set(_WORD.findall(text.lower())) | set(_DIGITS.findall(text))
    known = {canary.lower(): canary for canary in canaries}
    hits = {known[one] for one in found if one in known}
    for blob in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text):
        whole = blob.rstrip("=")
        whole = whole[: len(whole) - (len(whole) % 4 == 1)]
        coded = whole + "=" * (-len(whole) % 4)
        plain = base64.b64decode(coded).decode("latin-1").lower()
        hits |= {known[one] for one in _WORD.findall(plain) if one in known}
    return sorted(hits)


def _everywhere(node: Node, canaries: Canaries, place: str) -> Node:
    """Narrative, extensions, unknown elements and a local id, as any resource can have them."""
    word = canaries.word
    node["text"] = {"status": "generated", "div": f"<div>{word(place + ' narrative')}</div>"}
    node["extension"] = [
        {"url": f"http://{word(place + ' url')}.example/x", "valueString": word(place + " ext")}
    ]
    node["modifierExtension"] = [{"url": "http://x.example/y", "valueString": word(place + " mod")}]
    node["implicitRules"] = f"http://x.example/{word(place + ' rules')}"
    node["language"] = "en"
    node["_language"] = {"extension": [{"url": "x", "valueString": word(place + " primitive")}]}
    node[word(place + " name")] = word(place + " unknown")
    node["meta"] = {
        "source": f"urn:{word(place + ' source')}",
        "versionId": word(place + " version"),
        "tag": [
            {"system": f"http://{word('tag')}", "code": word("tag code"), "display": word("t")}
        ],
    }
    return node


def _coded(canaries: Canaries, place: str, code: str, system: str = LOINC) -> Node:
    word = canaries.word
    local = {"system": f"http://{word(place)}.example", "code": word(place + " code")}
    public = {"system": system, "code": code, "display": word(place + " display")}
    return {"coding": [public, local], "text": word(place + " text")}


def fhir_bundle(number: int) -> tuple[Node, Canaries]:
    """A Bundle of one patient's resources and its canaries."""
    canaries = Canaries(number)
    word, digits = canaries.word, canaries.digits
    key = word("patient id")
    entries = [_patient(canaries, key), *_others(canaries), *_clinical(canaries, key)]
    bundle = {
        "resourceType": "Bundle",
        "id": word("bundle id"),
        "type": "collection",
        "identifier": {"system": "http://x", "value": digits("bundle")},
        "link": [{"relation": "self", "url": f"http://{word('link')}.example"}],
        "signature": {"data": base64.b64encode(word("signature").encode()).decode()},
        "entry": [
            {
                "fullUrl": f"http://{word('server')}.example/fhir/{e['resourceType']}/{e['id']}",
                "resource": e,
                "request": {
                    "method": "PUT",
                    "url": f"{e['resourceType']}/{e['id']}",
                    "ifNoneExist": f"identifier={word('condition')}",
                },
                "search": {"mode": word("search")},
            }
            for e in entries
        ],
    }
    return bundle, canaries


def _patient(canaries: Canaries, key: str) -> Node:
    word, digits = canaries.word, canaries.digits
    mr = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
    node = {
        "resourceType": "Patient",
        "id": key,
        "identifier": [
            {"type": mr, "system": f"http://{word('mrn system')}", "value": digits("mrn", 8)},
            {"system": "http://hl7.org/fhir/sid/us-ssn", "value": digits("ssn")},
            {"type": {"text": word("dl type")}, "value": "DL-" + digits("licence", 7)},
        ],
        "name": [
            {
                "family": word("family"),
                "given": [word("given"), word("middle")],
                "text": word("nm"),
            },
            {"use": "maiden", "family": word("maiden")},
        ],
        "telecom": [
            {"system": "phone", "value": "555-" + digits("phone", 7)},
            {"system": "email", "value": f"{word('mail')}@{word('host')}.example"},
            {"system": "url", "value": f"https://{word('site')}.example"},
            {"system": "fax", "value": digits("fax", 10)},
        ],
        "gender": "female",
        "birthDate": canaries.birth().isoformat(),
        "address": [
            {
                "line": [f"{digits('house', 5)} {word('street')} Street"],
                "text": word("address text"),
                "city": word("city"),
                "district": word("county"),
                "state": "MA",
                "postalCode": digits("zip", 5),
                "country": "US",
            }
        ],
        "photo": [{"data": base64.b64encode(word("photo").encode()).decode()}],
        "contact": [
            {
                "name": {"family": word("contact"), "given": [word("contact given")]},
                "telecom": [{"value": digits("contact phone", 10)}],
                "address": {"line": [word("contact street")]},
            }
        ],
        "generalPractitioner": [
            {"reference": f"Practitioner/{word('gp')}", "display": word("gp name")}
        ],
        "managingOrganization": {"display": word("organisation")},
        "communication": [{"language": _coded(canaries, "language", "en", "urn:ietf:bcp:47")}],
    }
    return _everywhere(node, canaries, "Patient")


def _others(canaries: Canaries) -> list[Node]:
    """Staff, relatives, cover, devices, documents."""
    word, digits = canaries.word, canaries.digits
    data = base64.b64encode(f"{word('family')} {word('pdf')}".encode()).decode()
    patient = {"reference": f"Patient/{word('patient id')}", "display": word("subject")}
    name = [{"family": word("doctor"), "given": [word("doctor given")]}]
    nodes = [
        {"resourceType": "Practitioner", "id": word("gp"), "name": name},
        {"resourceType": "RelatedPerson", "id": word("rp"), "patient": patient, "name": name},
        {"resourceType": "Organization", "id": word("org"), "name": word("org name")},
        {"resourceType": "Location", "id": word("loc"), "name": word("ward"),
         "description": word("place")},
        {"resourceType": "Coverage", "id": word("cov"), "beneficiary": patient,
         "subscriberId": digits("plan")},
        {"resourceType": "Device", "id": word("dev"), "patient": patient,
         "serialNumber": digits("serial"), "lotNumber": word("lot"),
         "udiCarrier": [{"deviceIdentifier": digits("udi", 14), "carrierHRF": word("hrf")}]},
        {"resourceType": "Binary", "id": word("bin"), "data": data},
        {"resourceType": "DocumentReference", "id": word("doc"), "status": "current",
         "subject": patient, "description": word("doc text"), "date": "2020-02-03T10:00:00Z",
         "content": [{"attachment": {"data": data, "title": word("title"), "url": word("att")}}]},
    ]  # fmt: skip
    return [_everywhere(node, canaries, node["resourceType"]) for node in nodes]


def _clinical(canaries: Canaries, key: str) -> list[Node]:
    word, digits = canaries.word, canaries.digits
    subject = {
        "reference": f"Patient/{key}",
        "display": word("subject"),
        "identifier": {"value": digits("mrn", 8)},
    }
    note = [{"text": f"{word('given')} {word('note')} called 555-{digits('phone', 7)}",
             "authorString": word("author"), "time": "2020-02-01"}]  # fmt: skip
    day = "2020-02-01"
    nodes: list[Node] = [
        {"resourceType": "Encounter", "id": word("enc"), "status": "finished", "subject": subject,
         "identifier": [{"value": digits("visit")}], "period": {"start": day, "end": day},
         "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
         "participant": [{"individual": {"reference": f"Practitioner/{word('gp')}",
                                         "display": word("doctor")}}],
         "reasonCode": [_coded(canaries, "reason", "123", SNOMED)]},
        {"resourceType": "Condition", "id": word("con"), "subject": subject, "note": note,
         "code": _coded(canaries, "condition", "44054006", SNOMED), "onsetDateTime": day,
         "recorder": {"reference": f"Practitioner/{word('gp')}"}, "onsetString": word("onset")},
        {"resourceType": "Observation", "id": word("obs"), "status": "final", "subject": subject,
         "code": _coded(canaries, "observation", "2345-7"), "effectiveDateTime": day + "T08:00:00Z",
         "valueQuantity": {"value": 5.5, "unit": word("unit"), "code": "mmol/L",
                           "system": "http://unitsofmeasure.org"},
         "note": note, "referenceRange": [{"text": word("range")}],
         "component": [{"code": _coded(canaries, "component", "8480-6"),
                        "valueString": word("component value")}],
         "contained": [{"resourceType": "Patient", "id": word("contained"),
                        "name": [{"family": word("contained name")}]}]},
        {"resourceType": "Observation", "id": word("obs2"), "status": "final", "subject": subject,
         "code": _coded(canaries, "observation", "2345-7"), "valueString": word("value")},
        {"resourceType": "MedicationRequest", "id": word("med"), "status": "active",
         "intent": "order", "subject": subject, "authoredOn": day, "note": note,
         "medicationCodeableConcept": _coded(canaries, "medicine", "860975"),
         "dosageInstruction": [{"text": word("dosage"), "patientInstruction": word("instruct")}]},
        {"resourceType": "DiagnosticReport", "id": word("rep"), "status": "final",
         "subject": subject, "code": _coded(canaries, "report", "58410-2"),
         "conclusion": f"Mrs {word('family')} has {word('conclusion')}",
         "presentedForm": [{"data": base64.b64encode(word("form").encode()).decode()}]},
        {"resourceType": "ImagingStudy", "id": word("img"), "status": "available",
         "subject": subject, "identifier": [{"system": "urn:dicom:uid",
                                             "value": "urn:oid:1.2.826." + digits("study", 9)}],
         "description": word("study"), "series": [{"uid": "1.2.826." + digits("series", 9),
         "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"},
         "description": word("series text")}]},
        {"resourceType": "AllergyIntolerance", "id": word("all"), "patient": subject, "note": note,
         "code": _coded(canaries, "allergy", "1191"),
         "reaction": [{"description": word("reaction")}]},
        {"resourceType": "Procedure", "id": word("pro"), "status": "completed", "subject": subject,
         "code": _coded(canaries, "procedure", "80146002", SNOMED), "note": note,
         "performedDateTime": day},
    ]  # fmt: skip
    return [_everywhere(node, canaries, node["resourceType"]) for node in nodes]


UNLISTED_EACH = 6  # elements outside the table, for each value representation


def dicom_file(number: int, table: dict[int, Any], share: int = 1) -> tuple[bytes, Canaries]:
    """A CT slice with a canary in every element of the table, in each VR, and around them.

    With a ``share`` of n each file holds every nth of these elements, n files hold all.
    """
    import pydicom
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    canaries = Canaries(number)
    dataset = pydicom.Dataset()
    _fill(dataset, canaries, table, "top", share)
    inner = pydicom.Dataset()
    _fill(inner, canaries, table, "inner", share)
    deeper = pydicom.Dataset()
    _fill(deeper, canaries, table, "deeper", share)
    inner.ContentSequence = [deeper]
    for item in (inner, deeper):
        item.pop(0x00080005, None)
    dataset.SharedFunctionalGroupsSequence = [inner]  # a sequence that no row removes
    inner.FrameAnatomySequence = [deeper]
    dataset.SOPClassUID, dataset.Modality = CTImageStorage, "CT"
    dataset.ImageType, dataset.BurnedInAnnotation = ["ORIGINAL", "PRIMARY", "AXIAL"], "NO"
    dataset.RecognizableVisualFeatures = "NO"
    for name in ("ConversionType", "EncapsulatedDocument", "SpecificCharacterSet"):
        if name in dataset:
            delattr(dataset, name)
    dataset.PatientName = f"{canaries.word('last', True)}^{canaries.word('first', True)}"
    dataset.PatientID = canaries.digits("mrn", 8)
    dataset.PatientBirthDate = canaries.birth().strftime("%Y%m%d")
    dataset.PatientAge, dataset.PatientSex, dataset.StudyDate = "055Y", "F", "20200201"
    dataset.SOPInstanceUID = "1.2.826.0.1." + canaries.digits("sop", 9)
    dataset.Rows = dataset.Columns = 8
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.PixelData = bytes(128)
    _around(dataset, canaries)
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.SourceApplicationEntityTitle = canaries.word("title", True)[:16]
    meta.ImplementationVersionName = canaries.word("version", True)[:16]
    meta.PrivateInformationCreatorUID = "1.2.826." + canaries.digits("creator")
    meta.PrivateInformation = canaries.word("private info").encode()
    dataset.file_meta = meta
    dataset.preamble = canaries.word("preamble").encode().ljust(128, b"\0")
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue(), canaries


def _around(dataset: Any, canaries: Canaries) -> None:
    """Private elements, an overlay, a curve and bytes at the end."""
    block = dataset.private_block(0x0009, canaries.word("creator"), create=True)
    block.add_new(0x01, "LO", canaries.word("private"))
    block.add_new(0x02, "UN", canaries.word("private bytes").encode().ljust(14))
    dataset.add_new(0x60000022, "LO", canaries.word("overlay name"))
    dataset.add_new(0x60003000, "OW", canaries.word("overlay").encode().ljust(14))
    dataset.add_new(0x60001500, "LO", canaries.word("overlay label"))
    dataset.add_new(0x50003000, "OW", canaries.word("curve").encode().ljust(14))
    dataset.add_new(0xFFFCFFFC, "OB", canaries.word("padding").encode().ljust(14))


def _fill(dataset: Any, canaries: Canaries, table: dict[int, Any], place: str, share: int) -> None:
    for tag, vr in _plan(tuple(table))[canaries.number % share :: share]:
        value = _value(canaries, vr, f"{place} {tag:08x}")
        if value is not None:
            dataset.add_new(tag, vr, value)


@cache
def _plan(listed: tuple[int, ...]) -> tuple[tuple[int, str], ...]:
    """Tags and VRs: all of the table, and a few outside it for each VR."""
    from pydicom.datadict import DicomDictionary, dictionary_has_tag, dictionary_VR

    each: dict[str, int] = {}
    chosen = []
    for tag in sorted({*listed, *DicomDictionary}):
        if tag >> 16 in (0, 2, 4) or not dictionary_has_tag(tag) or tag >= 0x7FE00000:
            continue
        vr = dictionary_VR(tag).split(" or ")[0]
        each[vr] = each.get(vr, 0) + (tag not in listed)
        if tag in listed or each[vr] <= UNLISTED_EACH:
            chosen.append((tag, vr))
    return tuple(chosen)


def _value(canaries: Canaries, vr: str, place: str) -> Any:
    """A canary in the form of a VR; None for those that hold small numbers or items."""
    word = canaries.word
    if vr in ("LO", "SH", "LT", "ST", "UT", "UC", "AE", "PN"):
        return word(place)
    if vr == "CS":
        return word(place, True)
    if vr in ("IS", "DS"):
        return canaries.digits(place)
    if vr == "UI":
        return "1.2.826.0.1." + canaries.digits(place)
    if vr == "UR":
        return f"http://{word(place)}.example"
    if vr in ("OB", "UN", "OW", "OF", "OD", "OL", "OV"):
        return word(place).encode().ljust(16)
    if vr in ("UL", "SL", "UV", "SV"):
        return int(canaries.digits(place))
    return {"DA": "20200201", "DT": "20200201101500", "TM": "101500", "AS": "093Y"}.get(vr)
