"""Answers as DICOM objects (SR, SEG) that file into the patient's study, and masks as NIfTI."""
