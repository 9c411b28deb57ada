"""Ask a sequence model questions with tangermeme: the model is a plain module, and is given as is.

    pip install tangermeme
    python examples/tangermeme_sequence.py RUN --motif CAGATGACGTCATC

takes the first test regions of a run's dataset. Prints what the motif in their middles does to the
coverage there; then, for the first region and the bin where most coverage is predicted, which bases
matter: by saturation mutagenesis, saliency and DeepLIFT/SHAP.

predict, marginalize and substitution_effect take the model as it is. The
others want one number per output: `OnTarget` gives the log of the coverage of some bins, whose
changes are log fold changes. Of deep_lift_shap, the rules are for layers such as nn.ReLU; the
models here call functions, which it takes for linear (and says so: the deltas are large). Given
`integrated_gradients_op` for the whole model it is integrated gradients from shuffled sequences.
Use fast=False of saturation_mutagenesis: what the tower does to the first filters cannot be taken
apart by fast=True, which finds that out and says so; `attendome explain --method mutagenesis` is
the fast way. Regions with N are refused by all that check one-hot input.
"""

import argparse
import warnings
from pathlib import Path

import torch
from tangermeme.deep_lift_shap import deep_lift_shap, integrated_gradients_op
from tangermeme.marginalize import marginalize
from tangermeme.predict import predict
from tangermeme.saliency import saliency
from tangermeme.saturation_mutagenesis import saturation_mutagenesis

import attendome as ad
from attendome.interpretation.sequence.targets import OnTarget, Target
from attendome.models.sequence.bases import one_hot


def main() -> None:
    """Read the options, ask, and print the answers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, help="run folder of a sequence model")
    parser.add_argument("--motif", default="CAGATGACGTCATC", help="letters A, C, G, T")
    parser.add_argument("--regions", type=int, default=8, help="for the motif, default 8")
    parser.add_argument("--width", type=int, default=100, help="bp that are mutated, default 100")
    parser.add_argument("--shuffles", type=int, default=4, help="for DeepLIFT/SHAP, default 4")
    options = parser.parse_args()
    run = ad.open_run(options.run)
    model, tracks = run.model, run.description.tracks
    data = run.dataset().split("test")
    codes = [torch.from_numpy(data.read(n)[0]) for n in range(min(options.regions, len(data)))]
    sequences = one_hot(torch.stack(codes))

    middle = data.bins // 2
    everything = tuple(range(len(tracks)))
    around = OnTarget(model, Target(middle - 2, middle + 2, everything))
    before, after = marginalize(around, sequences, options.motif)
    for track, change in zip(tracks, (after - before).mean(dim=0).tolist(), strict=True):
        print(f"{options.motif} in the middle, {track}: ln fold change {change:.3f}")

    first, coverage = sequences[:1], predict(model, sequences[:1])
    strongest = int(coverage[0, :, 0].argmax())
    level = OnTarget(model, Target(strongest, strongest + 1, everything))
    place = data.crop + strongest * data.bin_size
    start = max(place - options.width // 2, 0)
    end = min(start + options.width, data.length)
    ours, changed = saturation_mutagenesis(
        level, first, start=start, end=end, raw_outputs=True, fast=False
    )
    effect = changed[0, :, :, 0] - ours[0, 0]  # ln fold change of each base at each position
    gradients = saliency(level, first, target=0)[0, :, start:end].sum(dim=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Convergence deltas", category=RuntimeWarning)
        shap, shuffled = deep_lift_shap(
            level,
            first,
            n_shuffles=options.shuffles,
            random_state=0,
            batch_size=1,
            return_references=True,
            additional_nonlinear_ops={OnTarget: integrated_gradients_op(K=32)},
        )
    change = predict(level, first)[0, 0] - predict(level, shuffled[0])[:, 0].mean()
    print(f"deep_lift_shap: {float(shap.sum()):.3f} of the {float(change):.3f} from shuffled")
    print(f"base  bp from the bin in {tracks[0]}  largest effect  saliency  deep_lift_shap")
    shap = shap[0, :, start:end].sum(dim=0)
    for row in effect.abs().amax(dim=0).topk(min(10, end - start)).indices.tolist():
        largest = float(effect[effect[:, row].abs().argmax(), row])
        base, beside = "ACGTN"[int(codes[0][start + row])], start + row - place
        values = f"{largest:14.3f}  {float(gradients[row]):8.3f}  {float(shap[row]):14.3f}"
        print(f"{base:4}  {beside:{19 + len(tracks[0])}d}  {values}")


if __name__ == "__main__":
    main()
