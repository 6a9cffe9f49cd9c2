"""Alembic's environment: migrations run on the connection that `portal.schema` hands over."""

from alembic import context

from portal.data.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
context.run_migrations()
