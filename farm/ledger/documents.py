"""The small shared store of JSON documents, one namespace per plugin.

Invariant: what a task wrote becomes visible in the transaction that accepts its result, so an attempt
that failed or was fenced leaves nothing behind.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, delete, select

from farm.ledger.database import Database
from farm.ledger.records import DocumentPut
from farm.ledger.schema import documents


class Documents:
    """Plugins' documents, outside of any task."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, plugin: str, collection: str, key: str) -> Any | None:
        """A document, or ``None``."""
        with self.database.read() as connection:
            return connection.execute(
                select(documents.c.document).where(
                    documents.c.plugin == plugin,
                    documents.c.collection == collection,
                    documents.c.key == key,
                )
            ).scalar_one_or_none()

    def keys(self, plugin: str, collection: str) -> list[str]:
        """Keys of a collection, sorted."""
        with self.database.read() as connection:
            found = connection.execute(
                select(documents.c.key)
                .where(documents.c.plugin == plugin, documents.c.collection == collection)
                .order_by(documents.c.key)
            )
            return list(found.scalars())

    def put(self, plugin: str, collection: str, key: str, document: Any) -> None:
        """Write a document at once, or remove it when it is ``None``."""
        put = DocumentPut(plugin, collection, key, document)
        now_s = self.database.clock()
        self.database.write(lambda connection: put_document(self.database, connection, put, now_s))


def put_document(
    database: Database, connection: Connection, put: DocumentPut, now_s: float
) -> None:
    """Write a document, or remove it when it is ``None``."""
    where = and_(
        documents.c.plugin == put.plugin,
        documents.c.collection == put.collection,
        documents.c.key == put.key,
    )
    if put.document is None:
        connection.execute(delete(documents).where(where))
        return
    statement = database.insert(documents).values(
        plugin=put.plugin,
        collection=put.collection,
        key=put.key,
        document=put.document,
        updated_at=now_s,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["plugin", "collection", "key"],
            set_={
                "document": statement.excluded.document,
                "updated_at": statement.excluded.updated_at,
            },
        )
    )
