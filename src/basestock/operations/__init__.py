"""From advice to orders: snapshot, finalize, price, rank, report, replay."""
