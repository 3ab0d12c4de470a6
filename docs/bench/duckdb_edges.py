#!/usr/bin/env python3
"""Calls and milliseconds per edge with DuckDB, one thread: duckdb_edges.py LOG (pip install duckdb)."""
import sys

import duckdb

FIELDS = {name: "VARCHAR" for name in (
    "downstream_remote_address", "downstream_local_address", "upstream_host", "upstream_local_address",
    "upstream_cluster", "request_id", "path", "authority", "requested_server_name", "start_time",
    "upstream_service_time", "response_flags")}
FIELDS |= {name: "BIGINT" for name in ("duration", "response_code", "bytes_sent", "bytes_received")}

db = duckdb.connect(config={"threads": 1})
columns = "{" + ", ".join(f"'{k}': '{v}'" for k, v in FIELDS.items()) + "}"
rows = db.execute(f"""
    SELECT regexp_extract(downstream_remote_address, '^(.*):', 1), regexp_extract(upstream_host, '^(.*):', 1),
           count(*), sum(duration)
    FROM read_json(?, format = 'newline_delimited', columns = {columns}) GROUP BY ALL""", [sys.argv[1]]).fetchall()
print(len(rows), "edges,", sum(r[2] for r in rows), "calls,", sum(r[3] for r in rows), "ms")
