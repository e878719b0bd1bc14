"""Opening pictures that strangers wrote (DICOM, NIfTI, PNG, JPEG), in a guarded process."""
