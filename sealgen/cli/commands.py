"""The commands by name, each with the sentence that ``sealgen --help`` shows for it."""

from __future__ import annotations

# One file a command; the sentences stand here so that --help imports none of them.
COMMANDS = {
    "seal": "Bring the sealed manifests of environments up to date.",
    "plan": "Show what seal would do, and why.",
    "check": "Prove what can be proven without any plaintext.",
    "render": "Print the Secrets of a plain environment.",
    "cert": "Look at the controller's certificate.",
    "schema": "Print the JSON Schema of an environment file.",
    "completion": "Print the completion script of a shell.",
}
