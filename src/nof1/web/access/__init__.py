"""Who may see and do what in ``nof1 serve``: accounts, roles, scopes, sessions, hospital sign-in.

Deny by default. A route that declares no scope is refused (``guard``), a kind or an action that is
not known is refused (``principal``), a person without a role does not come in (``accounts``,
``oidc``). Everything lies in one SQLite file of the workspace, ``service/access.db``; every
secret in it is hashed.
"""
