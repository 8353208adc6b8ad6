"""`autograder init`: the database and the first admin."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

from web.config import Settings
from web.db import Database, open_database
from web.models import User
from web.services.people import accounts
from web.services.people.names import LONGEST_NAME, clean_text, is_address, normalised


def migrate(settings: Settings) -> None:
    """Bring the database to the present schema."""
    upgrade(settings.database_url)


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring a database forward to a revision of the schema."""
    config = migrations()
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    command.upgrade(config, revision)


def migrations() -> Config:
    """Return Alembic's configuration: where the migrations are."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def init(email: str | None, name: str, *, new_link: bool = False) -> int:
    """
    Make the database and the first admin; prints the link by which they set a password.

    Args:
        email: The admin's address; asked for if it is ``None``.
        name: What they are called.
        new_link: Whether who has an account already gets another link: nobody else can help an
            admin who has forgotten the password.
    """
    settings = Settings.from_environment()
    migrate(settings)
    address = email or input("E-mail address of the first admin: ")
    database = open_database(settings.database_url)
    token = make_admin(database, address, name, new_link=new_link)
    database.engine.dispose()
    if token is None:
        print(f"{address} already has an account. Use --new-link to create another link.")
        return 0
    print(
        f"The database is in {settings.data}. Start the portal with `autograder serve`, then open"
    )
    print(f"    {settings.public_url}/invitation/{token}")
    place = "" if settings.public_url else "on it "
    print(f"{place}to set the admin's password. The link is valid for 14 days.")
    return 0


def make_admin(database: Database, email: str, name: str, *, new_link: bool = False) -> str | None:
    """
    Make an admin's account; returns the invitation's token, ``None`` if there is nothing to do.

    An account that has a password, too, gets a token with ``new_link``; it becomes no admin's.
    """
    with database.write.begin() as session:
        address = normalised(email)
        if not is_address(address):
            sys.exit("autograder: enter a valid e-mail address, such as ada@example.org")
        known = session.query(User).filter_by(email=address).one_or_none()
        if known is not None and known.password_hash is not None and not new_link:
            return None
        name = clean_text(name)[:LONGEST_NAME] or address.partition("@")[0]
        user = known or User(email=address, name=name, is_admin=True)
        session.add(user)
        session.flush()
        return accounts.invite(session, user, None)
