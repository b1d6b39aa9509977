"""The commands by name, each with the sentence that ``sealgen --help`` shows for it."""

from __future__ import annotations

# One file a command; the sentences stand here so that --help imports none of them.
COMMANDS = {
    "seal": "Bring the sealed manifests of environments up to date.",
    "rotate": "Make the next version of values, and seal again all that depends on them.",
    "due": "Show which values are due for rotation, and when the others will be.",
    "push": "Put values into the stores that others read.",
    "migrate": "Move an environment to another backend: sealed, External Secrets or plain.",
    "plan": "Show what seal would do, and why.",
    "check": "Prove what can be proven without any plaintext.",
    "diff": "Tell what a sealed diff means, for review.",
    "scan": "Look for the values themselves where they must not be.",
    "matrix": "Print the environments that a change touches.",
    "render": "Print the Secrets of a plain environment.",
    "verify": "Ask the cluster's controller whether it can open what is sealed.",
    "reencrypt": "Have the controller seal with its newest key what is under an older one.",
    "status": "Show how the overlay is in the cluster.",
    "cert": "Look at the controller's certificate, and take a new one.",
    "values": "Edit, set and list the values of a file that age encrypted.",
    "unseal": "Recover Secrets from SealedSecrets with the controller's private keys.",
    "git-setup": "Have Git show and merge sealed manifests in sealgen's way.",
    "textconv": "Print a sealed manifest for 'git diff', which runs it.",
    "merge": "Merge locks and sealed manifests for Git, which runs it.",
    "kubeseal": "Do what kubeseal does, with its flags, outside of any project.",
    "schema": "Print the JSON Schema of an environment file.",
    "completion": "Print the completion script of a shell.",
}
