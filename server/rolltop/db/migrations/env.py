"""Run by Alembic: upgrades on the connection that `rolltop.db.database` hands over, in its one transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
