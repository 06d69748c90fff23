"""Compares downhill and torch.load(weights_only=True) on mutated files: python differential.py [COUNT] [SEED]. Needs torch 2.13.0 and `npm run build`.

Exits with 1 if downhill loads a file that torch refuses, or with another value. Such files are written to /tmp/differential.
"""
import collections
import io
import pathlib
import random
import sys
import zipfile

import values
from built import built
from mutations import archive, byte_mutation, header_mutation, pickle_mutation, pickles_of, record_mutation

here = pathlib.Path(__file__).parent
found = pathlib.Path("/tmp/differential")


class Seeds:
    def __init__(self):
        files = [*here.glob("*.pt"), *(here / "legacy").glob("*.pt"), *sorted((here.parent / "conformance/cases/torch-file").glob("*.pt"))[:6]]
        self.files = [file.read_bytes() for file in sorted(files)]
        self.zips, self.legacy, self.pickles = [], [], []
        for data in self.files:
            if data[:2] == b"PK":
                with zipfile.ZipFile(io.BytesIO(data)) as read:
                    self.zips.append([(info.filename, read.read(info)) for info in read.infolist()])
                self.pickles += [content for name, content in self.zips[-1] if name.endswith("data.pkl")]
            else:
                self.legacy.append(pickles_of(data))
                self.pickles.append(self.legacy[-1][0][3])

    def mutated(self, rng):
        """A mutated file, and how it was made."""
        kind = rng.choice(["bytes", "record", "record", "record", "header", "legacy", "legacy", "legacy", "crossed", "built", "built", "built"])
        if kind == "built":
            return kind, built(rng)
        if kind == "bytes":
            return kind, byte_mutation(rng, rng.choice(self.files))
        if kind == "record":
            return kind, archive(record_mutation(rng, rng.choice(self.zips), self.pickles))
        if kind == "header":
            return kind, header_mutation(rng, rng.choice([data for data in self.files if data[:2] == b"PK"]))
        parts, tail = rng.choice(self.legacy)
        parts = [*parts]
        if kind == "crossed":
            # The parts of two files, or of one in another order.
            others, tail = rng.choice(self.legacy)
            at = rng.randrange(5)
            parts[at] = rng.choice([*others, *parts])
        else:
            at = rng.choice([0, 1, 2, 3, 3, 3, 3, 3, 4, 5])
            if at == 5:
                tail = byte_mutation(rng, tail)
            else:
                parts[at] = pickle_mutation(rng, parts[at], self.pickles)
        return kind, b"".join(parts) + tail


def judge(ours, theirs):
    if "bug" in ours:
        return "downhill fails with another error"
    if "value" not in ours:
        return "only torch loads" if "value" in theirs else "both refuse"
    if "newer" in theirs:
        return "protocols 3 to 5: as Python's pickle" if values.same(ours["value"], theirs["newer"]) else "ANOTHER VALUE"
    if "value" not in theirs:
        return "ONLY DOWNHILL LOADS"
    return "both load the same" if values.same(ours["value"], theirs["value"]) else "ANOTHER VALUE"


def main(count=20_000, seed=1):
    seeds, rng = Seeds(), random.Random(seed)
    node, torch = values.downhill(), values.torch_reader()
    counts, bad = collections.defaultdict(collections.Counter), 0
    found.mkdir(exist_ok=True)
    for i in range(count):
        kind, data = seeds.mutated(rng)
        ours = node.ask(data)
        theirs = torch.ask(data)
        verdict = judge(ours, theirs)
        counts[verdict][kind] += 1
        if verdict.isupper() or "bug" in ours:
            bad += 1
            file = found / f"{seed}-{i}-{kind}.pt"
            file.write_bytes(data)
            print(f"{file}: {verdict}: {ours.get('bug', '')} {theirs.get('error', '')[:300]}", flush=True)
    for verdict, kinds in sorted(counts.items(), key=lambda item: -sum(item[1].values())):
        print(f"{sum(kinds.values()):6} {verdict} ({', '.join(f'{n} {kind}' for kind, n in kinds.most_common())})")
    return bad


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
