"""InterUSS's qualifier on network remote ID: discovery, a service provider and a display provider."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.airspace.conftest import instance, supplier
from tests.airspace.qualifier.conftest import mocked, qualified

pytestmark = pytest.mark.slow

SUITE = """
v1:
  test_run:
    resources:
      resource_declarations:
        utm_client_identity: {{$ref: 'library/resources.yaml#/utm_client_identity'}}
        id_generator: {{$ref: 'library/resources.yaml#/id_generator'}}
        kentland_flights_data: {{$ref: 'library/resources.yaml#/kentland_flights_data'}}
        kentland_service_area_volume: {{$ref: 'library/resources.yaml#/kentland_service_area_volume'}}
        kentland_service_area: {{$ref: 'library/resources.yaml#/kentland_service_area'}}
        kentland_planning_area_volume: {{$ref: 'library/resources.yaml#/kentland_planning_area_volume'}}
        kentland_planning_area: {{$ref: 'library/resources.yaml#/kentland_planning_area'}}
        au_problematically_big_area: {{$ref: 'library/resources.yaml#/au_problematically_big_area'}}
        evaluation: {{$ref: 'library/resources.yaml#/netrid_observation_evaluation_configuration'}}
        utm_auth: {{$ref: 'library/environment_localhost.yaml#/utm_auth'}}
        test_exclusions: {{$ref: 'library/resources.yaml#/test_exclusions'}}
        providers:
          resource_type: resources.netrid.NetRIDServiceProviders
          dependencies: {{auth_adapter: utm_auth}}
          specification:
            service_providers: [{{participant_id: uss1, injection_base_url: '{ours}/rid/injection'}}]
        observers:
          resource_type: resources.netrid.NetRIDObserversResource
          dependencies: {{auth_adapter: utm_auth}}
          specification:
            observers: [{{participant_id: uss1, observation_base_url: '{ours}/rid/observation'}}]
        mock:
          resource_type: resources.interuss.mock_uss.client.MockUSSResource
          dependencies: {{auth_adapter: utm_auth}}
          specification: {{participant_id: mock_uss, mock_uss_base_url: '{mock}'}}
        who:
          resource_type: resources.interuss.uss_identification.USSIdentificationResource
          specification: {{uss_identifiers: {{uss1: {{server_url_regexes: ['{ours}.*']}}}}}}
        both:
          resource_type: resources.astm.f3411.DSSInstancesResource
          dependencies: {{auth_adapter: utm_auth}}
          specification:
            dss_instances:
              - {{participant_id: uss1, rid_version: {version}, base_url: '{first}{path}'}}
              - {{participant_id: uss2, rid_version: {version}, base_url: '{second}{path}'}}
    action:
      test_suite:
        suite_type: suites.astm.netrid.{suite}
        resources:
          {{flights_data: kentland_flights_data, service_providers: providers, observers: observers,
           mock_uss_dp: mock, mock_uss_sp: mock, evaluation_configuration: evaluation, dss_instances: both,
           utm_client_identity: utm_client_identity, id_generator: id_generator,
           service_area: kentland_service_area, problematically_big_area: au_problematically_big_area,
           planning_area: kentland_planning_area, test_exclusions: test_exclusions, uss_identification: who}}
    execution: {{stop_fast: false}}
  artifacts: {{raw_report: {{}}}}
"""


EDITIONS = {"F3411-22a": ("f3411_22a", "/rid/v2"), "F3411-19": ("f3411_19", "")}


@pytest.fixture(scope="module")
def checks(tree, authority, tokens_at, tmp_path_factory):
    """Checks passed and failed of both editions, at the same time: most of either is waiting for flights."""
    with ThreadPoolExecutor(2) as pool:
        homes = [tmp_path_factory.mktemp("remoteid") for _ in EDITIONS]
        rest = (tree, authority, tokens_at)
        return dict(zip(EDITIONS, pool.map(lambda name, home: qualify(name, home, *rest), EDITIONS, homes),
                        strict=True))  # fmt: skip


def qualify(name, home, tree, authority, tokens_at):
    """The whole suite of an edition; InterUSS's own service is the other provider and display."""
    suite, path = EDITIONS[name]
    (home / "mock").mkdir()
    services, edition = "riddp,ridsp,versioning,interaction_logging", ("--remote-id", name)
    store = home / "airspace.sqlite"  # of its own: areas of one edition are no areas of the other's services
    with (
        instance(authority, store, "uss1") as (_, first),
        instance(authority, store, "uss2") as (_, second),
        supplier(authority, home / "one", first, tokens_at, "uss1", *edition) as (_, ours),
        mocked(
            tree, authority, (first, second), tokens_at, home / "mock", services, MOCK_USS_RID_VERSION=name
        ) as mock,
    ):
        text = SUITE.format(suite=suite, version=name, path=path, first=first, second=second, ours=ours,
                            mock=mock)  # fmt: skip
        return qualified(tree, f"rabta_{suite}", text, tokens_at, home / "out")


@pytest.mark.parametrize("name", EDITIONS)
def test_our_discovery_provider_and_display(checks, name):
    passed, failed = checks[name]
    assert not failed
    assert len(passed) >= 15_000  # 20,990 and 18,848 on 2026-11-24
