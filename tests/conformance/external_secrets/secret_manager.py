"""Google's Secret Manager over gRPC, as the operator asks it, of an emulator that knows REST alone.

A process of its own: ``python -m tests.conformance.external_secrets.secret_manager PORT EMULATOR CERTIFICATE KEY``.
Both sides are Google's own library: what the emulator says reaches the operator as it is, errors included.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud.secretmanager import (
    AccessSecretVersionRequest,
    AccessSecretVersionResponse,
    SecretManagerServiceClient,
)

from tests.support.google_account import TOKEN

_SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"


def main(port: str, emulator: str, certificate: str, key: str) -> None:
    """Serve on a port of 127.0.0.1 until killed."""
    behind = SecretManagerServiceClient(
        transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": emulator}
    )

    def access(
        request: AccessSecretVersionRequest, context: grpc.ServicerContext
    ) -> AccessSecretVersionResponse | None:
        # What the operator must have signed in for; the emulator lets in everybody.
        if ("authorization", f"Bearer {TOKEN}") not in context.invocation_metadata():
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "not signed in")
        try:
            return behind.access_secret_version(request=request, timeout=30)
        except GoogleAPICallError as error:
            context.abort(error.grpc_status_code, error.message)
        return None

    handler = grpc.unary_unary_rpc_method_handler(
        access, AccessSecretVersionRequest.deserialize, AccessSecretVersionResponse.serialize
    )
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(_SERVICE, {"AccessSecretVersion": handler})])
    pair = (Path(key).read_bytes(), Path(certificate).read_bytes())
    server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([pair]))
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
