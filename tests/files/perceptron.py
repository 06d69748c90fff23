"""Writes perceptron.json: scores of scikit-learn's perceptron on public tables, trained on four fifths and tested on every fifth row.

pip install scikit-learn pandas && python tests/files/perceptron.py

penguins.csv is from the package palmerpenguins (CC0), auto-mpg.csv from bokeh_sampledata (UCI Machine Learning Repository, CC BY 4.0), and
seattle-weather.csv from vega_datasets (NOAA, public domain).
"""
import json
import warnings
from pathlib import Path

import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.filterwarnings("ignore")
folder = Path(__file__).parent
tables = {"penguins": "species", "auto-mpg": "mpg", "seattle-weather": "weather"}
SEEDS = range(5)


def scores(name: str, target: str) -> dict:
    table = pd.read_csv(folder / "tables" / f"{name}.csv")
    held = table.index % 5 == 0
    train, test = table[~held], table[held]
    features = [column for column in table if column != target]
    numbers = [column for column in features if pd.api.types.is_numeric_dtype(table[column])]
    # Texts with many values are dates and names, of which scikit-learn makes nothing by itself.
    texts = [column for column in features if column not in numbers and train[column].nunique() <= 50]
    encode = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        ("texts", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), texts),
    ])
    is_value = pd.api.types.is_float_dtype(table[target])
    found = []
    for seed in SEEDS:
        options = {"hidden_layer_sizes": (32,), "max_iter": 1000, "random_state": seed}
        model = TransformedTargetRegressor(MLPRegressor(**options), transformer=StandardScaler()) if is_value else MLPClassifier(**options)
        predicted = make_pipeline(encode, model).fit(train[features], train[target]).predict(test[features])
        found.append((r2_score if is_value else balanced_accuracy_score)(test[target], predicted))
    return {"target": target, "metric": "R²" if is_value else "balanced accuracy", "mean": sum(found) / len(found), "scores": found}


result = {name: scores(name, target) for name, target in tables.items()}
(folder / "perceptron.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
