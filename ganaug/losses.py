"""Define adversarial losses and gradient penalties, each loss a pair of functions of the logits.

A loss takes the discriminator's logits of real and of synthetic samples (``fake_logits``, the field's word); sample i
of both has the same class. Every function takes tensors of shape (n,) and returns a scalar. `LOSSES` holds the losses
with a name; any other `Loss` can be given as ``GANAugmenter(loss=...)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .errors import ParameterError
from .params import check_params, integer, real

Logits = Callable[[Tensor, Tensor], Tensor]
Penalty = Callable[[nn.Module, Tensor, Tensor, Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Loss:
    """Pair of adversarial objectives, and the regularisation that keeps them stable.

    Attributes
    ----------
    discriminator, generator : callable
        ``f(real_logits, fake_logits) -> Tensor`` of shape (), the loss that this network minimises.
    penalty : callable or None
        ``penalty(discriminator, real, fake, c, rng) -> Tensor`` of shape (), added to the discriminator's loss.
    penalty_weight : float
        Factor of the penalty, >= 0.
    penalty_interval : int
        Steps between two evaluations of the penalty, each weighted by this number (lazy regularisation [1]_).
    penalty_share : float
        Share of a batch, in (0, 1], on which the penalty is estimated.
    spectral_norm, batch_norm : bool
        Normalisation of the discriminator. Batch norm excludes a penalty, which needs the gradient at each sample.

    Raises
    ------
    ParameterError
        Weight, interval or share is out of range, or both batch norm and a penalty are requested.

    References
    ----------
    .. [1] Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020.

    Examples
    --------
    The least-squares loss of Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017:

    >>> import torch
    >>> from ganaug.losses import Loss, r1_r2
    >>> least_squares = Loss(
    ...     discriminator=lambda real, fake: ((real - 1) ** 2).mean() + (fake**2).mean(),
    ...     generator=lambda real, fake: ((fake - 1) ** 2).mean(),
    ...     penalty=r1_r2,
    ... )
    >>> least_squares.discriminator(torch.ones(4), torch.zeros(4))
    tensor(0.)

    It trains an augmenter as ``GANAugmenter(loss=least_squares)``.
    """

    discriminator: Logits
    generator: Logits
    penalty: Penalty | None = None
    penalty_weight: float = 1.0
    penalty_interval: int = 1
    penalty_share: float = 1.0
    spectral_norm: bool = False
    batch_norm: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        rules = {
            "penalty_weight": real(0.0, inclusive=True),
            "penalty_interval": integer(1),
            "penalty_share": real(0.0, 1.0),
        }
        check_params("Loss", {name: getattr(self, name) for name in rules}, rules)
        if self.batch_norm and self.penalty is not None:
            raise ParameterError(
                "The 'batch_norm' parameter of Loss must be False if there is a penalty, which needs the gradient at "
                "each sample alone. Got True instead."
            )


def relativistic_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Rank real above synthetic in each pair: Jolicoeur-Martineau, "The relativistic discriminator", ICLR 2019."""
    return functional.softplus(fake_logits - real_logits).mean()


def relativistic_generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Rank synthetic above real in each pair: Jolicoeur-Martineau, "The relativistic discriminator", ICLR 2019."""
    return functional.softplus(real_logits - fake_logits).mean()


def hinge_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the hinge loss, with a margin of one on either side: Lim and Ye, "Geometric GAN", arXiv 1705.02894."""
    return functional.relu(1.0 - real_logits).mean() + functional.relu(1.0 + fake_logits).mean()


def negated_logits(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Raise the synthetic logits: the generator of hinge (arXiv 1705.02894) and Wasserstein (arXiv 1701.07875)."""
    return -fake_logits.mean()


def wasserstein_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the difference of mean logits: Arjovsky et al., "Wasserstein GAN", ICML 2017."""
    return fake_logits.mean() - real_logits.mean()


def logistic_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the cross-entropy: Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014."""
    return functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()


def non_saturating_generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return -log D(G(z)), the heuristic of Goodfellow et al., NeurIPS 2014, section 3."""
    return functional.softplus(-fake_logits).mean()


def minimax_generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return log(1 - D(G(z))), the minimax game of Goodfellow et al., NeurIPS 2014, equation 1."""
    return -functional.softplus(fake_logits).mean()


def _squared_gradient_norm(discriminator: nn.Module, samples: Tensor, c: Tensor) -> Tensor:
    samples = samples.detach().float().requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminator(samples, c).sum(), samples, create_graph=True)
    return gradient.flatten(1).square().sum(1)


def r1_r2(discriminator: nn.Module, real: Tensor, fake: Tensor, c: Tensor, rng: torch.Generator) -> Tensor:
    """Return half the sum of the mean squared gradient norms at real and at synthetic samples.

    R1 is from Mescheder et al., "Which Training Methods for GANs do actually Converge?", ICML 2018; with R2 as well
    the relativistic game converges locally: Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024.
    """
    both = _squared_gradient_norm(discriminator, torch.cat([real, fake]), torch.cat([c, c]))
    return both.mean()  # mean over 2n samples = half the sum of the two means


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, c: Tensor, rng: torch.Generator) -> Tensor:
    """Return the mean of (||gradient|| - 1)^2 at points between real and synthetic samples.

    Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.
    """
    t = torch.rand((len(real), *[1] * (real.dim() - 1)), generator=rng, device=real.device)
    norm = (_squared_gradient_norm(discriminator, real + t * (fake - real), c) + 1e-12).sqrt()
    return (norm - 1.0).square().mean()


_R1_R2: dict[str, Any] = {"penalty": r1_r2, "penalty_weight": 0.5, "penalty_interval": 4, "penalty_share": 0.5}

LOSSES: dict[str, Loss] = {
    "relativistic": Loss(relativistic_discriminator, relativistic_generator, **_R1_R2),
    "hinge": Loss(hinge_discriminator, negated_logits, spectral_norm=True),
    "non-saturating": Loss(logistic_discriminator, non_saturating_generator, **_R1_R2),
    "wasserstein": Loss(wasserstein_discriminator, negated_logits, gradient_penalty, penalty_weight=10.0),
    "minimax": Loss(logistic_discriminator, minimax_generator, batch_norm=True),
}
