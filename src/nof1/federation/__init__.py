"""Learning across hospitals: sites add vectors under masks; no row and no site's sum is seen."""
