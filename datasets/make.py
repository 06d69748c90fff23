"""Makes the CSV files in this folder from the tables in scikit-learn's wheel. Run it in this folder: python make.py"""
import csv
import glob
import gzip
import io
import subprocess
import sys
import tempfile
import zipfile

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "scikit-learn", "-d", folder], check=True)
    (wheel,) = glob.glob(f"{folder}/*.whl")
    packed = zipfile.ZipFile(wheel).read("sklearn/datasets/data/digits.csv.gz")

rows = csv.reader(io.StringIO(gzip.decompress(packed).decode()))
with open("digits.csv", "w", newline="") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow([f"pixel{i}" for i in range(64)] + ["digit"])
    for row in rows:
        out.writerow([int(float(cell)) for cell in row])
