"""One half of an exchange with another client through a datastore: `upload DATASTORE DIRECTORY`
or `download DATASTORE DIRECTORY`, with azureml-core."""

import os
import sys

from azureml.core import Datastore, Workspace
from azureml.core.authentication import ServicePrincipalAuthentication

action, name, directory = sys.argv[1:]
workspace = Workspace.get(
    name=os.environ["AZML_WORKSPACE"],
    auth=ServicePrincipalAuthentication(
        tenant_id=os.environ["AZML_TENANT_ID"],
        service_principal_id=os.environ["AZML_CLIENT_ID"],
        service_principal_password=os.environ["AZML_CLIENT_SECRET"],
    ),
    subscription_id=os.environ["AZML_SUBSCRIPTION_ID"],
    resource_group=os.environ["AZML_RESOURCE_GROUP"],
)
datastore = Datastore.get(workspace, name)
if action == "upload":
    datastore.upload(directory, target_path="python", show_progress=False)
else:
    datastore.download(directory, prefix="rust/", show_progress=False)
