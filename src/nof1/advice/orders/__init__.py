"""Draft orders checked before they are signed: what speaks against them, what was not checked."""
