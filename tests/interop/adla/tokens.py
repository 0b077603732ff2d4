"""Signing in with every kind of client: T1 to T9, T17."""

import datetime
import json
import os
import threading
import urllib.error
import urllib.parse
import urllib.request

import adal
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    DeviceCodeCredential,
    ManagedIdentityCredential,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
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


def decide(user_code, **fields):
    """What a person does on the page; the status of its answer."""
    fields = {"user_code": user_code, "username": USERNAME, "password": PASSWORD, **fields}
    body = urllib.parse.urlencode(fields).encode()
    try:
        with urllib.request.urlopen(f"{ARM}/devicelogin", body) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@row("T6")
def device_codes():
    context = adal.AuthenticationContext(f"{ARM}/{TENANT}")
    code = context.acquire_user_code(RESOURCE, XPLAT)
    assert code["verification_url"].endswith("/devicelogin"), code
    equal(decide(code["user_code"], password="wrong"), 401)
    equal(decide("NOSUCHCDE"), 404)
    confirmed = threading.Timer(0.3, decide, [code["user_code"]])
    confirmed.start()
    token = context.acquire_token_with_device_code(RESOURCE, code, XPLAT)
    confirmed.join()
    equal((token["userId"], claims(token["accessToken"])["aud"]), (USERNAME, RESOURCE))
    declined = context.acquire_user_code(RESOURCE, XPLAT)
    equal(decide(declined["user_code"], decision="decline"), 200)
    try:
        context.acquire_token_with_device_code(RESOURCE, declined, XPLAT)
    except adal.AdalError as error:
        assert "authorization_declined" in str(error), error
    else:
        raise AssertionError("nothing was raised")


@row("T6 azure-identity", "T9 device code")
def device_codes_of_azure_identity():
    def prompt(_, user_code, expires_on):
        threading.Timer(0.3, decide, [user_code]).start()

    credential = DeviceCodeCredential(
        tenant_id=TENANT, authority=ARM, disable_instance_discovery=True, prompt_callback=prompt
    )
    token = credential.get_token("https://datalake.azure.net//.default")
    equal(claims(token.token)["upn"], USERNAME)


@row("T7", "T9 certificate")
def certificates():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rows")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)

    def credential():
        return CertificateCredential(
            TENANT,
            CLIENT_ID,
            certificate_data=private + public,
            authority=ARM,
            disable_instance_discovery=True,
        )

    try:
        credential().get_token("https://management.azure.com/.default")
    except ClientAuthenticationError as error:
        assert "AADSTS700027" in str(error), error
    else:
        raise AssertionError("nothing was raised")
    request = urllib.request.Request(
        f"{ARM}/{TENANT}/_emulator/applications/{CLIENT_ID}/certificates",
        public,
        {"Authorization": f"Bearer {os.environ['AZML_TOKEN']}"},
    )
    with urllib.request.urlopen(request) as answer:
        equal(answer.status, 201)
    token = credential().get_token("https://management.azure.com/.default")
    equal(claims(token.token)["azpacr"], "2")
    context = adal.AuthenticationContext(f"{ARM}/{TENANT}")
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex(":")
    token = context.acquire_token_with_client_certificate(
        RESOURCE, CLIENT_ID, private.decode(), thumbprint
    )
    equal(claims(token["accessToken"])["appid"], CLIENT_ID)


@row("T17")
def managed_identity():
    os.environ["IDENTITY_ENDPOINT"] = f"{ARM}/msi/token"
    os.environ["IDENTITY_HEADER"] = "azml-emulator-identity-header"
    token = ManagedIdentityCredential().get_token("https://management.azure.com/.default")
    equal(claims(token.token)["idtyp"], "app")
    os.environ["IDENTITY_HEADER"] = "wrong"
    try:
        ManagedIdentityCredential().get_token("https://management.azure.com/.default")
    except ClientAuthenticationError:
        pass
    else:
        raise AssertionError("nothing was raised")
    del os.environ["IDENTITY_ENDPOINT"], os.environ["IDENTITY_HEADER"]
    os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = ARM
    token = ManagedIdentityCredential().get_token("https://datalake.azure.net//.default")
    equal(claims(token.token)["aud"], "https://datalake.azure.net/")


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
