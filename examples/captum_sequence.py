"""Explain a sequence model with captum: the model is a plain module, and is given as it is.

    python examples/captum_sequence.py RUN

explains, for the first test region of a run's dataset, the bin where most coverage is predicted:
its coverage in one track, of the model as it is, and the log of it, which makes attributions log
fold changes. Prints the ten bases that matter most.

Saliency, InputXGradient and IntegratedGradients need derivatives alone. DeepLift has rules for
layers such as nn.ReLU; the models here call functions, which it takes for linear, so that what it
attributes does not add up. Use IntegratedGradients.
"""

import argparse
from pathlib import Path

import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency

import attendome as ad
from attendome.interpretation.sequence.targets import OnTarget, Target
from attendome.models.sequence.bases import one_hot


def main() -> None:
    """Read the options, explain one bin, and print what matters."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, help="run folder of a sequence model")
    parser.add_argument("--track", help="by default the first one")
    parser.add_argument("--steps", type=int, default=50, help="of integrated gradients, default 50")
    options = parser.parse_args()
    run = ad.open_run(options.run)
    model, data = run.model.eval(), run.dataset().split("test")
    track = run.description.tracks.index(options.track) if options.track else 0
    sequence = one_hot(torch.from_numpy(data.read(0)[0]))[None].requires_grad_()
    strongest = int(model(sequence)[0, :, track].argmax())

    # The output is batch × bin × track: captum's target is the bin and the track.
    of_coverage = InputXGradient(model).attribute(sequence, target=(strongest, track)).detach()

    # Or one number per track that is a log: a module of ours around the model, of one output here.
    level = OnTarget(model, Target(strongest, strongest + 1, (track,)))
    derivatives = Saliency(level).attribute(sequence, target=0, abs=False)
    # A base takes the place of another: the mean of the four derivatives says nothing.
    of_level = (
        (sequence * (derivatives - derivatives.mean(dim=1, keepdim=True))).sum(dim=1)[0].detach()
    )

    integrated, missed = IntegratedGradients(level).attribute(
        sequence,
        torch.full_like(sequence, 0.25),  # N, as the models read it
        target=0,
        n_steps=options.steps,
        method="riemann_middle",
        internal_batch_size=8,
        return_convergence_delta=True,
    )
    each = integrated.sum(dim=1)[0].detach()
    first = data.crop + strongest * data.bin_size  # base of the bin, in the region
    start = data.regions["start"].iloc[0] + first
    print(f"{run.description.tracks[track]} at {data.regions['chrom'].iloc[0]}:{start}")
    print(f"input × gradient of the coverage adds up to {of_coverage.sum().item():.3f}")
    added = float(each.sum())
    print(
        f"integrated gradients: {added:.3f} of the {added - float(missed):.3f} between N and here"
    )
    print("base  bp from the bin  integrated gradients  gradient")
    for place in each.abs().topk(10).indices.tolist():
        base = "ACGTN"[int(data.read(0)[0][place])]
        beside = place - first
        print(f"{base:4}  {beside:15d}  {float(each[place]):20.3f}  {float(of_level[place]):8.3f}")


if __name__ == "__main__":
    main()
