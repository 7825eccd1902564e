"""The words in names of folders that tell what a folder is for."""

from __future__ import annotations

import re
import unicodedata

TRAINING = "training"

ROLES = {
    **dict.fromkeys(("train", "training", "trn", "trainval"), TRAINING),
    **dict.fromkeys(("entrenamiento", "treino", "treinamento", "entraînement", "apprentissage"), TRAINING),
    **dict.fromkeys(
        ("addestramento", "entrainement", "eğitim", "обучение", "训练", "訓練", "学習", "훈련", "학습"), TRAINING
    ),
    **dict.fromkeys(("val", "valid", "validate", "validation", "dev", "development"), "validation"),
    **dict.fromkeys(("validación", "validacion", "validação", "validacao", "validierung", "validazione"), "validation"),
    **dict.fromkeys(("doğrulama", "валидация", "验证", "驗證", "検証", "검증"), "validation"),
    **dict.fromkeys(("test", "tests", "testing", "tst", "eval", "evaluation", "holdout"), "test"),
    **dict.fromkeys(("prueba", "pruebas", "teste", "testes", "тест", "测试", "測試", "テスト", "테스트"), "test"),
    **dict.fromkeys(("unlabeled", "unlabelled", "pred", "prediction", "predictions", "extra"), "other"),
}
"""Words for the parts of a data set, and what each part is for."""

IMAGES = {
    *("images", "image", "imgs", "img", "rgb", "photos", "photo", "pictures", "picture", "pics", "jpegs", "frames"),
    *("inputs", "input"),
}
"""Words for folders of any images."""

MASKS = {
    *("mask", "masks", "label", "labels", "annotation", "annotations", "annots", "gt", "groundtruth", "groundtruths"),
    *("segmentation", "segmentations", "labelmap", "labelmaps", "trimap", "trimaps", "bbox", "bboxes"),
}
"""Words for folders of what belongs to the images in another folder."""

_WORD = re.compile(r"[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+")


def split_words(name: str) -> list[str]:
    """Return the words of a file's or folder's name, in small letters; digits are left out.

    Examples
    --------
    >>> split_words("JPEGImages_train2017")
    ['jpeg', 'images', 'train']
    """
    plain = unicodedata.normalize("NFC", name)  # some systems keep accents apart
    return [word.lower() for word in _WORD.findall(plain.lower() if plain.isupper() else plain)]
