"""A proxy that has asked who people are, and says so in a header; only from its own addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from fairlead_bridge.access.caller import Caller
from fairlead_bridge.access.groups import Groups
from fairlead_bridge.errors import BadSettings


class Proxy:
    """
    `addresses` are of the proxies, or their networks; the headers name the person and, separated by
    commas, the person's groups. Raises BadSettings for what is no address.
    """

    def __init__(
        self, addresses: Iterable[str], user_header: str, groups_header: str, groups: Groups
    ) -> None:
        try:
            self._networks = [ipaddress.ip_network(address) for address in addresses]
        except ValueError as error:
            raise BadSettings(f"FAIRLEAD_PROXY_ADDRESSES: {error}") from error
        if not self._networks:
            raise BadSettings(
                "FAIRLEAD_AUTH=proxy needs FAIRLEAD_PROXY_ADDRESSES: the addresses of the proxies, since "
                "anyone else could send the header too"
            )
        self._user = user_header.lower().encode("ascii")
        self._groups_header = groups_header.lower().encode("ascii")
        self._groups = groups

    def caller(self, headers: Mapping[bytes, str], peer: str) -> Caller | None:
        """The caller; None where the proxy did not send the request, or does not say who asks."""
        name = headers.get(self._user, "").strip()
        if not name or not self._trusts(peer):
            return None
        sent = headers.get(self._groups_header, "").split(",")
        return self._groups.caller(name, "proxy", [name], (group.strip() for group in sent))

    def _trusts(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)
