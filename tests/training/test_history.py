import pytest

from attendome.errors import RunError
from attendome.training.history import best_epoch, read_history

HEAD = "epoch,train_loss,valid_loss,valid_auroc\n"


def test_the_first_of_equally_good_epochs_is_the_best(tmp_path):
    (tmp_path / "history.csv").write_text(HEAD + "1,.7,.7,.5\n2,.6,.6,.9\n3,.5,.6,.9\n")
    assert best_epoch(read_history(tmp_path)) == 2


def test_without_training_there_is_none(tmp_path):
    assert read_history(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        HEAD,
        "a,b\n1,2\n",
        HEAD + "1,x,.7,.5\n",
        HEAD + "2,.7,.7,.5\n",
        HEAD + ",.7,.7,.5\n",
        "\0",
    ],
)
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "history.csv").write_text(content)
    with pytest.raises(RunError, match=r"history\.csv: damaged"):
        read_history(tmp_path)
