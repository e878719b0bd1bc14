"""The ledger: every question to the advice service and every answer, kept so that it can be proved.

Reached through ``nof1.advice.ledger.store.open_ledger``; needs the extra ``service``.
"""
