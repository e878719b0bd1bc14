"""Encryption at rest: a workspace as encrypted files that only named keys open.

``stream`` is the form of one file, ``head`` and ``manifest`` say what belongs together, ``vault``
reads and writes a sealed folder, ``folder`` seals and unseals, ``session`` opens one in memory.
The page ``docs/encryption-at-rest.md`` gives the format byte by byte, and what it does not protect.
"""
