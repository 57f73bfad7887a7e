"""S9."""
def render_backtest(report: dict) -> str:
    raise RuntimeError
