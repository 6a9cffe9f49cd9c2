"""What programs ask of the portal, under /api: JSON in and out, no cookie, no page ([ADR 32](docs/adr))."""
