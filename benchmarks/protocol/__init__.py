"""What the benchmarks share: `inputs` (panel and recipe), `trial` (one backtest), `peers`, `meter`, `report`."""
