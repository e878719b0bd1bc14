"""Web surfaces: the only room that knows a web framework (extra ``service``)."""
