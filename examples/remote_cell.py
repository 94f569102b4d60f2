"""What it costs to serve one remote place by each technology, over ten years.

300 households in the hills, 120 km of road from the nearest fibre, a third of them on the grid.
"""

import numpy as np

from rabta.plan import candidates, finance
from rabta.plan.costs import prices as read_prices
from rabta.scenario import TECHNOLOGIES

YEARS, DISCOUNT, HOUSEHOLDS = 10, 0.08, 300.0
prices = read_prices("pakistan")
one = np.ones(1)
place = candidates.Places(
    households=HOUSEHOLDS * one,
    load_mbps=10.0 / prices["contention"] * one,  # 10 Mbit/s in use, twenty households share
    urban_share=0.0 * one,
    grid_share=one / 3.0,
    rough_m=250.0 * one,
    backbone_km=120.0 * one,
    sites={"fibre_fwa": one, "microwave_macro": one, "satellite_cell": one},
    sites_today=0.0 * one,  # no tower stands there
)
bill = candidates.costs(TECHNOLOGIES, place, prices, DISCOUNT, YEARS)
total = (bill.fixed_npc + bill.unit_npc * HOUSEHOLDS)[0]
path = candidates.plan_routes(np.array([35.0]), np.array([73.0]), place.backbone_km, prices["fibre_detour"])
cable = candidates.route_costs(path, place.rough_m, prices, DISCOUNT, YEARS)
total[TECHNOLOGIES.index("fibre_fwa")] += cable.npc[0]
total[TECHNOLOGIES.index("haps")] += float(candidates.station_cost(prices, DISCOUNT, YEARS).npc)

print(f"{'technology':<18}{'investment':>12}{'ten years':>12}{'a household':>13}   (US$)")
for k in np.argsort(total):
    capex = (bill.fixed_capex + bill.unit_capex * HOUSEHOLDS)[0, k]
    print(f"{TECHNOLOGIES[k]:<18}{capex:12,.0f}{total[k]:12,.0f}{total[k] / HOUSEHOLDS:13,.0f}")
print("investment leaves out what cells share: the cable of fibre_fwa and the platform of haps")
print("cost alone: the plan also weighs what each gives, and direct_to_device is far below 10 Mbit/s")

# By hand: a terminal bought twice in ten years (it lasts five), and its fee with the levy.
twice = 1.0 + 1.08**-5
fee = prices["leo_service_usd_month"] * 12 * (1 + prices["levy_share"])
kit = prices["leo_terminal_usd"] + prices["install_usd"] + prices["terminal_solar_usd"] * 2 / 3
by_hand = HOUSEHOLDS * (kit * twice + fee * 6.7100814)
assert abs(finance.annuity(0.08, 10) - 6.7100814) < 1e-6, "annuity tables: 8 %, 10 years"
assert abs(total[TECHNOLOGIES.index("leo_terminal")] / by_hand - 1.0) < 1e-6
assert total[TECHNOLOGIES.index("haps")] > 1e7, "a platform for 300 households makes no sense alone"
