"""De-identification: FHIR, DICOM, OMOP, tables and text without the 18 Safe Harbor identifiers.

Source: 45 CFR 164.514(b)(2) (Safe Harbor); DICOM PS3.15 annex E. Research and education use.
"""
