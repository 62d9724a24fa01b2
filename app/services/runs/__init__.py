"""Match runs: started in one transaction, solved share by share without any, recorded in one transaction."""

from app.services.runs.replay import replay as replay
from app.services.runs.start import RepairDraft as RepairDraft
from app.services.runs.start import RunDraft as RunDraft
from app.services.runs.start import start_match_run as start_match_run
from app.services.runs.start import start_repair_run as start_repair_run
from app.services.runs.supply import SupplyDemandRow as SupplyDemandRow
from app.services.runs.supply import supply_demand as supply_demand
from app.services.runs.work import run_here as run_here
