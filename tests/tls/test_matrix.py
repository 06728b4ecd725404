"""Every cell of the matrix, by the command's own way from manifests to rows."""

import pytest

from meshguard.tls.verdict import CALLER, received
from tests.tls.given import rows
from tests.tls.matrix import CLIENTS, PORTS, SERVERS, TRAFFIC, Cell, cells, documents

CELLS = tuple(cells())


def test_the_matrix_has_462_cells() -> None:
    assert len(CELLS) == 462
    assert len({cell[:3] for cell in CELLS}) == 462


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("server", SERVERS)
def test_cell(server: str, client: str) -> None:
    judged = {row.port.number: row for row in rows(documents(server, client, "shop"))}
    found = []
    for traffic, (port, speaks_tls) in TRAFFIC.items():
        row = judged[PORTS[port]]
        layers = row.sent.layers if speaks_tls else tuple(layer for layer in row.sent.layers if layer != CALLER)
        accepted = row.server.accepted
        assert accepted is not None
        reception = received(accepted.mode, row.server.listener, layers[0] if layers else None)
        if layers == row.sent.layers:
            assert row.verdict.reception == reception
        found.append(Cell(server, client, traffic, layers, reception))
    assert found == [cell for cell in CELLS if (cell.server, cell.client) == (server, client)]
