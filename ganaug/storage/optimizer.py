"""Convert optimizer state to tensors and JSON and back, so that training resumes bit for bit without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch

from ..errors import ModelFileError
from .content import canonical_json


def flatten_optimizer(
    name: str, optimizer: torch.optim.Optimizer
) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """Return the state of `optimizer` as tensors and JSON, for `restore_optimizer`.

    Parameters
    ----------
    name : str
        First part of the tensor names, ``"{name}.{parameter index}.{key}"``.
    optimizer : torch.optim.Optimizer
        One whose state consists of tensors, such as Adam or RMSprop.

    Returns
    -------
    tensors : dict of str to Tensor
        Copies; empty before the first step.
    groups : list of dict
        The parameter groups (learning rate, betas, ...) as plain JSON; tensors of one number are numbers there.

    Raises
    ------
    TypeError
        The optimizer keeps something other than tensors, or options that JSON cannot hold.
    """
    state = optimizer.state_dict()
    tensors = {}
    for index, slots in state["state"].items():
        for key, value in slots.items():
            if not isinstance(value, torch.Tensor):
                raise TypeError(f"{type(optimizer).__name__} keeps {key!r} as {type(value).__name__}, not a tensor")
            tensors[f"{name}.{index}.{key}"] = value.detach().clone()
    groups = [{key: _to_number(value) for key, value in group.items()} for group in state["param_groups"]]
    return tensors, json.loads(canonical_json(groups))


def restore_optimizer(
    name: str,
    optimizer: torch.optim.Optimizer,
    tensors: Mapping[str, torch.Tensor],
    groups: list[dict[str, Any]],
) -> None:
    """Load the state that `flatten_optimizer` returned into `optimizer`, bit for bit.

    Parameters
    ----------
    name : str
        As given to `flatten_optimizer`; tensors of other names are left alone.
    optimizer : torch.optim.Optimizer
        Made like the one that was saved, over parameters of the same shapes in the same order.
    tensors : mapping of str to Tensor
        Copied, so that training on does not change them.
    groups : list of dict
        As returned by `flatten_optimizer`.

    Raises
    ------
    ModelFileError
        The saved state is not that of such an optimizer; `optimizer` is then unchanged.
    """
    fresh = optimizer.state_dict()["param_groups"]
    shapes = [parameter.shape for group in optimizer.param_groups for parameter in group["params"]]
    try:
        state = {
            "state": _group_by_parameter(f"{name}.", tensors, shapes),
            "param_groups": [_restore_group(new, old) for new, old in zip(fresh, groups, strict=True)],
        }
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as fault:
        raise ModelFileError(
            f"The saved state of the optimizer {name!r} belongs to another network, optimizer or torch "
            f"version ({fault}): start the training again."
        ) from fault
    optimizer.load_state_dict(state)


def _group_by_parameter(
    prefix: str, tensors: Mapping[str, torch.Tensor], shapes: list[torch.Size]
) -> dict[int, dict[str, torch.Tensor]]:
    """Return {parameter index: {key: copy}} of the tensors whose names start with `prefix`."""
    slots: dict[int, dict[str, torch.Tensor]] = {}
    for full_name in tensors:
        if full_name.startswith(prefix):
            index, key = full_name.removeprefix(prefix).split(".", 1)
            value = tensors[full_name]
            # The shape of its parameter, or one number such as the step: torch itself does not look.
            if value.shape not in (shapes[int(index)], torch.Size()):
                raise ValueError(f"{full_name} has the shape {list(value.shape)}")
            slots.setdefault(int(index), {})[key] = value.clone()
    return slots


def _restore_group(fresh: dict[str, Any], saved: dict[str, Any]) -> dict[str, Any]:
    """Return the saved options, with the tuples (such as betas) and tensors that JSON has no types for."""
    if saved.keys() != fresh.keys() or saved["params"] != fresh["params"]:
        raise ValueError("other options or parameters")
    return {key: _restore_option(fresh[key], value) for key, value in saved.items()}


def _restore_option(fresh: Any, saved: Any) -> Any:
    """Return a saved option in the type of a fresh one."""
    if isinstance(fresh, torch.Tensor):
        return torch.full_like(fresh, saved)
    return tuple(saved) if isinstance(fresh, tuple) else saved


def _to_number(option: Any) -> Any:
    """Return a tensor of one number as that number, and any other option unchanged."""
    return option.item() if isinstance(option, torch.Tensor) and option.numel() == 1 else option
