"""Microsoft Entra: gives its addresses, and issues tokens to the one service principal that it knows."""

import base64
import json
import time
from dataclasses import dataclass
from urllib.parse import parse_qs

from .message import Answer, Request, json_answer

HOST = "login.microsoftonline.com"


@dataclass(frozen=True)
class ServicePrincipal:
    """The service principal that may sign in. All values are invented."""

    tenant: str = "11111111-aaaa-4aaa-8aaa-111111111111"
    client: str = "22222222-bbbb-4bbb-8bbb-222222222222"
    secret: str = "a-made-up-secret-that-opens-nothing"


def answer(request: Request, principal: ServicePrincipal) -> Answer | None:
    """Answer a request for Entra; None for requests that a service principal never sends."""
    if request.path == "/common/discovery/instance":
        return json_answer(_instances())
    tenant, _, rest = request.path.strip("/").partition("/")
    if tenant != principal.tenant:
        return _refusal(
            400,
            "invalid_request",
            90002,
            f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID",
        )
    if rest == "v2.0/.well-known/openid-configuration":
        return json_answer(_configuration(tenant))
    if rest == "oauth2/v2.0/token" and request.method == "POST":
        return _token({name: values[0] for name, values in parse_qs(request.body.decode()).items()}, principal)
    return None


def _token(form: dict[str, str], principal: ServicePrincipal) -> Answer:
    if form.get("client_id") != principal.client:
        message = f"Application with identifier '{form.get('client_id')}' was not found in the directory"
        return _refusal(400, "unauthorized_client", 700016, message)
    if form.get("client_secret") != principal.secret:
        return _refusal(401, "invalid_client", 7000215, "Invalid client secret provided.")
    audience = form["scope"].split()[0].removesuffix(".default").removesuffix("/")
    content = {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599}
    return json_answer({**content, "access_token": token(audience, principal)})


def token(audience: str, principal: ServicePrincipal) -> str:
    """Return a token that clients can decode, valid for an hour."""
    now = int(time.time())
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{principal.tenant}/",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "appid": principal.client,
        "oid": "33333333-cccc-4ccc-8ccc-333333333333",
        "tid": principal.tenant,
    }
    return _jwt(claims)


def expired_secret() -> Answer:
    """Return Entra's answer to an expired secret."""
    return _refusal(401, "invalid_client", 7000222, "The provided client secret keys for app are expired.")


def _refusal(status: int, error: str, code: int, message: str) -> Answer:
    return json_answer({"error": error, "error_description": f"AADSTS{code}: {message}", "error_codes": [code]}, status)


def _jwt(claims: dict[str, object]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join([*(_base64(json.dumps(part).encode()) for part in parts), _base64(b"signed by nobody")])


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _instances() -> dict[str, object]:
    names = {"preferred_network": HOST, "preferred_cache": "login.windows.net", "aliases": [HOST, "login.windows.net"]}
    return {
        "tenant_discovery_endpoint": f"https://{HOST}/common/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [names],
    }


def _configuration(tenant: str) -> dict[str, object]:
    return {
        "issuer": f"https://{HOST}/{tenant}/v2.0",
        "authorization_endpoint": f"https://{HOST}/{tenant}/oauth2/v2.0/authorize",
        "token_endpoint": f"https://{HOST}/{tenant}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"https://{HOST}/{tenant}/oauth2/v2.0/devicecode",
        "jwks_uri": f"https://{HOST}/{tenant}/discovery/v2.0/keys",
        "response_types_supported": ["code", "token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": "WW",
    }
