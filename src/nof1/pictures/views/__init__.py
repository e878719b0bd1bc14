"""One module per page: ``context(data)`` turns its JSON into what the template shows."""
