import pytest

from attendome.errors import RunError
from attendome.training.history import best_epoch, read_history, score_of

HEAD = "epoch,train_loss,valid_loss,valid_auroc\n"
OF_EXPRESSION = HEAD.replace("auroc", "pearson")


def test_the_first_of_equally_good_epochs_is_the_best(tmp_path):
    (tmp_path / "history.csv").write_text(HEAD + "1,.7,.7,.5\n2,.6,.6,.9\n3,.5,.6,.9\n")
    assert best_epoch(read_history(tmp_path)) == 2


@pytest.mark.parametrize("head", [HEAD, OF_EXPRESSION])
def test_the_score_is_that_of_the_target(tmp_path, head):
    (tmp_path / "history.csv").write_text(head + "1,.7,.7,-.5\n2,.6,.6,.9\n3,.5,.6,.8\n")
    history = read_history(tmp_path)
    assert score_of(history) == head.strip().split(",")[-1]
    assert history[score_of(history)].tolist() == [-0.5, 0.9, 0.8]
    assert best_epoch(history) == 2


def test_without_training_there_is_none(tmp_path):
    assert read_history(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        HEAD,
        "a,b\n1,2\n",
        HEAD + "1,x,.7,.5\n",
        HEAD.replace("auroc", "r") + "1,.7,.7,.5\n",
        HEAD + "2,.7,.7,.5\n",
        HEAD + ",.7,.7,.5\n",
        "\0",
    ],
)
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "history.csv").write_text(content)
    with pytest.raises(RunError, match=r"history\.csv: damaged"):
        read_history(tmp_path)
