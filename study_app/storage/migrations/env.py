"""Runs the migrations over the connection that `study_app.storage.database` has opened, in its transaction."""

from alembic import context

from study_app.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
