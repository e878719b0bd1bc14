"""Sign-in with the hospital's own accounts: OpenID Connect, authorization code flow with PKCE.

Reference: OpenID Connect Core 1.0; RFC 6749, 7636 (PKCE), 8725 (JWT), 9207 (iss), 9700 (OAuth).
"""
