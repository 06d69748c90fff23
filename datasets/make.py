"""
Makes the tables in this folder from a wheel and a Debian package. Run it in this folder: python make.py

Needs pip, and of Debian apt-get, dpkg-deb and gzip.
"""
import csv
import glob
import gzip
import io
import re
import struct
import subprocess
import sys
import tempfile
import zipfile


def write(name, header, rows, delimiter=","):
    with open(name, "w", newline="") as file:
        out = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_NONE)
        out.writerow(header)
        out.writerows(rows)


def plain(number):
    """The shortest text of a number."""
    return f"{float(number):g}" if float(number) != int(float(number)) else str(int(float(number)))


def from_scikit_learn():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "scikit-learn", "-d", folder], check=True)
        (wheel,) = glob.glob(f"{folder}/*.whl")
        with zipfile.ZipFile(wheel) as files:
            unpacked = lambda name: gzip.decompress(files.read(f"sklearn/datasets/data/{name}.csv.gz")).decode()
            digits = csv.reader(io.StringIO(unpacked("digits")))
            patients = [line.split() for line in unpacked("diabetes_data_raw").splitlines()]
            targets = unpacked("diabetes_target").split()

    write("digits.csv", [f"pixel{i}" for i in range(64)] + ["digit"], ([plain(cell) for cell in row] for row in digits))
    header = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "progression"]
    rows = [[*map(plain, patient), plain(target)] for patient, target in zip(patients, targets, strict=True)]
    write("diabetes.csv", header, rows)


BOOKS = {"Prv": "Proverbs", "John": "John", "Rev": "Revelation"}


def from_bible_kjv_text():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "download", "-q", "bible-kjv-text"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
        subprocess.run(["dpkg-deb", "-x", *glob.glob(f"{folder}/*.deb"), folder], check=True)
        with open(f"{folder}/usr/lib/bible.data", "rb") as file:
            packed = file.read()

    # A table of where each piece begins, then the pieces: LZW as compress(1) writes it, without its first three bytes.
    (pieces,) = struct.unpack_from(">I", packed, 88)
    starts = struct.unpack_from(f">{pieces}I", packed, 92)
    unpack = lambda piece: subprocess.run(["gzip", "-dc"], input=b"\x1f\x9d\x90" + piece, capture_output=True).stdout
    text = b"".join(unpack(packed[start:end]) for start, end in zip(starts, [*starts[1:], len(packed)])).decode("ascii")
    verses = re.findall(r"^(\w+?)(\d+):(\d+) (.+)$", text, re.M)
    assert len(verses) == 31102
    rows = ((BOOKS[book], chapter, verse, words) for book, chapter, verse, words in verses if book in BOOKS)
    write("kjv.tsv", ["book", "chapter", "verse", "text"], rows, "\t")


from_scikit_learn()
from_bible_kjv_text()
