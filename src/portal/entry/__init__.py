"""How people come in: signing up, passwords, second factors, passkeys, and proving again who one is."""
