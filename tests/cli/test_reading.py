"""Tables as they come: what is assumed of a file is said, and can be overruled."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import QUICK, make_file, run

from ganaug import DataWarning, GANAugmenter, read_table


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with toy.csv in it."""
    monkeypatch.chdir(tmp_path)
    make_file("toy.csv")
    return tmp_path


def columns_of(path):
    return [column["name"] for column in GANAugmenter.load(path).describe()["columns"]]


def train(*options):
    """Train briefly, and return what was said."""
    return run("train", *options, *QUICK, "-o", "m.safetensors", "--force").stderr


def test_the_index_of_pandas_is_left_out_and_said(folder):
    read_table("toy.csv").drop(columns=["id", "comment"]).to_csv("index.csv")
    said = train("index.csv", "--target", "churn")
    assert "warning: 'index.csv': column 1 has no name and names the rows, each differently, and is left out." in said
    assert "age" in columns_of("m.safetensors") and "" not in columns_of("m.safetensors")


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_a_column_without_a_name_may_be_excluded_by_the_name_that_pandas_gives_it(folder, name):
    table = read_table("toy.csv").drop(columns=["id", "comment"])
    table.to_csv("index.csv")
    train("index.csv", "--target", "churn", "--exclude", name)
    assert columns_of("m.safetensors") == [column for column in table.columns if column != "churn"]
    table.insert(2, "Unnamed: 2", 1)
    table.rename(columns={"Unnamed: 2": " "}).to_csv("spare.csv", index=False)
    train("spare.csv", "--target", "churn", "--exclude", "Unnamed: 2")
    assert "column_3" not in columns_of("m.safetensors")
    said = run("train", "toy.csv", "--exclude", "Unnamed: 0", code=2).stderr
    assert "--exclude names the column 'Unnamed: 0', but 'toy.csv' has" in said


def test_a_file_without_a_header_has_numbered_columns_and_loses_no_row(folder):
    table = read_table("toy.csv")[["age", "balance", "churn"]]
    table.to_csv("headless.csv", header=False, index=False)
    said = train("headless.csv")
    assert "the first line is a row like the others, so columns are numbered" in said
    assert "label: column 'column_3' (the last one)" in said
    assert GANAugmenter.load("m.safetensors").model_.facts["n_rows"] == len(table)
    said = train("headless.csv", "--header")
    assert "the first line" not in said
    assert GANAugmenter.load("m.safetensors").model_.facts["n_rows"] == len(table) - 1


def test_no_header_can_be_said(folder):
    Path("words.csv").write_text("".join(f"{'ab'[i % 2]},{i % 7}\n" for i in range(40)))
    train("words.csv", "--no-header", "--target", "column_1")
    assert columns_of("m.safetensors") == ["column_2"]


def test_an_encoding_is_guessed_and_said_or_taken_as_told(folder):
    Path("latin.csv").write_bytes(Path("toy.csv").read_text().encode("cp1252"))
    assert "'latin.csv': its bytes look like cp1252 text." in train("latin.csv", "--target", "churn")
    assert "look like" not in train("latin.csv", "--target", "churn", "--encoding", "cp1252")
    run("augment", "latin.csv", "--target", "churn", "--balance", *QUICK)
    assert "São Paulo" in read_table("latin_augmented.csv", encoding="cp1252")["city"].tolist()


@pytest.mark.parametrize("mark", [" ", "#N/A", "?", "unknown"])
def test_one_odd_cell_does_not_make_a_column_of_numbers_names_of_rows(folder, mark):
    lines = Path("toy.csv").read_text().splitlines()
    place = lines[0].split(",").index("balance")
    for row in (1, 30, 60):
        cells = lines[row].split(",")
        lines[row] = ",".join([*cells[:place], mark, *cells[place + 1 :]])
    Path("odd.csv").write_text("\n".join(lines) + "\n")
    done = run("augment", "odd.csv", "--target", "churn", "--balance", "--mark", "origin", *QUICK)
    assert "'balance'" not in done.stderr
    table = read_table("odd_augmented.csv")
    synthetic = table[table["origin"] == "synthetic"]
    assert len(synthetic) and synthetic["balance"].notna().mean() > 0.5
    assert table["balance"].dtype == "float64"
    real = Path("odd_augmented.csv").read_text().splitlines()[1 : len(lines)]
    assert [line.removesuffix(",real") for line in real] == lines[1:]


def test_money_is_learned_as_numbers_and_comes_back_as_money(folder):
    table = read_table("toy.csv").drop(columns=["comment", "id"])
    table["balance"] = [f"${value:,.2f}" for value in 1000 * (1 + table["balance"])]
    table.to_csv("money.csv", index=False)
    done = run("augment", "money.csv", "--target", "churn", "--balance", "--mark", "origin", *QUICK)
    assert "warning: 'money.csv': 'balance' holds numbers, such as '$" in done.stderr
    text = Path("money_augmented.csv").read_text().splitlines()
    assert all("$" in line for line in text[1:])
    with pytest.warns(DataWarning, match="holds numbers"):
        found = read_table("money_augmented.csv").set_index("origin")["balance"]
    assert found["synthetic"].between(found["real"].min(), found["real"].max()).all()


def test_dates_come_back_in_their_order_and_none_is_impossible(folder):
    table = read_table("toy.csv").drop(columns=["comment", "id"])
    table["since"] = table["since"].dt.strftime("%m/%d/%Y")
    table.to_csv("dates.csv", index=False)
    run("augment", "dates.csv", "--target", "churn", "--balance", "--mark", "origin", *QUICK)
    found = read_table("dates_augmented.csv").set_index("origin")["since"]
    assert found["synthetic"].between(found["real"].min(), found["real"].max()).all()
    lines = Path("dates_augmented.csv").read_text().splitlines()
    place = lines[0].split(",").index("since")
    assert all(len(line.split(",")[place]) in (0, 10) for line in lines[1:])


def test_the_order_of_dates_is_asked_for_and_taken(folder):
    table = read_table("toy.csv").drop(columns=["comment", "id"])
    table["since"] = [f"{1 + i % 12}/{1 + i // 12}/2020" for i in range(len(table))]
    table.to_csv("dates.csv", index=False)
    assert "text until you say date_order='dmy' or date_order='mdy' (--date-order)" in train(
        "dates.csv", "--target", "churn"
    )
    train("dates.csv", "--target", "churn", "--date-order", "mdy")
    kinds = {column["name"]: column["kind"] for column in GANAugmenter.load("m.safetensors").describe()["columns"]}
    assert kinds["since"] == "datetime"
