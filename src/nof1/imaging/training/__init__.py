"""Training networks on a site's own pictures, and saying honestly how good they are."""
