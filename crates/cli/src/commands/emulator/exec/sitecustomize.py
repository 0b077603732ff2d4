"""Lets Python programs reach the azml emulator.

`azml emulator exec` puts this on PYTHONPATH. It changes two things and no others: names
below `.localhost` are this machine, as RFC 6761 has it and many resolvers do not, and
ADAL and MSAL take the emulator's authority for a known one. A sitecustomize that this one hides
runs as ever.
"""

import os
import sys


def _resolve_localhost():
    import socket

    def is_local(host):
        if isinstance(host, bytes):
            host = host.decode("ascii", "replace")
        return isinstance(host, type(u"")) and host.rstrip(".").lower().endswith(".localhost")

    def by_name(function):
        def resolve(host, *args, **kwargs):
            return function("127.0.0.1" if is_local(host) else host, *args, **kwargs)

        return resolve

    def by_family(function):
        def resolve(host, port, family=0, *args, **kwargs):
            if is_local(host):
                host = "::1" if family == getattr(socket, "AF_INET6", None) else "127.0.0.1"
            return function(host, port, family, *args, **kwargs)

        return resolve

    socket.getaddrinfo = by_family(socket.getaddrinfo)
    socket.gethostbyname = by_name(socket.gethostbyname)
    socket.gethostbyname_ex = by_name(socket.gethostbyname_ex)


def _trust_authority(constants):
    from urllib.parse import urlparse

    host = urlparse(os.environ.get("AZML_AAD_ENDPOINT", "")).hostname
    known = constants.AADConstants.WELL_KNOWN_AUTHORITY_HOSTS
    if host and host not in known:
        known.append(host)


def _discover_at_authority(module):
    from urllib.parse import urlparse

    base = os.environ.get("AZML_AAD_ENDPOINT", "").rstrip("/")
    elsewhere = module._get_instance_discovery_endpoint

    def endpoint(instance):
        if base and instance == urlparse(base).hostname:
            return base + "/common/discovery/instance"
        return elsewhere(instance)

    module._get_instance_discovery_endpoint = endpoint


class _AfterImport(object):
    """Calls a function with a module once that has been imported."""

    hooks = {
        "adal.constants": _trust_authority,
        "msal.authority": _discover_at_authority,
    }

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        hook = cls.hooks.get(name)
        if hook is None:
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                hook(module)

            spec.loader.exec_module = exec_module
        return spec


def _chain():
    """Runs the sitecustomize that would have run without this one."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.realpath(__file__))
    path = [entry for entry in sys.path if os.path.realpath(entry or os.curdir) != here]
    spec = PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_resolve_localhost()
if sys.version_info >= (3, 5):
    sys.meta_path.insert(0, _AfterImport)
    _chain()
