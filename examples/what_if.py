"""Plan the nation, change one price, and see what moves; then read the run's tables and arrays.

Coarse cells and six minutes keep it quick: about 550 cells of 1,770 km2. The second run takes what did not
change from the cache. ``rabta run pakistan`` is the real one.
"""

from pathlib import Path

import rabta

quick = {"nation": {"resolution": 4}, "time": {"hours": 0.1}}
dear = {"costs": {"leo_service_usd_month": 70.0}}
base = rabta.load("tiny", **quick).run(Path("runs"), cache=Path("cache"))
what_if = rabta.load("tiny", **quick, plan=dear).run(Path("runs"), cache=Path("cache"))

before, after = (run.tables["plan_mix"].set_index("technology")["households"] for run in (base, what_if))
print("households by technology when the low-orbit service costs US$ 35, and US$ 70, a month")
for name in before.index:
    print(f"  {name:<18}{before[name]:12,.0f}{after.get(name, 0.0):12,.0f}")

computed = [item["title"] for item in what_if.provenance["stages"] if not item["cached"]]
print("computed anew:", ", ".join(computed))

arrays = what_if.arrays  # xarray: read when asked for, units in the attributes
rate = arrays["link_rate_mbps"]
worst = rate.quantile(0.05, "time").median("cell")
print(f"{rate.attrs['long_name']}:\n  {float(worst):.0f} {rate.attrs['units']} in the cells' median")
figures = what_if.tables["plan_summary"].set_index("key")["value"]
gap = figures["objective_usd"] / figures["bound_usd"] - 1.0
print(f"the plan costs at most {gap:.2%} more than the cheapest one; page: {what_if.report}")

assert after["leo_terminal"] < before["leo_terminal"], "who gets dearer is used less"
assert set(computed) == {"National plan", "Districts"}, "the sky did not change"
assert figures["bound_usd"] <= figures["objective_usd"], "no answer is below its bound"
assert what_if.report.is_file()
