"""Signing in with every kind of client: T1 to T9."""

import json
import urllib.request

import adal
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from support import ARM, CLIENT_ID, CLIENT_SECRET, PASSWORD, TENANT, USERNAME, identity, user

from msrest.exceptions import AuthenticationError

from rows import equal, main, row

RESOURCE = "https://management.core.windows.net/"
XPLAT = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


def claims(token):
    import base64

    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@row("T1")
def client_secret():
    context = adal.AuthenticationContext(f"{ARM}/{TENANT}")
    old = context.acquire_token_with_client_credentials(RESOURCE, CLIENT_ID, CLIENT_SECRET)
    first = claims(old["accessToken"])
    equal((first["aud"], first["tid"], first["appid"]), (RESOURCE, TENANT, CLIENT_ID))
    new = identity().get_token("https://datalake.azure.net//.default")
    second = claims(new.token)
    equal((second["aud"], second["azp"]), ("https://datalake.azure.net/", CLIENT_ID))


@row("T3", "T20")
def refusals():
    def refused(tenant, client, secret, code):
        credential = ClientSecretCredential(
            tenant, client, secret, authority=ARM, disable_instance_discovery=True
        )
        try:
            credential.get_token("https://management.azure.com/.default")
        except ClientAuthenticationError as error:
            assert f"AADSTS{code}" in str(error), error
        else:
            raise AssertionError("nothing was raised")

    refused(TENANT, CLIENT_ID, "wrong", 7000215)
    refused(TENANT, XPLAT[:-1] + "0", CLIENT_SECRET, 700016)


@row("T4")
def user_and_refresh():
    context = adal.AuthenticationContext(f"{ARM}/{TENANT}")
    token = context.acquire_token_with_username_password(RESOURCE, USERNAME, PASSWORD, XPLAT)
    equal(token["userId"], USERNAME)
    other = context.acquire_token_with_refresh_token(
        token["refreshToken"], XPLAT, "https://datalake.azure.net/"
    )
    equal(claims(other["accessToken"])["aud"], "https://datalake.azure.net/")


@row("T5")
def wrong_password():
    try:
        user("wrong")
    except AuthenticationError as error:
        assert "AADSTS50126" in str(error), error
    else:
        raise AssertionError("nothing was raised")


@row("T8")
def signatures():
    import jwt

    def document(url):
        with urllib.request.urlopen(url) as answer:
            return json.load(answer)

    configuration = document(f"{ARM}/{TENANT}/v2.0/.well-known/openid-configuration")
    assert configuration["token_endpoint"].startswith(f"{ARM}/{TENANT}/")
    (key,) = document(configuration["jwks_uri"])["keys"]
    token = identity().get_token("https://management.azure.com/.default").token
    equal(jwt.get_unverified_header(token)["kid"], key["kid"])
    decoded = jwt.decode(
        token, jwt.PyJWK(key).key, algorithms=["RS256"], audience="https://management.azure.com"
    )
    equal(decoded["iss"], configuration["issuer"])


if __name__ == "__main__":
    main()
