"""Writes proto/testing/foreign-ticks.arrow: ticks as pyarrow, not we, would write them.

    python3 proto/testing/write-foreign.py     (needs pyarrow; the files that 26.0.1 made are committed)

Two batches; the first string column is plain utf8, unlike ours; times are int64; kind is int32; a column has nulls.
"""
import pyarrow as pa

T = 1_742_860_800_000_000


def write(path, instrument):
    schema = pa.schema(
        [
            ("instrument", instrument.type),
            ("kind", pa.int32()),
            ("event_time", pa.timestamp("us", tz="UTC")),
            ("receipt_time", pa.int64()),
            ("price", pa.float32()),
            ("size", pa.float64()),
            ("side", pa.int8()),
            ("comment", pa.string()),
        ],
        metadata={"source": "pyarrow"},
    )
    columns = [
        instrument,
        pa.array([1, 1, 3], pa.int32()),
        pa.array([T, T + 1, T + 2], pa.timestamp("us", tz="UTC")),
        pa.array([T, T + 5, T + 9], pa.int64()),
        pa.array([0.5, 1.25, 0.0], pa.float32()),
        pa.array([1.0, 2.0, 0.0]),
        pa.array([-1, None, None], pa.int8()),
        pa.array(["a", None, "c"]),
    ]
    table = pa.Table.from_arrays(columns, schema=schema)
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for batch in table.to_batches(max_chunksize=2):
            writer.write_batch(batch)


names = ["py:A", "py:\u00c5", ""]
write("proto/testing/foreign-ticks.arrow", pa.array(names))
write("proto/testing/foreign-ticks-dictionary.arrow", pa.array(names).dictionary_encode())
