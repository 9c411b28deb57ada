"""The tower and the dilated layers written out: position by position, and one sum after another."""

import torch


def random_sequence(batch, length, seed=0):
    """One-hot bases, among them some N."""
    torch.manual_seed(seed)
    codes = torch.randint(0, 5, (batch, length))
    planes = torch.cat([torch.eye(4), torch.full((1, 4), 0.25)])
    return planes[codes].transpose(1, 2).contiguous()


def unsettle(model):
    """Make the parameters and running statistics of batch norm other than one and zero."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if "normalisation" in name and tensor.is_floating_point():
                tensor.copy_(torch.rand_like(tensor) + 0.5)
    return model


def plain_norm(states, norm, training):
    """Batch norm of batch × channel × position."""
    if training:
        mean, var = states.mean((0, 2)), states.var((0, 2), unbiased=False)
    else:
        mean, var = norm.running_mean, norm.running_var
    scaled = (states - mean[:, None]) / (var[:, None] + norm.eps).sqrt()
    return scaled * norm.weight[:, None] + norm.bias[:, None]


def plain_block(states, block, *, first=False, training=False, dilation=1, pool=1):
    if not first:
        states = torch.where(states > 0, states, 0.0)
    weight = block.convolution.weight
    kernel, length = weight.shape[2], states.shape[2]
    before = (kernel - 1) * dilation // 2
    found = []
    for position in range(length):
        total = torch.zeros(states.shape[0], weight.shape[0])
        for step in range(kernel):
            place = position - before + step * dilation
            if 0 <= place < length:
                total = total + states[:, :, place] @ weight[:, :, step].T
        found.append(total)
    states = plain_norm(torch.stack(found, dim=2), block.normalisation, training)
    parts = [states[:, :, start : start + pool].amax(2) for start in range(0, length, pool)]
    return torch.stack(parts, dim=2)


def plain_tower(sequence, tower, pools, training=False):
    states = sequence
    for number, (block, pool) in enumerate(zip(tower.blocks, pools, strict=True)):
        states = plain_block(states, block, first=number == 0, training=training, pool=pool)
    return states


def plain_dilated(states, context, training=False):
    for number, block in enumerate(context.blocks):
        found = plain_block(states, block, training=training, dilation=2 ** (number + 1))
        states = torch.cat([states, found], dim=1)
    return states


def reach(network, position, length):
    """Over how many bases the states at a position have gradients, of any of some sequences."""
    reached = torch.zeros(length, dtype=torch.bool)
    for seed in range(8):  # a max-pool passes on only the largest
        sequence = random_sequence(1, length, seed).double().requires_grad_()
        states = network(sequence)[0, :, position]
        (gradient,) = torch.autograd.grad(states.abs().sum(), sequence)
        reached |= gradient[0].abs().sum(0) != 0
    places = reached.nonzero()
    return int(places.max() - places.min() + 1)
