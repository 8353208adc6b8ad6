"""Alembic's way into the database."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool

from web.db import Base
from web.models import User

assert User.metadata is Base.metadata  # importing the models fills the metadata


def run_migrations() -> None:
    """Bring the database that the configuration names to the asked revision."""
    engine = create_engine(
        context.config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run_migrations()
