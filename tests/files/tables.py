"""Writes the Parquet files of the table tests: pip install pyarrow && python tests/files/tables.py"""
import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table({
    "id": pa.array([1, 2, 3], pa.int64()),
    "x": pa.array([1.5, None, -2.25]),
    "day": pa.array([datetime.date(2024, 1, 31), datetime.date(2024, 2, 1), None]),
    "at": pa.array([datetime.datetime(2024, 1, 31, 12), None, datetime.datetime(2024, 2, 1)], pa.timestamp("us")),
    "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
    "flag": pa.array([True, False, None]),
})
for compression in ["snappy", "zstd", "gzip", "brotli", "lz4"]:
    pq.write_table(table, Path(__file__).parent / f"table.{compression}.parquet", compression=compression)
