"""The same events twice: in the embedded event store, and in a DuckDB file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from batch_exports.domain.exports import Model
from batch_exports.domain.selections import Selection
from batch_exports.sources.event_store import EventStore

DAY = datetime(2025, 6, 1, tzinfo=UTC)
SELECTION = Selection(project_id=1, model=Model.EVENTS, start=DAY, end=DAY + timedelta(days=1))
BLOCK_ROWS = 250_000

# Texts as trackers send them: about 1,250 bytes a line, most values repeated, some unique, 2 in 100 events long.
_ROWS = """
SELECT
    1::BIGINT AS project_id,
    (substr(m, 1, 8) || '-' || substr(m, 9, 4) || '-7' || substr(m, 14, 3) || '-8' || substr(m, 18, 3) || '-'
        || substr(m, 21, 12))::UUID AS uuid,
    ['$pageview', '$autocapture', '$pageleave', 'signed up', 'paid'][(h % 5 + 1)::INT] AS event,
    'user-' || (h % 40000) AS distinct_id,
    md5((h % 40000)::VARCHAR)::UUID AS person_id,
    '{"$os":"' || ['Mac OS X', 'Windows', 'Linux', 'Android', 'iOS'][(h // 7 % 5 + 1)::INT]
        || '","$browser":"' || ['Chrome', 'Safari', 'Firefox'][(h // 11 % 3 + 1)::INT]
        || '","$browser_version":' || (h // 13 % 60 + 80)
        || ',"$current_url":"https://app.example.com/projects/' || (h // 17 % 900) || '/views/' || (h // 19 % 50)
        || '?tab=' || (h // 23 % 9) || '","$host":"app.example.com","$pathname":"/projects/' || (h // 17 % 900)
        || '","$screen_height":1080,"$screen_width":1920,"$viewport_height":' || (h // 29 % 700 + 300)
        || ',"$lib":"web","$lib_version":"1.' || (h // 31 % 200) || '.' || (h // 37 % 9)
        || '","$insert_id":"' || substr(m, 5, 16) || '","$session_id":"' || md5((h % 90000)::VARCHAR)
        || '","$referrer":"https://search.example.org/?q=caf\\u00e9","$device_type":"Desktop","token":"phc_'
        || md5('token') || '","note":"ünïcödé ✓ ' || (h // 41 % 5000) || '","$window_id":"' || m
        || CASE WHEN h % 50 = 0 THEN '","html":"' || repeat(substr(m, 3, 24) || '<div class=\\"row\\">', 80) ELSE '' END
        || '","utm_source":null,"ok":true}' AS properties,
    '{"email":"user' || (h % 40000) || '@example.com","plan":"' || ['free', 'pro'][(h % 2 + 1)::INT] || '","since":'
        || (h % 3000) || ',"name":"Person ' || (h % 40000) || '","$initial_os":"Mac OS X","$initial_browser":"Chrome",'
        || '"$initial_referrer":"https://search.example.org/","$initial_current_url":"https://www.example.com/pricing?c='
        || (h % 700) || '","$geoip_city_name":"Zürich","$geoip_country_code":"CH","organization":"'
        || md5((h % 4000)::VARCHAR)
        || '"}' AS person_properties,
    CASE WHEN h % 5 = 1 THEN 'button.primary:attr__class="btn primary"nth-child="' || (h % 9)
        || '"nth-of-type="1"text="Save";div:nth-child="2"nth-of-type="1";form;main;body' ELSE '' END AS elements_chain,
    TIMESTAMPTZ '2025-06-01 00:00:00+00' + to_microseconds((i * 86400000000 // {total})::BIGINT) AS timestamp,
    timestamp + INTERVAL 1 SECOND AS created_at,
    timestamp AS inserted_at
FROM (SELECT i, hash(i) AS h, md5(i::VARCHAR) AS m FROM range({first}, {last}) AS numbers(i))
"""


def _rows(first: int, last: int, total: int) -> str:
    """The query of rows `first` up to `last` of `total`."""
    # By replacement, since the braces of JSON stand in the text.
    query = _ROWS
    for name, number in {"first": first, "last": last, "total": total}.items():
        query = query.replace(f"{{{name}}}", str(number))
    return query


def make_store(folder: Path, rows: int) -> None:
    """Fill the event store of a folder with that many events of one day."""
    block = folder / "block.parquet"
    with EventStore.open(folder / "store") as store, duckdb.connect() as database:
        client = store.client()
        for first in range(0, rows, BLOCK_ROWS):
            query = _rows(first, min(rows, first + BLOCK_ROWS), rows)
            database.execute(f"COPY ({query}) TO '{block}' (FORMAT parquet, COMPRESSION zstd)")
            client.raw_insert("events", insert_block=block.read_bytes(), fmt="Parquet")
        client.command("OPTIMIZE TABLE events FINAL")
        client.close()
    block.unlink()


def make_duckdb(folder: Path, rows: int) -> None:
    """Keep the same events in a DuckDB file, its JSON typed as such."""
    columns = "* REPLACE (properties::JSON AS properties, person_properties::JSON AS person_properties)"
    with duckdb.connect(folder / "events.duckdb") as database:
        database.execute(f"CREATE TABLE events AS SELECT {columns} FROM ({_rows(0, rows, rows)})")
