"""CSV files that are read as they are written, and those that are refused, with the reason."""

from __future__ import annotations

import gzip

# What pandas.read_csv or a spreadsheet would change without a word: bytes -> what they say
READ = {
    "a header that begins with #": (b"#,b\n1,x\n2,y\n", {"#": [1, 2], "b": ["x", "y"]}),
    "byte order mark": (b"\xef\xbb\xbfa,b\n1,2\n", {"a": [1], "b": [2]}),
    "windows line ends": (b"a,b\r\n1,x\r\n", {"a": [1], "b": ["x"]}),
    "old mac line ends": (b"a,b\r1,x\r2,y", {"a": [1, 2], "b": ["x", "y"]}),
    "no last line end": (b"a,b\n1,2", {"a": [1], "b": [2]}),
    "blank lines at the end": (b"a,b\n1,2\n\n\r\n", {"a": [1], "b": [2]}),
    "label called NA": (b"x,y\n1,NA\n2,None\n3,null\n4,ok\n", {"x": [1, 2, 3, 4], "y": ["NA", "None", "null", "ok"]}),
    "leading zeros": (b"zip,y\n00123,1\n45678,0\n", {"zip": ["00123", "45678"], "y": [1, 0]}),
    "integers beyond floats, with a gap": (b"a,b\n9007199254740993,\n,2\n", {"a": [2**53 + 1, None], "b": [None, 2]}),
    "2**64": (b"a\n18446744073709551616\n", {"a": ["18446744073709551616"]}),
    "last bit of a float": (b"a\n1.7976931348623157e308\n0.1\n2.2250738585072011e-308\n",
                            {"a": [1.7976931348623157e308, 0.1, 2.2250738585072011e-308]}),
    "beyond floats": (b"a,b\n1.5,1\n1e999,2\n", {"a": ["1.5", "1e999"], "b": [1, 2]}),
    "semicolons": (b"a;b\n1;2\n", {"a": [1], "b": [2]}),
    "tabs in a .csv": (b"a\tb\n1\t2\n", {"a": [1], "b": [2]}),
    "bars": (b"a|b\n1|2\n", {"a": [1], "b": [2]}),
    "semicolons with commas in the header": (b"a, in kg;b\n1;2\n", {"a, in kg": [1], "b": [2]}),
    "commas with a bar in the header": (b"a|b,c|d\n1,2\n", {"a|b": [1], "c|d": [2]}),
    "one column": (b"a\n1\n2\n", {"a": [1, 2]}),
    "one column with a quoted comma": (b'"a, b"\n"1, 2"\n', {"a, b": ["1, 2"]}),
    "one column of text with semicolons": (b"a\nx;y\nz;w\n", {"a": ["x;y", "z;w"]}),
    "one column, quoted empty cell": (b'a\n1\n""\n', {"a": [1, None]}),
    "quoted newlines, commas and quotes": (b'a,b\n"x\ny, ""z""",1\n', {"a": ['x\ny, "z"'], "b": [1]}),
    "quoted line ends": (b'a,b\n"\r\n",1\n"\r",2\n', {"a": ["\r\n", "\r"], "b": [1, 2]}),
    "quote inside a word": (b'a,b\n5" pipe,1\n', {"a": ['5" pipe'], "b": [1]}),
    "outer blanks": (b"a,b\n x ,1\ny, 2\n", {"a": [" x ", "y"], "b": ["1", " 2"]}),
    "half numbers, half words": (b"a,b\n1,1\nx,2\n", {"a": ["1", "x"], "b": [1, 2]}),
    "question marks for missing": (b"TSH,y\n1.3,0\n?,1\n", {"TSH": [1.3, None], "y": [0, 1]}),
    "only question marks": (b"a,b\n?,1\n?,2\n", {"a": ["?", "?"], "b": [1, 2]}),
    "all empty": (b"a,b\n,1\n,2\n", {"a": [None, None], "b": [1, 2]}),
    "unicode": ("naïve,ß\n日本,\U0001f600\n".encode(), {"naïve": ["日本"], "ß": ["\U0001f600"]}),
    "lines that only Python would split": ("a\nx\u2028y\x0b\x85\x1c\n".encode(), {"a": ["x\u2028y\x0b\x85\x1c"]}),
    "formula": (b"a,b\n=1+1,1\n@x,2\n", {"a": ["=1+1", "@x"], "b": [1, 2]}),
    "header like an index": (b"Unnamed: 0,b\n1,2\n", {"Unnamed: 0": [1], "b": [2]}),
    "header like a file kind": (b"PAR1,PK\n1,2\n", {"PAR1": [1], "PK": [2]}),
}  # fmt: skip

# bytes -> what they say, and what is said of them
ASSUMED = {
    "comments": (b"# made by hand\n#\n\na,b\n1,x\n2,y\n", {"a": [1, 2], "b": ["x", "y"]}, "the first 3 lines, of comm"),
    "a comment": (b"# of 2020, and more, and more\na;b\n1;x\n", {"a": [1], "b": ["x"]}, "the first line"),
    "pandas' index": (b",a,b\n0,5,x\n1,6,y\n", {"a": [5, 6], "b": ["x", "y"]}, "column 1 has no name and names the"),
    "row names": (b'"","mpg"\n"Mazda",21\n"Fiat",32\n', {"mpg": [21, 32]}, "column 1 has no name and names the rows"),
    "row names of R without a name": (b'"a","b"\n"1",5,x\n"2",6,y\n', {"a": [5, 6], "b": ["x", "y"]}, "column 1 has"),
    "comma at the end of each line": (b"a,b,\n1,2,\n", {"a": [1], "b": [2]}, "column 3 has neither a name nor a value"),
    "comma at the end of each row": (b"a,b\n5,2,\n7,8,\n", {"a": [5, 7], "b": [2, 8]}, "column 3 has neither a name"),
    "blank name after row names": (b",, \nx,1,5\ny,2,6\n", {"column_2": [1, 2], "column_3": [5, 6]},
                                   "column 2 has no name, and is now 'column_2'"),
    "blank name": (b"a, \n1,2\n", {"a": [1], "column_2": [2]}, "column 2 has no name, and is now 'column_2'"),
    "blank name over repeated cells": (b",b\n1,2\n1,3\n", {"column_1": [1, 1], "b": [2, 3]}, "column 1 has no name, a"),
    "decimal comma": (b"a;b\n1,5;2\n", {"a": [1.5], "b": [2]}, "'a' holds numbers, such as '1,5'"),
    "thousands separator": (b'a,b\n"1,000",2\n', {"a": [1000], "b": [2]}, "'a' holds numbers, such as '1,000'"),
    "currency": (b'a,b\n?,1\n"$1,000.50",2\n', {"a": [None, 1000.5], "b": [1, 2]}, "such as '\\$1,000.50'"),
    "dates of unclear order": (b"a,b\n1/2/2020,1\n3/4/2020,2\n", {"a": ["1/2/2020", "3/4/2020"], "b": [1, 2]},
                               "'a' holds dates such as '1/2/2020', text until you say date_order='dmy' or"),
    "blanks after the commas": (b"age, n, label\n39, 7,  x\n50, , >50K\n",
                                {"age": [39, 50], "n": [7, None], "label": [" x", ">50K"]}, "the blank after each"),
    "repeated name": (b"a,b,a\n1,2,3\n", {"a": [1], "b": [2], "a_2": [3]}, "column 3 is called 'a' like one before"),
    "repeated name, number taken": (b"a,a_2,a\n1,2,3\n", {"a": [1], "a_2": [2], "a_3": [3]}, "column 3 is called 'a'"),
    "numbers alone": (b"6,148,0.5\n1,85,0.3\n8,183,0.6\n",
                      {"column_1": [6, 1, 8], "column_2": [148, 85, 183], "column_3": [0.5, 0.3, 0.6]},
                      "the first line is a row like the others"),
    "numbers and a label": (b"5.1,3.5,setosa\n4.9,3.0,setosa\n6.3,?,other\n",
                            {"column_1": [5.1, 4.9, 6.3], "column_2": [3.5, 3.0, None],
                             "column_3": ["setosa", "setosa", "other"]}, "the first line is a row"),
    "words alone": (b"vhigh,2,low\nvhigh,2,med\nlow,more,low\n",
                    {"column_1": ["vhigh", "vhigh", "low"], "column_2": ["2", "2", "more"],
                     "column_3": ["low", "med", "low"]}, "the first line is a row"),
    **{
        f"{encoding}: {text[:12]}": (f"name,n\n{text},1\n{text}!,2\n".encode(encoding),
                                     {"name": [text, f"{text}!"], "n": [1, 2]}, f"its bytes look like {encoding} text")
        for encoding, text in (
            ("cp1252", "Köln"), ("cp1252", "München – Süd"), ("cp1252", "François, l’été".replace(",", "")),
            ("mac_roman", "Köln und Düsseldorf"), ("mac_roman", "Zürich schön"), ("mac_roman", "prénom naïve café"),
            ("cp1250", "Zażółć gęślą jaźń Łódź"), ("cp1251", "Москва Казань"), ("shift_jis", "太郎東京花子大阪"),
            ("gb18030", "小明北京天津"),
        )
    },
}  # fmt: skip

# Numbers in a first line that is a header all the same
HEADERS = {
    "years": (b"country,2001,2002\nA,1,2\nB,3,4\n", ["country", "2001", "2002"]),
    "years alone": (b"1990,1995,2000\n1,2,3\n4,5,6\n", ["1990", "1995", "2000"]),
    "positions": (b"0,1,2\n5,6,7\n8,9,5\n", ["0", "1", "2"]),
    "words over the same words": (b"yes,no\nyes,no\nno,yes\n", ["yes", "no"]),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), ["a", "b"]),
}

# bytes -> what is wrong with them
REFUSED = {
    "a short row below comments": (b"# one\n# two\na,b\n1,2\n3\n", r"^Line 5 of .* has 1 cells where the header has 2"),
    "empty": (b"", r"'.*t\.csv' is empty; give a file with a header line and rows\."),
    "blank": (b"\xef\xbb\xbf \r\n\n", r"is empty"),
    "header only": (b"a,b\n\n", r"has a header line but no rows"),
    "utf-16 without mark": ("a,b\n1,2\n".encode("utf-16-le"), r"Line 1 of .* holds a NUL byte; save the file as UTF-8"),
    "nul": (b"a,b\r1,x\r2,\0\r", r"Line 3 of .* holds a NUL byte"),
    "a broken archive": (b"PK\x03\x04\0\0", r"is no sound zip archive .*; unpack it first"),
    "gzip without .gz": (gzip.compress(b"a\n1\n"), r"is compressed with gzip; let its name end in \.gz"),
    "row too long": (b"a,b\n1,2\n1,2,3\n", r"Line 3 of .* has 3 cells where the header has 2; complete it, or quote"),
    "every row too long": (b"a,b\nx,1,5\ny,2,5\n", r"Line 2 of .* has 3 cells where the header has 2"),
    "three rows too long, then not": (b"a,b\n1,2,3\n2,5,6\n7,8\n", r"Line 4 of .* has 2 cells where the header has 3"),
    "no name and no value": (b";\n;\n", r"No column of .* has a name and values"),
    "bytes of no text": (b"a,b\n1,\x81\x00\xff\n", r"Line 2 of .* holds the byte 0x81, .*--encoding"),
    "row too short": (b'a,b\n"x\n\ny",2\n1\n', r"Line 5 of .* has 1 cells where the header has 2"),
    "blank first line": (b"\na,b\n1,2\n", r"Line 1 of .* is blank"),
    "blank line between": (b"a,b\n1,2\n\n3,4\n", r"Line 3 of .* is blank; remove it"),
    "blank line in one column": (b"a\n1\n\n3\n", r"Line 3 of .* is blank; .* write an empty cell as \"\""),
    "line ends doubled": (b"a\r\r\n1\r\r\n", r"Line 2 of .* is blank"),
    "quote never closed": (b'a,b\n1,2\n3,"x\n5,6\n', r"Line 3 of .* opens a quote that is never closed"),
    "quote closed too late": (b'a,b\n1,"x\n2,"y"\n', r"Line 2 of .* has text after a closing quote .*; double"),
    "huge cell": (b'a,b\n1,"' + b"x" * 200_000 + b'"\n', r"Line 2 of .* begins a field larger than field limit"),
    "two possible separators": (b"Euro, net;kg, dry\n1,5;2,5\n", r"split at ',' and ';'; say which with separator=','"),
}  # fmt: skip
