"""Choose how synthetic samples become like the real ones that they replace.

Two rules say how. Where real images go through calls of the data set's transforms, synthetic ones go through the same
calls, in the form in which the data set makes them. Samples with the type, dtype and shape of finished ones pass
unchanged where there are no such calls, or where the augmenter learned what comes out of them; layout, uint8 and [0, 1]
are converted. What real images seem to go through beyond that is complained of.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import DataError, DataWarning
from ..messages import join_names
from .conversion import CURE, SampleSpec, Transform, convert_to_spec, describe_sample, give_type
from .origin import Origin, Stage

_FAR = 0.15  # of what values could fill: how far real images may lie off all synthetic ones, in the mean


@dataclass(frozen=True)
class SampleConverter:
    """A function that makes of a synthetic sample what a data set yields.

    Attributes
    ----------
    stages : tuple of Stage
        What the sample goes through, after a conversion to what each of them takes.
    spec : SampleSpec or None
        Layout, dtype and container to which the result is converted.
    own : callable or None
        The user's transform, which takes the sample as the augmenter made it.
    """

    stages: tuple[Stage, ...] = ()
    spec: SampleSpec | None = None
    own: Transform | None = None

    def __call__(self, sample: Any, real: Any = None) -> Any:
        """Convert a sample, and give it the type of the real one that it replaces."""
        made = self._make(sample)
        return made if real is None else give_type(made, real)

    def _make(self, sample: Any) -> Any:
        if self.own is not None:
            return self.own(sample)
        for stage in self.stages:
            sample = stage(convert_to_spec(sample, stage.spec))
        return sample if self.spec is None else convert_to_spec(sample, self.spec)


def choose_converter(
    samples: Sequence[Any],
    pool: SampleSpec,
    spec: SampleSpec,
    origins: Sequence[Origin] = (),
    own: Transform | None = None,
) -> SampleConverter:
    """Choose how synthetic samples become like real ones.

    Parameters
    ----------
    samples : sequence of PIL images, arrays or tensors
        Some synthetic samples.
    pool : SampleSpec
        Description of all synthetic samples.
    spec : SampleSpec
        Description of the real samples.
    origins : sequence of Origin
        What some real samples were made of.
    own : callable or None
        The user's transform of synthetic samples, which overrules everything.

    Raises
    ------
    DataError
        Synthetic samples would differ from real ones in type, shape or range of values.
    """
    if own is not None:
        return _check_own_transform(SampleConverter(own=own), samples[0], spec)
    chain, raws = _choose_chain(origins)
    if not chain.stages or _is_finished(samples, pool, spec, raws):
        return _choose_plain(samples, pool, spec, chain)
    converter, failure = _find_way(samples[0], pool, spec, chain.stages, raws)
    if converter is not None:
        _check_way(converter, samples, spec, chain)
        return converter
    if not chain.is_complete:
        plain = _choose_plain(samples, pool, spec, Origin(None))
        _warn(f"The data set calls {_join(chain)} with images, and yields others; synthetic ones do not go there")
        return plain
    raise DataError(f"Images of the data set go through {_join(chain)}, and synthetic ones cannot: {failure}; {CURE}.")


def _choose_chain(origins: Sequence[Origin]) -> tuple[Origin, list[SampleSpec]]:
    """Return the calls that most real images go through, and descriptions of the images that enter them."""
    if not origins:
        return Origin(None), []
    usual, count = Counter(origin.names for origin in origins).most_common(1)[0]
    chosen = [origin for origin in origins if origin.names == usual]
    if count < len(origins):
        others = {join_names(origin.names) or "nothing" for origin in origins if origin.names != usual}
        _warn(
            f"Images of the data set differ in what they go through: {count} of {len(origins)} that were read through "
            f"{join_names(usual) or 'nothing'}, others through {' or '.join(sorted(others))}; synthetic ones all go "
            f"through {join_names(usual) or 'nothing'}"
        )
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for origin in chosen:
        one = describe_sample(origin.raw, values=False)
        groups.setdefault((one.kind, one.dtype, len(one.shape)), []).append(origin.raw)
    raws = [SampleSpec.infer(group).with_any_size() for group in sorted(groups.values(), key=len, reverse=True)]
    is_complete, is_random = all(o.is_complete for o in chosen), any(o.is_random for o in chosen)
    return replace(chosen[0], is_complete=is_complete, is_random=is_random), raws


def _is_finished(samples: Sequence[Any], pool: SampleSpec, spec: SampleSpec, raws: Sequence[SampleSpec]) -> bool:
    """Return whether an augmenter learned what comes out of the data set, not what goes into its transforms."""
    if pool.dtype != spec.dtype and not (pool.dtype.startswith("float") and spec.dtype.startswith("float")):
        return False
    leaving = [_try_convert(sample, spec) for sample in samples]
    if not _suits(pool, spec) or any(sample is None for sample in leaving):
        return False
    entering = [(raw, [_try_convert(sample, raw) for sample in samples]) for raw in raws if _may_enter(pool, raw)]
    gaps = [_measure_gap(raw, made) for raw, made in entering if all(one is not None for one in made)]
    return _measure_gap(spec, leaving) < (min(gaps) - _FAR if gaps else 0.5)


def _try_convert(sample: Any, spec: SampleSpec) -> Any:
    try:
        return convert_to_spec(sample, spec)
    except TypeError:
        return None


def _suits(pool: SampleSpec, spec: SampleSpec) -> bool:
    """Return whether samples have the values of 8-bit images if that is needed; one in [0, 1] may be an exception."""
    return pool.is_image_like or pool.dtype == spec.dtype or not spec.is_byte


def _may_enter(pool: SampleSpec, raw: SampleSpec) -> bool:
    """Return whether samples can stand for raw images, as far as the range of their values tells."""
    are_floats = pool.dtype.startswith("float") and raw.dtype.startswith("float")
    goes_beyond = raw.is_picture and are_floats and raw.is_unit and not -0.5 <= pool.low <= pool.high <= 1.5
    return _suits(pool, raw) and not _is_told_apart(pool, raw) and not goes_beyond


def _measure_gap(spec: SampleSpec, samples: Sequence[Any]) -> float:
    """Return how far the mean of samples lies off that of real ones, as a share of what values could fill."""
    means = SampleSpec.infer(samples).means
    if not means or not spec.means or not spec.full_scale:
        return 0.0
    return abs(float(np.mean(means)) - float(np.mean(spec.means))) / spec.full_scale


def _measure_distance(spec: SampleSpec, samples: Sequence[Any]) -> float:
    """Return how far the middle half of real samples lies off all of some others, measured like the gap."""
    means = SampleSpec.infer(samples).means
    if not means or not spec.means or not spec.full_scale:
        return 0.0
    first, last = np.quantile(spec.means, [0.25, 0.75])
    return float(np.fmax(max(0.0, first - max(means)), min(means) - last)) / spec.full_scale


def _find_way(
    sample: Any, pool: SampleSpec, spec: SampleSpec, stages: tuple[Stage, ...], raws: Sequence[SampleSpec]
) -> tuple[SampleConverter | None, str]:
    """Return a converter that sends samples through stages and makes them like real ones, or why there is none."""
    failure = f"{_describe_range(pool, raws[0])} cannot be made {raws[0]}, as images enter there"
    for raw in raws:
        entering = _try_convert(sample, raw)
        if entering is None or not _may_enter(pool, raw):
            continue
        through = SampleConverter((replace(stages[0], spec=raw), *stages[1:]))
        try:
            made = through(sample)
        except Exception as error:  # the data set's transforms are other people's code
            entered = describe_sample(entering, values=False)
            failure = f"{entered} fails there with {type(error).__name__}: {error}"
            continue
        if _try_convert(made, spec) is not None:
            return replace(through, spec=spec), ""
        failure = f"it becomes {describe_sample(made, values=False)}, where the data set yields {spec}"
    return None, failure


def _check_way(converter: SampleConverter, samples: Sequence[Any], spec: SampleSpec, chain: Origin) -> None:
    """Complain of what real images go through besides the stages."""
    raw = converter.stages[0].spec
    if not chain.is_complete:
        if _lies_far_off(spec, [converter(sample) for sample in samples]):
            raise DataError(
                f"Images of the data set go through {_join(chain)}, and then through something that ganaug cannot see; "
                f"without that, synthetic ones would differ from them: {CURE}."
            )
        _warn(
            f"Images of the data set go through {_join(chain)}, and then through something that ganaug cannot see; "
            "synthetic ones do not go through that"
        )
    elif _lies_far_off(raw, [convert_to_spec(sample, raw) for sample in samples]):
        _warn_of_means("Images that enter " + _join(chain), raw, [convert_to_spec(s, raw) for s in samples])


def _lies_far_off(spec: SampleSpec, samples: Sequence[Any]) -> bool:
    is_black = spec.low == spec.high == 0  # which tells nothing about others
    return spec.is_picture and not is_black and _measure_distance(spec, samples) > _FAR


def _choose_plain(samples: Sequence[Any], pool: SampleSpec, spec: SampleSpec, chain: Origin) -> SampleConverter:
    """Choose a conversion without the data set's transforms."""
    converter = SampleConverter(spec=spec)
    if not _suits(pool, spec) or _try_convert(samples[0], spec) is None or _is_told_apart(pool, spec):
        raise DataError(f"The data set yields {spec}, and the augmenter samples {_describe_range(pool, spec)}; {CURE}.")
    if chain.stages:  # the augmenter learned what comes out of them
        return converter
    made = [converter(sample) for sample in samples]
    if _lies_far_off(spec, made):
        _warn_of_means("Real images", spec, made)
    elif chain.idle:
        _warn(
            f"The data set holds {join_names(chain.idle)}, and did not call it when items were read; if real images "
            "went through it before, synthetic ones do not"
        )
    elif chain.is_random:
        _warn(
            "The data set changes its images at random by something that ganaug cannot see; synthetic ones do not go "
            "through that"
        )
    return converter


def _is_told_apart(pool: SampleSpec, spec: SampleSpec) -> bool:
    """Return whether images in [0, 1] stand for real ones of another range, such as normalised ones."""
    if not (spec.is_picture and spec.dtype.startswith("float") and pool.dtype.startswith("float") and pool.is_unit):
        return False
    return spec.low < -0.05 * (spec.high - spec.low or 1.0) or spec.high > 2.0


def _check_own_transform(converter: SampleConverter, sample: Any, spec: SampleSpec) -> SampleConverter:
    try:
        result = converter(sample)
    except Exception as error:
        raise DataError(
            f"transform= failed on one synthetic sample, {describe_sample(sample, values=False)}, with "
            f"{type(error).__name__}: {error}; make it take what the augmenter samples."
        ) from error
    if not spec.matches(result):
        got = describe_sample(result, values=False)
        raise DataError(f"The data set yields {spec}, and transform= returned {got}; return what the data set yields.")
    return converter


def _describe_range(pool: SampleSpec, spec: SampleSpec) -> str:
    """Describe synthetic samples in words, with the ranges of values where these can be why samples do not match."""
    if pool.kind == "PIL image" or spec.kind == "PIL image" or "float" not in pool.dtype + spec.dtype:
        return str(pool)
    of_real = f"[{spec.low:.3g}, {spec.high:.3g}]"
    return f"{pool} with values in [{pool.low:.3g}, {pool.high:.3g}] where real ones are in {of_real}"


def _join(chain: Origin) -> str:
    return join_names([*chain.names])


def _warn_of_means(which: str, spec: SampleSpec, samples: Sequence[Any]) -> None:
    means = SampleSpec.infer(samples).means
    _warn(
        f"{which} have means of {min(spec.means):.3g} to {max(spec.means):.3g}, and synthetic ones {min(means):.3g} to "
        f"{max(means):.3g}: real ones seem to go through something that synthetic ones do not go through"
    )


def _warn(text: str) -> None:
    warnings.warn(f"{text}; {CURE}.", DataWarning, stacklevel=2)
