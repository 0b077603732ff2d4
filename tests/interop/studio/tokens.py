"""Regenerating a token: S-013. Apart from the others, for it changes the workspace they use."""

import os
import subprocess

from azureml.errors import AzureMLUnauthorizedError
from rows import main, raises, row
from support import SECONDARY_TOKEN, TOKEN, workspace


@row("S-013")
def regenerating_revokes_the_primary_token():
    old = workspace()
    dataset = old.datasets[0]
    regenerate = os.environ["AZML_STUDIO_REGENERATE_CMD"]
    done = subprocess.run(regenerate, shell=True, check=True, stdout=subprocess.PIPE, text=True)
    token = done.stdout.strip()
    assert token and token not in (TOKEN, SECONDARY_TOKEN) and "\n" not in token, "one new token"
    raises(AzureMLUnauthorizedError, lambda: list(old.datasets))
    names = [d.name for d in workspace(token=token).datasets]
    assert names == [d.name for d in workspace(token=SECONDARY_TOKEN).datasets]
    # Signed addresses that were handed out before keep working.
    assert len(dataset.read_as_binary()) == dataset.size


main()
