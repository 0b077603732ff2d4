"""What every script of this folder starts from: the emulator's names, and credentials made the way
the clients document it. Nothing here changes a client."""

import os

ARM = os.environ["AZML_ARM_ENDPOINT"]
TENANT = os.environ["AZML_TENANT_ID"]
SUBSCRIPTION = os.environ["AZML_SUBSCRIPTION_ID"]
CLIENT_ID = os.environ["AZML_CLIENT_ID"]
CLIENT_SECRET = os.environ["AZML_CLIENT_SECRET"]
USERNAME = os.environ["AZML_USERNAME"]
PASSWORD = os.environ["AZML_PASSWORD"]
ADLA_SUFFIX = os.environ["AZML_ADLA_SUFFIX"]
ADLS_SUFFIX = os.environ["AZML_ADLS_SUFFIX"]

SCRIPT = """
@a  =
    SELECT * FROM
        (VALUES
            ("Contoso", 1500.0),
            ("Woodgrove", 2700.0)
        ) AS
              D( customer, amount );
OUTPUT @a
    TO "/data.csv"
    USING Outputters.Csv();
"""


def cloud():
    """The emulator as a cloud of msrestazure, from the document that describes it."""
    from msrestazure.azure_cloud import get_cloud_from_metadata_endpoint

    return get_cloud_from_metadata_endpoint(ARM, "emulator")


def service_principal():
    from msrestazure.azure_active_directory import ServicePrincipalCredentials

    return ServicePrincipalCredentials(
        client_id=CLIENT_ID, secret=CLIENT_SECRET, tenant=TENANT, cloud_environment=cloud()
    )


def user(password=PASSWORD):
    from msrestazure.azure_active_directory import UserPassCredentials

    return UserPassCredentials(USERNAME, password, cloud_environment=cloud())


def identity():
    """A credential of azure-identity."""
    from azure.identity import ClientSecretCredential

    return ClientSecretCredential(
        TENANT, CLIENT_ID, CLIENT_SECRET, authority=ARM, disable_instance_discovery=True
    )
