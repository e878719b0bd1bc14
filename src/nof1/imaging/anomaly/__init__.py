"""Films that are unlike the site's normal films, found without labels; silent until proven."""
