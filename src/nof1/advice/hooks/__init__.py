"""The advice room as CDS Hooks services: bytes in, status and bytes out, no web framework here."""
