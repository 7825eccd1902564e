"""Reports made by hand, as `GainReport.to_dict` would give them: one for each kind of verdict, and odd ones."""

from __future__ import annotations

import copy
import itertools

import numpy as np

LEARNERS = {
    "logistic_regression": "make_pipeline(TableEncoder(), StandardScaler(), LogisticRegression(max_iter=1000))",
    "k_neighbors": "make_pipeline(TableEncoder(), StandardScaler(), KNeighborsClassifier())",
    "random_forest": "make_pipeline(TableEncoder(), RandomForestClassifier(random_state=0))",
    "hist_gradient_boosting": "make_pipeline(TableEncoder(), HistGradientBoostingClassifier(random_state=0))",
}
ARMS = {
    "real_only": 0.0,
    "duplicate": 0.002,
    "class_weight": 0.031,
    "random_over_sampling": 0.028,
    "smote": 0.033,
    "synthetic_only": -0.062,
    "augmented": 0.052,
}
METRICS = {
    "balanced_accuracy": (0.781, 1.0),
    "f1_macro": (0.802, 0.7),
    "roc_auc": (0.881, 0.2),
    "average_precision": (0.704, 0.2),
    "neg_log_loss": (-0.291, 0.5),
    "neg_calibration_error": (-0.041, -0.4),
    "recall[stays]": (0.962, -0.6),
    "recall[leaves]": (0.601, 2.5),
}
GAINS = {"helps": 0.052, "no_better": 0.030, "hurts": -0.044, "cannot_tell": 0.006}
SENTENCES = {
    "helps": "Augmentation helps: +5.2 points (95 % interval +3.1 to +7.3) of balanced_accuracy against the real rows "
    "alone (mean of 4 classifiers, 10 folds), and +1.9 points (95 % interval +0.4 to +3.4) against the best control, "
    "smote.",
    "no_better": "Augmentation does no better than smote, which is free: −0.3 points (95 % interval −1.8 to +1.2) of "
    "balanced_accuracy against it. Do not augment.",
    "hurts": "Augmentation hurts: −4.4 points (95 % interval −6.5 to −2.3) of balanced_accuracy against the real rows "
    "alone (mean of 4 classifiers, 10 folds). Do not augment.",
    "cannot_tell": "Cannot tell with this much data: +0.6 points (95 % interval −1.5 to +2.7) of balanced_accuracy "
    "against the real rows alone (mean of 4 classifiers, 10 folds); about 14,000 labelled rows would be needed to show "
    "it, if that difference is real. Until then, do not augment.",
}


def _row(rng, classifier, metric, arm, gain, width, metrics=METRICS):
    base, factor = metrics.get(metric, (0.7, 1.0))
    gain = gain * factor + float(rng.normal(0, 0.003))
    baseline = arm == "real_only"
    return {
        "classifier": classifier,
        "metric": metric,
        "arm": arm,
        "mean": round(base + (0 if baseline else gain), 4),
        "difference": 0.0 if baseline else round(gain, 4),
        "ci_low": None if baseline else round(gain - width, 4),
        "ci_high": None if baseline else round(gain + width, 4),
        "n": 10,
        "effect_size": None if baseline else round(gain / width, 3),
        "note": "",
    }


def _rows(gain, classifiers, metrics=tuple(METRICS), seed=0):
    rng = np.random.default_rng(seed)
    arms = {**ARMS, "augmented": gain}
    rows = [
        _row(rng, name, metric, arm, arms[arm] + 0.004 * i, 0.012 + 0.003 * i)
        for i, name in enumerate(classifiers)
        for metric in metrics
        for arm in arms
    ]
    for row in rows:
        if row["arm"] == "class_weight" and row["classifier"] == "k_neighbors":
            row.update(mean=None, difference=None, ci_low=None, ci_high=None, effect_size=None, n=0)
            row["note"] = "takes no class weights"
    return rows


def _verdict(kind, classifier="mean of 4 classifiers"):
    gain = GAINS[kind]
    return {
        "kind": kind,
        "sentence": SENTENCES[kind],
        "metric": "balanced_accuracy",
        "classifier": classifier,
        "control": "smote",
        "difference": gain,
        "ci_low": round(gain - 0.021, 4),
        "ci_high": round(gain + 0.021, 4),
        "control_difference": round(gain - 0.033, 4),
        "control_ci_low": round(gain - 0.048, 4),
        "control_ci_high": round(gain - 0.018, 4),
        "rows_needed": 14000 if kind == "cannot_tell" else None,
        "n": 10,
    }


def _number(name, rng, error, low=0.0, high=100.0, bins=20):
    edges = np.linspace(low, high, bins + 1)
    centre = np.linspace(-2.5, 2.5, bins)
    real = np.exp(-(centre**2) / 2)
    synthetic = np.exp(-((centre - 4 * error) ** 2) / (2 + error)) * rng.uniform(0.9, 1.1, bins)
    return {
        "name": name,
        "kind": "number",
        "error": error,
        "bins": [f"{a:g} to {b:g}" for a, b in itertools.pairwise(edges)],
        "edges": edges.round(6).tolist(),
        "real": (real / real.sum()).round(6).tolist(),
        "synthetic": (synthetic / synthetic.sum()).round(6).tolist(),
        "missing": [0.021, 0.034] if rng.random() < 0.4 else [0.0, 0.0],
    }


def _category(name, rng, error, labels):
    real = rng.dirichlet(np.full(len(labels), 2.0))
    other = (1 - error) * real + error * rng.dirichlet(np.full(len(labels), 1.0))
    order = np.argsort(-real)
    return {
        "name": name,
        "kind": "category",
        "error": error,
        "bins": [labels[i] for i in order],
        "edges": None,
        "real": real[order].round(6).tolist(),
        "synthetic": other[order].round(6).tolist(),
        "missing": [0.0, 0.0],
    }


def _columns(rng):
    states = [f"{a}{b}" for a in "ABCDE" for b in "KLMNO"]
    numbers = ["total day minutes", "account length", "number vmail messages", "customer service calls"]
    columns = [_number(name, rng, error) for name, error in zip(numbers, (0.031, 0.012, 0.142, 0.058), strict=True)]
    columns.append(_number("income", rng, 0.09, 12_000, 480_000))
    columns.append(_category("international plan", rng, 0.02, ["no", "yes"]))
    columns.append(_category("state", rng, 0.08, states))
    columns.append(_category("plan", rng, 0.18, ["basic", "family unlimited extra", "plus", "professional"]))
    date = _number("since", rng, 0.071, 0, 10, 12)
    months = [f"{2015 + i // 2}-{1 + 6 * (i % 2):02d}" for i in range(12)]
    columns.append({**date, "kind": "date", "edges": None, "bins": months})
    columns.append(_category("churn", rng, 0.004, ["stays", "leaves"]))
    return columns


def _pair(a, b, rng, error, shape=(10, 10)):
    x, y = (np.linspace(-2, 2, n) for n in shape)
    real = np.exp(-((x[:, None] - y[None, :]) ** 2))
    synthetic = np.exp(-((x[:, None] - (1 - 3 * error) * y[None, :]) ** 2)) * rng.uniform(0.8, 1.2, shape)
    return {
        "a": a,
        "b": b,
        "error": error,
        "bins_a": [f"{10 * i} to {10 * i + 10}" for i in range(shape[0])],
        "bins_b": [f"{1.5 * i:g} to {1.5 * i + 1.5:g}" for i in range(shape[1])],
        "real": (real / real.sum()).round(6).tolist(),
        "synthetic": (synthetic / synthetic.sum()).round(6).tolist(),
    }


def _training(rng):
    steps = list(range(20, 3020, 30))
    t = np.linspace(0, 1, len(steps))
    noise = rng.normal(0, 0.02, (4, len(steps)))
    lines = np.stack(
        [
            0.69 + 0.5 * np.exp(-6 * t),
            0.75 + 0.6 * np.exp(-4 * t),
            0.55 + 0.3 * np.exp(-5 * t),
            0.53 + 0.3 * np.exp(-5 * t),
        ]
    )
    names = ("discriminator_loss", "generator_loss", "accuracy_real", "accuracy_synthetic")
    return {
        "steps": steps,
        **{name: line.round(4).tolist() for name, line in zip(names, lines + noise, strict=True)},
        "score_step": steps[8::8],
        "held_out_score": (0.86 - 0.2 * np.exp(-4 * t[8::8]) + noise[0, 8::8] / 4).round(4).tolist(),
    }


def _choice(rng):
    shares = [(0.0, False), (0.1, False), (0.25, False), (0.5, False), (0.1, True), (0.25, True), (0.5, True)]
    folds = []
    for fold in range(10):
        gains = np.array([0, 0.004, 0.007, 0.006, 0.009, 0.022, 0.019]) + rng.normal(0, 0.004, 7)
        gains[0] = 0.0
        best = int(np.argmax(gains)) if fold % 4 else 0
        scores = [
            {
                "share": share,
                "balance": balance,
                "score": round(0.78 + float(gain), 4),
                "difference": round(float(gain), 4),
                "standard_error": 0.0 if not i else 0.006,
                "chosen": i == best,
            }
            for i, ((share, balance), gain) in enumerate(zip(shares, gains, strict=True))
        ]
        folds.append({"fold": fold, "share": shares[best][0], "balance": shares[best][1], "scores": scores})
    return folds


def _privacy():
    names = ["nearest synthetic row", "density in a ball", "density ratio (DOMIAS)", "classifier"]
    attacks = [
        {"name": name, "auc": auc, "ci_low": auc - 0.019, "ci_high": auc + 0.019}
        for name, auc in zip(names, (0.507, 0.498, 0.521, 0.503), strict=True)
    ]
    maximum = {**attacks[2], "ci_low": 0.496, "ci_high": 0.546}
    return {
        "near_copies": {"synthetic": 0.011, "holdout": 0.013, "n": 667},
        "membership": {"attacks": attacks, "maximum": maximum, "members": 667, "non_members": 667},
    }


def _fidelity():
    return {
        "shape_error": 0.048,
        "trend_error": 0.087,
        "detection_auc": 0.713,
        "classes": [
            {"label": "stays", "density": 0.97, "coverage": 0.91, "rows": 2280},
            {"label": "leaves", "density": 0.88, "coverage": 0.84, "rows": 386},
        ],
        "holdout_shape_error": 0.021,
        "holdout_trend_error": 0.052,
    }


def _design():
    return {
        "rows": 3333,
        "features": 19,
        "classes": [{"label": "stays", "rows": 2850}, {"label": "leaves", "rows": 483}],
        "folds": 10,
        "n_splits": 5,
        "n_repeats": 2,
        "groups": False,
        "random_state": 0,
        "synthetic_fraction": None,
        "balance": False,
        "margin": 0.005,
        "metrics": list(METRICS),
        "classifiers": [{"name": name, "repr": text} for name, text in LEARNERS.items()],
        "augmenter": "TunedAugmenterCV(augmenter=GANAugmenter(random_state=0))",
        "arms": list(ARMS),
        "versions": {"ganaug": "0.1.0", "scikit-learn": "1.9.0", "torch": "2.15.0", "python": "3.11.2"},
        "call": "X, y = ...  # the table\ngain_report(\n    TunedAugmenterCV(GANAugmenter(random_state=0)),\n"
        '    X, y, cv=5, n_repeats=2, random_state=0,\n).to_html("gain.html")',
        "command": "ganaug report churn.csv --seed 0 -o gain.html",
        "seconds": 512.3,
        "name": "churn",
    }


def example(kind="helps"):
    """A full report with one of the four verdicts."""
    rng = np.random.default_rng(1)
    names = ["mean of 4 classifiers", *LEARNERS]
    others = [kind, "cannot_tell", kind, "no_better"]
    return {
        "format": 1,
        "verdict": _verdict(kind),
        "verdicts": [_verdict(found, name) for found, name in zip(others, LEARNERS, strict=True)],
        "design": _design(),
        "rows": _rows(GAINS[kind], names),
        "scores": [{"fold": 0, "classifier": "k_neighbors", "metric": "f1_macro", "arm": "smote", "score": 0.8}],
        "failures": [],
        "warnings": [],
        "counts": [
            {"fold": i, "train": 2666, "test": 667, "synthetic": {"stays": 0, "leaves": 1894}} for i in range(10)
        ],
        "choice": _choice(rng),
        "filters": [
            {
                "fold": i,
                "strengths": {"density_ratio": float(i % 2), "label_agreement": 1.0},
                "scores": [
                    [{"density_ratio": float(a), "label_agreement": float(b)}, 0.851 + 0.006 * a + 0.005 * b]
                    for a in (0, 1)
                    for b in (0, 1)
                ],
            }
            for i in range(10)
        ],
        "training": _training(rng),
        "fidelity": _fidelity(),
        "columns": _columns(rng),
        "pairs": [
            _pair("total day minutes", "customer service calls", rng, 0.12),
            _pair("plan", "income", rng, 0.09, (4, 10)),
        ],
        "privacy": _privacy(),
    }


def few(kind="helps"):
    """A report of every section, quick to draw: one metric, two classifiers, three columns, one pair."""
    report = example(kind)
    names = [report["verdict"]["classifier"], "k_neighbors"]
    rows = [row for row in report["rows"] if row["classifier"] in names and row["metric"] == "balanced_accuracy"]
    columns = [report["columns"][i] for i in (0, 8, 5)]
    return {**report, "rows": rows, "columns": columns, "pairs": report["pairs"][1:], "choice": report["choice"][:3]}


def failing():
    """A report of which parts failed; not everything could be measured."""
    report = example("cannot_tell")
    report["failures"] = [
        {
            "fold": 3,
            "arm": "smote",
            "classifier": None,
            "metric": None,
            "reason": "SMOTE needs 6 rows of the class 'leaves', but 4 are there; use fewer folds.",
        },
        {
            "fold": None,
            "arm": "augmented",
            "classifier": "random_forest",
            "metric": "roc_auc",
            "reason": "no predict_proba",
        },
    ]
    report["warnings"] = ["The column 'id' is an identifier and was left out."]
    report["privacy"]["membership"] = None
    report["verdict"].update(control=None, control_difference=None, control_ci_low=None, control_ci_high=None)
    return report


def minimal():
    """As little as a report can hold."""
    report = example("cannot_tell")
    names = ("mean", "difference", "ci_low", "ci_high", "effect_size")
    rows = [
        row for row in report["rows"] if row["metric"] == "balanced_accuracy" and row["classifier"] == "k_neighbors"
    ]
    report["rows"] = [{**row, **dict.fromkeys(names)} for row in rows]
    report["verdict"].update(classifier="k_neighbors", control=None, difference=None, ci_low=None, ci_high=None)
    report["design"].update(
        metrics=["balanced_accuracy"], command=None, name=None, classifiers=report["design"]["classifiers"][:1]
    )
    empty = ("verdicts", "scores", "counts", "choice", "filters", "columns", "pairs")
    return {**report, **{key: [] for key in empty}, "training": None, "fidelity": None, "privacy": None}


RARE_METRICS = {
    "roc_auc": (0.842, 0.1),
    "average_precision": (0.412, 0.1),
    "neg_log_loss": (-0.191, -0.6),
    "neg_brier_score": (-0.052, -0.2),
    "balanced_accuracy": (0.581, 1.0),
    "balanced_accuracy@prevalence": (0.764, 0.0),
    "recall[leaves]": (0.181, 2.0),
    "recall[leaves]@prevalence": (0.744, 0.0),
}
RARE_ARMS = {
    "real_only": 0.0,
    "threshold": 0.183,
    "calibrated": -0.012,
    "class_weight": 0.171,
    "bootstrap": 0.011,
    "duplicate": 0.062,
    "random_over_sampling": 0.081,
    "smote": 0.094,
    "copula": 0.124,
    "synthetic_only": 0.041,
    "augmented": 0.131,
    "augmented_corrected": -0.008,
}
DECISIONS = {
    "kind": "threshold",
    "sentence": "In balanced_accuracy augmentation gains +13.1 points (95 % interval +10.1 to +16.1), but the "
    "threshold gives as much: +18.3 points (95 % interval +15.3 to +21.3).",
    "metric": "balanced_accuracy",
    "difference": 0.131,
    "ci_low": 0.101,
    "ci_high": 0.161,
    "threshold": 0.183,
    "threshold_ci_low": 0.153,
    "threshold_ci_high": 0.213,
    "beyond": -0.052,
    "beyond_ci_low": -0.091,
    "beyond_ci_high": -0.013,
}


def _rare_rows(classifiers):
    rng = np.random.default_rng(0)
    return [
        _row(rng, name, metric, arm, gain, 0.012, RARE_METRICS)
        for name in classifiers
        for metric in RARE_METRICS
        for arm, gain in RARE_ARMS.items()
    ]


def _calibration(classifiers):
    stated = np.array([0.001, 0.003, 0.005, 0.009, 0.014, 0.024, 0.045, 0.077, 0.127, 0.302])
    true = [0.0, 0.01, 0.02, 0.02, 0.02, 0.02, 0.04, 0.08, 0.14, 0.25]
    shifts = {"real_only": 1.0, "augmented": 2.4, "augmented_corrected": 0.9}
    return [
        {"classifier": name, "arm": arm, "predicted": (shift * stated).round(4).tolist(), "observed": true}
        for name in classifiers
        for arm, shift in shifts.items()
    ]


def rare():
    """A report of a table with 6 % positives, in the form of today: decisions, and curves of probabilities."""
    report = few("no_better")
    names = ["random_forest", "k_neighbors"]
    everyone = "mean of 2 classifiers"
    found = {**_verdict("no_better", everyone), "metric": "roc_auc", "control": "copula"}
    found.update(difference=0.001, ci_low=-0.011, ci_high=0.013, control_difference=-0.006)
    found.update(control_ci_low=-0.014, control_ci_high=0.002)
    found["sentence"] = (
        "Augmentation does no better than copula, which is free: -0.6 points (95 % interval -1.4 to +0.2) of roc_auc "
        "against it. Do not augment."
    )
    report["design"].update(
        rows=1000,
        classes=[{"label": "stays", "rows": 940}, {"label": "leaves", "rows": 60}],
        metrics=list(RARE_METRICS),
        arms=list(RARE_ARMS),
        classifiers=[{"name": name, "repr": LEARNERS[name]} for name in names],
        name="churn, 6 % positive",
    )
    return {
        **report,
        "verdict": found,
        "verdicts": [{**found, "classifier": name} for name in names],
        "decisions": dict(DECISIONS),
        "calibration": _calibration(names),
        "rows": _rare_rows([*names, everyone]),
    }


def moved():
    """The same table, judged by balanced accuracy: the verdict itself names the threshold."""
    report = rare()
    report["verdict"] = {
        **report["verdict"],
        "metric": "balanced_accuracy",
        "control": "threshold",
        "sentence": "Augmentation does no better than a decision threshold, which is free. Do not augment; move the "
        "threshold.",
        "difference": 0.131,
        "ci_low": 0.101,
        "ci_high": 0.161,
        "control_difference": -0.052,
        "control_ci_low": -0.091,
        "control_ci_high": -0.013,
    }
    return {**report, "decisions": None, "verdicts": []}


HOSTILE = [
    "<script>window.stolen = 1</script>",
    '"onload="window.stolen = 1" x="',
    "'><img src=x onerror='window.stolen = 1'>",
    "</style></svg><iframe src=https://example.org>",
    "$\\frac{a}{b}$ & $x_1",
    "]]>--><!-- {{ 7 * 7 }} {% raw %}",
    "null\x00 bell\x07 escape\x1b[31m",
    "turned \u202e around",
    "half a letter \ud800",
    "姓名と住所と電話番号とその他いろいろ",
    "x" * 5000,
    "",
]


def hostile():
    """A report whose every text comes from somebody who means harm."""
    report = copy.deepcopy({**example("helps"), **{key: rare()[key] for key in ("decisions", "calibration")}})
    spoil = iter(HOSTILE * 10_000)
    keep = {"kind", "arm", "metric", "format", "metrics", "arms", "control"}

    def spoiled(value, key=None):
        if key in keep:
            return value
        if isinstance(value, str):
            return next(spoil)
        if isinstance(value, list):
            return [spoiled(item, key) for item in value]
        if isinstance(value, dict):
            names = ("synthetic", "strengths", "versions")
            if key in names and not all(isinstance(v, dict) for v in value.values()):
                return {next(spoil): item for item in value.values()}
            return {name: spoiled(item, name) for name, item in value.items()}
        return value

    report = spoiled(report)
    kinds = ["number", "category", "date"]
    for i, column in enumerate(report["columns"]):
        column["kind"] = kinds[i % 3]
    for row in report["rows"]:
        row["metric"] = f"recall[{HOSTILE[i % 6]}]" if row["metric"] == "recall[leaves]" else row["metric"]
    report["verdict"]["classifier"] = report["rows"][0]["classifier"] = HOSTILE[0]
    return report


def huge():
    """500 columns, 50 classes, 20 classifiers, 50 folds."""
    report = example("helps")
    rng = np.random.default_rng(0)
    names = ["mean of 20 classifiers", *(f"classifier number {i}" for i in range(20))]
    metrics = [*METRICS][:6] + [f"recall[class number {i}]" for i in range(50)]
    labels = [f"a category with a rather long name {i}" for i in range(20)]
    report["rows"] = _rows(0.05, names, metrics)
    report["verdict"]["classifier"] = "mean of 20 classifiers"
    report["verdicts"] = [_verdict("helps", name) for name in names[1:]]
    report["columns"] = [
        (_number if i % 2 else _category)(
            f"a column with a rather long name {i}", rng, 0.3 * rng.random(), *([] if i % 2 else [labels])
        )
        for i in range(500)
    ]
    report["pairs"] = [_pair(f"column {i}", f"column {i + 1}", rng, 0.1, (20, 20)) for i in range(4)]
    classes = [{"label": f"class number {i}", "rows": 100} for i in range(50)]
    report["design"].update(classes=classes, features=500, metrics=metrics)
    report["design"]["classifiers"] = [
        {"name": name, "repr": f"Classifier({name!r}, {'x' * 500})"} for name in names[1:]
    ]
    report["counts"] = [
        {"fold": i, "train": 4000, "test": 1000, "synthetic": {c["label"]: 20 for c in classes}} for i in range(50)
    ]
    report["choice"] = [{**fold, "fold": i} for i, fold in enumerate(report["choice"] * 5)]
    report["fidelity"]["classes"] = [{**c, "density": 0.9, "coverage": 0.8} for c in classes]
    return report


EXAMPLES = {
    **{kind: lambda kind=kind: example(kind) for kind in SENTENCES},
    "rare": rare,
    "moved": moved,
    "failing": failing,
    "minimal": minimal,
    "hostile": hostile,
    "huge": huge,
}
