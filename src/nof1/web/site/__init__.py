"""The pages of ``nof1 serve``: one module a room, each with ``add(app, house)``.

The shell is ``house`` (what pages share), ``page`` (how one is shown), ``static`` (scripts and
looks), ``menu`` and ``errors``; ``rooms`` names the rest.
"""
