"""Learn and sample images: reading and writing, networks, differentiable augmentation, and a small classifier."""

from ..modality import Modality
from .augment import AUGMENTATIONS, augment
from .classifier import ConvClassifier
from .copying import augment_image_folder, list_image_folder
from .defaults import image_defaults
from .encoder import ImageEncoder, pictures
from .folders import read_image_folder
from .networks import PAIRS, image_discriminator, image_generator
from .painting import choose_file_range
from .picture import is_image_file
from .png import write_image_folder
from .samples import accepts, take_apart
from .score import held_out_score

IMAGE = Modality(
    "image",
    accepts,
    ImageEncoder,
    image_generator,
    image_discriminator,
    held_out_score,
    options=("channel_axis",),
    take_apart=take_apart,
    learner=ConvClassifier,
    filters=("label_agreement",),
    defaults=image_defaults,
    augment=augment,
    augmentations=tuple(AUGMENTATIONS),
    architectures=tuple(PAIRS),
    pictures=pictures,
    describe=lambda schema: {"images": {**schema, "file_range": choose_file_range(schema)}},
    block=256,
    oversampling=4,
    unit="image",
    trains_networks=True,
)

__all__ = [
    "AUGMENTATIONS",
    "IMAGE",
    "PAIRS",
    "augment_image_folder",
    "is_image_file",
    "list_image_folder",
    "read_image_folder",
    "write_image_folder",
]
