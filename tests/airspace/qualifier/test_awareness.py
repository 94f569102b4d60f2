"""InterUSS's qualifier on zones: the documents that the rules make, and the geospatial map over them.

It needs Python 3.13 and an environment of its own, which RABTA_QUALIFIER_PYTHON names; see `conftest`.
"""

from __future__ import annotations

import json
import shutil

import pytest
from tests.airspace.conftest import free_port, stopped, wait
from tests.airspace.qualifier.conftest import qualified

from rabta.airspace.geozones import ed269, ed318
from rabta.airspace.geozones import rules as r
from rabta.scenario import Nation

pytestmark = pytest.mark.slow

DOCUMENTS = """
v1:
  test_run:
    resources:
      resource_declarations:
        old:
          resource_type: resources.eurocae.ed269.source_document.SourceDocument
          specification: {{url: 'file://{old}'}}
        new:
          resource_type: resources.eurocae.ed318.source_document.SourceDocument
          specification: {{url: 'file://{new}'}}
    action:
      test_suite:
        suite_type: suites.uspace.geo_awareness_cis
        resources: {{source_document_ed269: old, source_document_ed318: new}}
    execution: {{stop_fast: false}}
  artifacts: {{raw_report: {{}}}}
"""

MAP = """
v1:
  test_run:
    resources:
      resource_declarations:
        utm_auth: {{$ref: 'library/environment_localhost.yaml#/utm_auth'}}
        example: {{$ref: 'library/resources.yaml#/example_feature_check_table'}}
        provider:
          resource_type: resources.geospatial_info.GeospatialInfoProviderResource
          dependencies: {{auth_adapter: utm_auth}}
          specification:
            geospatial_info_provider:
              participant_id: uss1
              geospatial_map_v1_base_url: {address}/geospatial_map/v1
    action:
      test_scenario:
        scenario_type: scenarios.interuss.geospatial_map.GeospatialFeatureComprehension
        resources: {{geospatial_info_provider: provider, table: example}}
    execution: {{stop_fast: false}}
  artifacts: {{raw_report: {{}}}}
"""


def test_documents_of_the_rules(tree, tokens_at, shared, tmp_path):
    """Pakistan's zones, in both standards, under the suite of common information services."""
    to = tree / "interfaces/ed318/schema"  # a submodule of the qualifier's, not among its data files
    if not to.exists():
        shutil.copytree(shared / "validation/ed318/schema", to)
    made = r.zones(r.rules("pakistan"), Nation())
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    plain = json.loads(ed269.write(made))
    for one in plain["UASZoneList"]:
        del one["extendedProperties"]  # uas-standards 4.4.0 declares them Any, which its parser cannot make
    old.write_text(json.dumps(plain))
    new.write_text(ed318.write(made))
    text = DOCUMENTS.format(old=old, new=new)
    passed, failed = qualified(tree, "rabta_zones", text, tokens_at, tmp_path / "out")
    assert not failed
    assert len(passed) >= 4


def test_the_map(tree, tokens_at, authority, tmp_path):
    """The table that InterUSS ships as an example: first row blocked, second and third advised."""
    import subprocess
    import sys

    file = tmp_path / "ThisRegulator.json"
    file.write_text(json.dumps(zones()))
    port = free_port()
    command = [sys.executable, "-m", "rabta.cli.main", "airspace", "awareness", str(file), "--key",
               str(authority.file), "--port", str(port), "--audience", "127.0.0.1",
               "--rule-set", "Rules1"]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    with stopped(process):
        wait(f"{address}/healthy", process)
        passed, failed = qualified(
            tree, "rabta_map", MAP.format(address=address), tokens_at, tmp_path / "out"
        )
    assert not failed
    assert len(passed) >= 6


def zones():
    """Two zones at the table's place: what blocks and what advises."""
    party = {"name": [{"text": "A", "lang": "en"}], "purpose": "AUTHORIZATION"}
    layer = {"lower": 0, "lowerReference": "AGL", "upper": 120, "upperReference": "AGL", "uom": "m"}
    shape = {"type": "Point", "coordinates": [7.4774, 46.9749], "layer": layer,
             "extent": {"subType": "Circle", "radius": 1_000}}  # fmt: skip
    features = [{"type": "Feature", "geometry": shape,
                 "properties": {"identifier": f"CH{k}", "country": "CHE", "type": kind, "variant": "COMMON",
                                "zoneAuthority": [party]}}
                for k, kind in enumerate(("PROHIBITED", "CONDITIONAL"))]  # fmt: skip
    return {"type": "FeatureCollection", "metadata": {}, "features": features}
