"""How the store's schema came to be, one numbered step a file (Alembic)."""
