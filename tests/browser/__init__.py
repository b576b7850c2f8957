"""The pages as people have them: in a real browser, with a real exporter behind them."""
