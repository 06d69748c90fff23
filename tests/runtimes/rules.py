"""Calls the update rules of downhill.wasm from Python, by docs/abi.md alone, and compares every byte with calls recorded in JavaScript.

Usage: rules.py downhill.wasm RECORDED.json. Prints one line of JSON."""

import base64
import importlib.metadata
import json
import math
import struct
import sys

import wasmtime

PAGE = 65536
LINE = 64


def differs(got: bytes, want: bytes, element: str) -> int | None:
    """Returns the index of the first element that differs. NaN equals NaN, because its bits depend on the engine."""
    if got == want:
        return None
    count = len(got) // struct.calcsize(element)
    pairs = zip(struct.unpack(f"<{count}{element}", got), struct.unpack(f"<{count}{element}", want))
    same = (struct.pack(element, a) == struct.pack(element, b) or (math.isnan(a) and math.isnan(b)) for a, b in pairs)
    return next((i for i, equal in enumerate(same) if not equal), None)


def main(binary: str, recording: str) -> None:
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    module = wasmtime.Module.from_file(engine, binary)
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(16, None)))
    exports = wasmtime.Instance(store, module, [memory]).exports(store)
    with open(recording, encoding="utf-8") as file:
        calls = json.load(file)
    failures = []
    for number, call in enumerate(calls):
        top = PAGE  # the first page belongs to the module

        def place(data: bytes) -> int:
            nonlocal top
            address = top
            memory.write(store, data, address)
            top += (len(data) + LINE - 1) // LINE * LINE
            return address

        arrays = [[data and base64.b64decode(data) for data in entry] for entry in call["before"]]
        addresses = [[place(data) if data else 0 for data in entry] for entry in arrays]
        uniforms = place(base64.b64decode(call["uniforms"]))
        entries = [struct.pack("<6I", size, *row) for size, row in zip(call["bytes"], addresses)]
        spans = place(b"".join(entries))
        exports[call["name"]](store, spans, len(entries), uniforms)
        element = "f" if call["name"].endswith("f32") else "d"
        for row, wanted in zip(addresses, call["after"]):
            for which, (address, data) in enumerate(zip(row, wanted)):
                if not data:
                    continue
                want = base64.b64decode(data)
                at = differs(bytes(memory.read(store, address, address + len(want))), want, element)
                if at is not None:
                    failures.append(f"call {number}, {call['name']}: array {which} differs, first at element {at}")
    wrong = len({failure.split(",")[0] for failure in failures})
    version = importlib.metadata.version("wasmtime")
    print(json.dumps({"version": version, "passed": len(calls) - wrong, "failed": wrong, "failures": failures[:10]}))


main(*sys.argv[1:])
