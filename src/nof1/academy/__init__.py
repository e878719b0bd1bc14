"""The academy: readers learn, on invented patients, when to trust a card and when to check it."""
